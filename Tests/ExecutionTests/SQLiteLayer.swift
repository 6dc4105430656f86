import GRDBSQLite
import Glibc

/// A layer over the files of SQLite that asks `FailingSQLite` before each call.
enum SQLiteLayer {
  /// Makes it the default file system of SQLite, at its first use and for the rest of the process.
  static let isRegistered: Bool = {
    let system = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    // Time, randomness and what else it offers stay as they are.
    system.initialize(to: unix.pointee)
    system.pointee.pNext = nil
    system.pointee.zName = UnsafePointer(strdup("failing"))
    system.pointee.szOsFile += Int32(MemoryLayout<LayeredFile>.stride)
    system.pointee.xOpen = { _, path, file, flags, given in
      let file = file!
      LayeredFile.of(file).initialize(to: LayeredFile(path: path))
      if let struck = FailingSQLite.strike(.open, path) { return struck.code }
      let lower = LayeredFile.below(file)
      let code = unix.pointee.xOpen(unix, path, lower, flags, given)
      // A file without methods is never closed.
      if lower.pointee.pMethods != nil { file.pointee.pMethods = methods }
      return code
    }
    system.pointee.xDelete = { _, path, syncsDirectory in
      FailingSQLite.strike(.delete, path)?.code
        ?? unix.pointee.xDelete(unix, path, syncsDirectory)
    }
    system.pointee.xAccess = { _, path, flags, answer in
      FailingSQLite.strike(.access, path)?.code
        ?? unix.pointee.xAccess(unix, path, flags, answer)
    }
    system.pointee.xFullPathname = { _, path, count, whole in
      FailingSQLite.strike(.resolve, path)?.code
        ?? unix.pointee.xFullPathname(unix, path, count, whole)
    }
    return sqlite3_vfs_register(system, 1) == SQLITE_OK
  }()

  /// What SQLite has by default; looked up before the layer takes its place.
  private nonisolated(unsafe) static let unix: UnsafeMutablePointer<sqlite3_vfs> =
    sqlite3_vfs_find(nil)

  /// SQLite keeps a pointer to the table; nobody writes to it any more.
  private nonisolated(unsafe) static let methods: UnsafePointer<sqlite3_io_methods> = {
    let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
    table.initialize(to: fileMethods)
    return UnsafePointer(table)
  }()

  private static var fileMethods: sqlite3_io_methods {
    var table = sqlite3_io_methods()
    // The second version has shared memory; the third would map the file itself, which we never ask for.
    table.iVersion = 2
    table.xClose = { pass(.close, $0, ends: true) { $0.xClose($1) } }
    table.xRead = { file, bytes, count, offset in
      pass(.read, file) { $0.xRead($1, bytes, count, offset) }
    }
    table.xWrite = { file, bytes, count, offset in
      let lower = LayeredFile.below(file!)
      let write = lower.pointee.pMethods.pointee.xWrite!
      guard let struck = FailingSQLite.strike(.write, LayeredFile.of(file!).pointee.path) else {
        return write(lower, bytes, count, offset)
      }
      if struck.fault == .shortWrite { _ = write(lower, bytes, count / 2, offset) }
      return struck.code
    }
    table.xTruncate = { file, size in pass(.truncate, file) { $0.xTruncate($1, size) } }
    table.xSync = { file, flags in pass(.sync, file) { $0.xSync($1, flags) } }
    table.xFileSize = { file, size in pass(.size, file) { $0.xFileSize($1, size) } }
    table.xLock = { file, level in pass(.lock, file) { $0.xLock($1, level) } }
    table.xUnlock = { file, level in pass(.unlock, file, ends: true) { $0.xUnlock($1, level) } }
    table.xCheckReservedLock = { file, answer in
      pass(.askForLock, file) { $0.xCheckReservedLock($1, answer) }
    }
    table.xShmMap = { file, page, size, extends, memory in
      pass(.mapMemory, file) { $0.xShmMap($1, page, size, extends, memory) }
    }
    table.xShmLock = { file, first, count, flags in
      pass(.lockMemory, file, ends: flags & SQLITE_SHM_UNLOCK != 0) {
        $0.xShmLock($1, first, count, flags)
      }
    }
    table.xShmUnmap = { file, deletes in
      pass(.unmapMemory, file, ends: true) { $0.xShmUnmap($1, deletes) }
    }
    table.xShmBarrier = { file in
      let lower = LayeredFile.below(file!)
      lower.pointee.pMethods.pointee.xShmBarrier(lower)
    }
    // What remains gives hints and facts, and no failure.
    table.xFileControl = { file, operation, argument in
      let lower = LayeredFile.below(file!)
      return lower.pointee.pMethods.pointee.xFileControl(lower, operation, argument)
    }
    table.xSectorSize = { file in
      let lower = LayeredFile.below(file!)
      return lower.pointee.pMethods.pointee.xSectorSize(lower)
    }
    table.xDeviceCharacteristics = { file in
      let lower = LayeredFile.below(file!)
      return lower.pointee.pMethods.pointee.xDeviceCharacteristics(lower)
    }
    return table
  }
}

/// The file of the layer; that of the layer below follows it in the same allocation.
private struct LayeredFile {
  var base = sqlite3_file()
  /// As SQLite gave it; it keeps the text until the file is closed.
  var path: UnsafePointer<CChar>?

  typealias Pointer = UnsafeMutablePointer<sqlite3_file>

  static func of(_ file: Pointer) -> UnsafeMutablePointer<LayeredFile> {
    UnsafeMutableRawPointer(file).assumingMemoryBound(to: LayeredFile.self)
  }

  static func below(_ file: Pointer) -> Pointer {
    (UnsafeMutableRawPointer(file) + MemoryLayout<LayeredFile>.stride)
      .assumingMemoryBound(to: sqlite3_file.self)
  }
}

/// Passes a call on to the layer below, unless a fault strikes it.
///
/// - Parameter ends: Whether it lets go of something: it is done, and then said to have failed.
private func pass(
  _ call: FailingSQLite.Call, _ file: LayeredFile.Pointer?, ends: Bool = false,
  _ body: (sqlite3_io_methods, LayeredFile.Pointer) -> Int32
) -> Int32 {
  let lower = LayeredFile.below(file!)
  let methods = lower.pointee.pMethods.pointee
  guard let struck = FailingSQLite.strike(call, LayeredFile.of(file!).pointee.path) else {
    return body(methods, lower)
  }
  if ends { _ = body(methods, lower) }
  return struck.code
}
