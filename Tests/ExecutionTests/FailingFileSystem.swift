import Core
import Synchronization

/// A file system whose n-th operation fails once; after SQLite's method of testing input and output.
final class FailingFileSystem: FileSystem {
  /// What goes wrong, with the system's number for it.
  enum Fault: Int32, CaseIterable {
    case permission = 13
    case device = 5
    case noSpace = 28
    /// The disk fills in the middle: a part of the temporary file stays behind.
    case shortWrite = 29

    var number: Int32 { self == .shortWrite ? Self.noSpace.rawValue : rawValue }

    func applies(toWriting isWrite: Bool, content: Bool) -> Bool {
      switch self {
      case .permission, .device: true
      case .noSpace: isWrite
      case .shortWrite: content
      }
    }
  }

  private let base: any FileSystem
  private let fault: Fault
  private let left: Mutex<Int>
  private let struck = Mutex<Path?>(nil)

  /// - Parameter turn: Which of the operations that the fault applies to fails, from 1.
  init(_ base: any FileSystem, _ fault: Fault, turn: Int) {
    self.base = base
    self.fault = fault
    left = Mutex(turn)
  }

  /// The path of the operation that failed; `nil` if it was never reached.
  var failed: Path? { struck.withLock { $0 } }

  private func pass(
    _ operation: String, _ path: Path, isWrite: Bool = false, content: [UInt8]? = nil
  ) throws(FileError) {
    guard fault.applies(toWriting: isWrite, content: content != nil) else { return }
    let isNext = left.withLock { left in
      left -= 1
      return left == 0
    }
    guard isNext else { return }
    struck.withLock { $0 = path }
    if fault == .shortWrite, let content {
      try base.write(
        Array(content.prefix(content.count / 2)), to: path.parent / ".\(path.name).1.0.tmp")
    }
    throw FileError(
      operation: operation, path: path, number: fault.number, reason: "\(fault)")
  }

  func status(of path: Path) throws(FileError) -> FileStatus? {
    try pass("look at", path)
    return try base.status(of: path)
  }

  func read(_ path: Path) throws(FileError) -> [UInt8] {
    try pass("read", path)
    return try base.read(path)
  }

  func forEachChunk(
    of path: Path, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(FileError) {
    try pass("read", path)
    try base.forEachChunk(of: path, body)
  }

  func list(_ directory: Path) throws(FileError) -> [String] {
    try pass("list", directory)
    return try base.list(directory)
  }

  func createDirectory(_ path: Path) throws(FileError) {
    try pass("make the directory", path, isWrite: true)
    try base.createDirectory(path)
  }

  func write(_ bytes: [UInt8], to path: Path, readOnly: Bool) throws(FileError) {
    try pass("write", path, isWrite: true, content: bytes)
    try base.write(bytes, to: path, readOnly: readOnly)
  }

  func rename(_ path: Path, to target: Path) throws(FileError) {
    try pass("move to", target, isWrite: true)
    try base.rename(path, to: target)
  }

  func remove(_ path: Path) throws(FileError) {
    try pass("remove", path)
    try base.remove(path)
  }

  func hold(_ path: Path, alone: Bool) throws(FileError) -> FileHold? {
    try pass("hold", path)
    return try base.hold(path, alone: alone)
  }
}
