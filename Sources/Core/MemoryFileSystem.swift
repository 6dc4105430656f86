private import Synchronization

/// A file system in memory, for tests: no disk, and a clock that ticks once for every change.
public final class MemoryFileSystem: FileSystem {
  private struct State {
    var files: [Path: (bytes: [UInt8], status: FileStatus)] = [:]
    var directories: Set<Path> = ["/"]
    var ticks: Int64 = 0
  }

  private let state = Mutex(State())

  public init() {}

  public func status(of path: Path) throws(FileError) -> FileStatus? {
    state.withLock { state in
      let path = path.normalized
      if let file = state.files[path] { return file.status }
      return state.directories.contains(path) ? FileStatus(kind: .directory, size: 0) : nil
    }
  }

  public func read(_ path: Path) throws(FileError) -> [UInt8] {
    guard let file = state.withLock({ $0.files[path.normalized] }) else {
      throw absent("read", path)
    }
    return file.bytes
  }

  public func forEachChunk(
    of path: Path, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(FileError) {
    try read(path).withUnsafeBytes { body($0) }
  }

  public func list(_ directory: Path) throws(FileError) -> [String] {
    let directory = directory.normalized
    let names: [String]? = state.withLock { state in
      guard state.directories.contains(directory) else { return nil }
      let below = directory.text == "/" ? "/" : directory.text + "/"
      return (Array(state.files.keys) + Array(state.directories))
        .filter { $0.text.hasPrefix(below) && $0 != directory && $0.parent == directory }
        .map(\.name)
    }
    guard let names else { throw absent("list", directory) }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  public func createDirectory(_ path: Path) throws(FileError) {
    let isFree = state.withLock { state in
      var chain = [path.normalized]
      while let last = chain.last, last != last.parent { chain.append(last.parent) }
      guard chain.allSatisfy({ state.files[$0] == nil }) else { return false }
      state.directories.formUnion(chain)
      return true
    }
    if !isFree { throw inTheWay("make the directory", path) }
  }

  public func write(_ bytes: [UInt8], to path: Path, readOnly: Bool) throws(FileError) {
    let path = path.normalized
    try place("write", at: path) { state in
      state.ticks += 1
      return (
        bytes,
        FileStatus(
          kind: .file, size: Int64(bytes.count), modified: state.ticks, changed: state.ticks,
          inode: UInt64(state.ticks))
      )
    }
  }

  public func rename(_ path: Path, to target: Path) throws(FileError) {
    let path = path.normalized
    guard state.withLock({ $0.files[path] != nil }) else { throw absent("move", path) }
    try place("move to", at: target.normalized) { $0.files.removeValue(forKey: path) }
  }

  public func remove(_ path: Path) throws(FileError) {
    state.withLock { state in
      let path = path.normalized
      let below = path.text + "/"
      state.files = state.files.filter { $0.key != path && !$0.key.text.hasPrefix(below) }
      state.directories = state.directories.filter {
        $0 != path && !$0.text.hasPrefix(below)
      }
    }
  }

  /// Puts a file where a directory can hold it and none stands.
  private func place(
    _ operation: String, at path: Path,
    _ file: (inout State) -> (bytes: [UInt8], status: FileStatus)?
  ) throws(FileError) {
    let problem: FileError? = state.withLock { state in
      guard state.directories.contains(path.parent) else { return absent(operation, path) }
      guard !state.directories.contains(path) else { return inTheWay(operation, path) }
      guard let file = file(&state) else { return absent(operation, path) }
      state.files[path] = file
      return nil
    }
    if let problem { throw problem }
  }

  private func inTheWay(_ operation: String, _ path: Path) -> FileError {
    FileError(operation: operation, path: path, number: 17, reason: "File exists")
  }

  private func absent(_ operation: String, _ path: Path) -> FileError {
    FileError(operation: operation, path: path, number: 2, reason: "No such file or directory")
  }
}
