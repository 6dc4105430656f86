import Core
import GRDB
import Synchronization

/// SQLite's own file operations, of which the n-th fails: a layer over its virtual file system, after
/// SQLite's method of testing input and output.
///
/// The layer is the default one of the process for good, and lets everything pass but what a body does
/// below one directory: other tests use SQLite at the same time.
enum FailingSQLite {
  /// What SQLite asks of its file system, but for what cannot fail.
  enum Call: String {
    case open, delete, access, resolve, close, read, write, truncate, sync, size
    case lock, unlock, askForLock, mapMemory, lockMemory, unmapMemory

    /// What the layer below says of the call if the device fails.
    fileprivate var code: ResultCode {
      switch self {
      case .open: .SQLITE_CANTOPEN
      case .delete: .SQLITE_IOERR_DELETE
      case .access: .SQLITE_IOERR_ACCESS
      case .resolve: .SQLITE_CANTOPEN_FULLPATH
      case .close: .SQLITE_IOERR_CLOSE
      case .read: .SQLITE_IOERR_READ
      case .write: .SQLITE_IOERR_WRITE
      case .truncate: .SQLITE_IOERR_TRUNCATE
      case .sync: .SQLITE_IOERR_FSYNC
      case .size: .SQLITE_IOERR_FSTAT
      case .lock: .SQLITE_IOERR_LOCK
      case .unlock: .SQLITE_IOERR_UNLOCK
      case .askForLock: .SQLITE_IOERR_CHECKRESERVEDLOCK
      case .mapMemory, .unmapMemory: .SQLITE_IOERR_SHMMAP
      case .lockMemory: .SQLITE_IOERR_SHMLOCK
      }
    }
  }

  /// What goes wrong.
  enum Fault: CaseIterable {
    case device, noSpace
    /// The disk fills in the middle: half of the bytes are written.
    case shortWrite
    /// Another process is in the way, for a moment.
    case busy

    fileprivate func code(for call: Call) -> ResultCode? {
      switch (self, call) {
      case (.device, _): call.code
      case (.noSpace, .write), (.shortWrite, .write): .SQLITE_FULL
      case (.noSpace, .mapMemory): .SQLITE_IOERR_SHMSIZE
      case (.busy, .lock), (.busy, .lockMemory): .SQLITE_BUSY
      default: nil
      }
    }
  }

  private struct Armed {
    var fault: Fault
    var turn: Int
    var isLasting: Bool
    var directory: String
    /// The calls that the fault applies to, so far.
    var calls = 0
    var struck: (call: Call, path: String)?
  }

  private static let armed = Mutex<Armed?>(nil)

  /// Does something while one call fails, of those that the fault applies to, or all from it on.
  ///
  /// One at a time: tests that call this are serialized.
  ///
  /// - Parameters:
  ///   - turn: The number of the call, from 1.
  ///   - directory: What the fault is confined to.
  /// - Returns: What the body gave, and the first call that failed; `nil` if it was never reached.
  static func fail<Result>(
    _ fault: Fault, turn: Int, isLasting: Bool, below directory: Path, during body: () -> Result
  ) -> (Result, (call: Call, path: String)?) {
    precondition(SQLiteLayer.isRegistered, "SQLite takes no other file system")
    armed.withLock { armed in
      precondition(armed == nil, "two tests would share one fault")
      armed = Armed(fault: fault, turn: turn, isLasting: isLasting, directory: directory.text)
    }
    let result = body()
    let struck = armed.withLock { armed in
      defer { armed = nil }
      return armed?.struck
    }
    return (result, struck)
  }

  /// The fault that strikes a call, with its code; `nil` where it passes.
  static func strike(
    _ call: Call, _ path: UnsafePointer<CChar>?
  ) -> (fault: Fault, code: Int32)? {
    guard let path = path.map({ String(cString: $0) }) else { return nil }
    return armed.withLock { armed in
      guard let fault = armed?.fault, let code = fault.code(for: call) else { return nil }
      guard path.hasPrefix(armed!.directory) else { return nil }
      armed!.calls += 1
      guard armed!.calls == armed!.turn || armed!.isLasting && armed!.calls > armed!.turn
      else { return nil }
      if armed!.struck == nil { armed!.struck = (call, path) }
      return (fault, code.rawValue)
    }
  }
}
