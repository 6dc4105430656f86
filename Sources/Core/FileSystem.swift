/// What a file system says of one entry.
public struct FileStatus: Hashable, Sendable {
  public enum Kind: Hashable, Sendable { case file, directory, other }

  public var kind: Kind
  public var size: Int64
  /// Times in nanoseconds since 1970. The change time moves when someone puts the other one back.
  public var modified: Int64
  public var changed: Int64
  public var inode: UInt64
  public var device: UInt64

  public init(
    kind: Kind, size: Int64, modified: Int64 = 0, changed: Int64 = 0, inode: UInt64 = 0,
    device: UInt64 = 0
  ) {
    self.kind = kind
    self.size = size
    self.modified = modified
    self.changed = changed
    self.inode = inode
    self.device = device
  }

  /// Whether a later change would show: not if the entry changed within the 2 s before it was looked
  /// at, since it may then change again within the same tick of its clock (git's racy entries; the
  /// coarsest clock, that of FAT, ticks every 2 s).
  public func isSettled(at now: Int64) -> Bool { max(modified, changed) + 2_000_000_000 < now }
}

/// An operation on a file that did not succeed: what was tried, on which path, and why.
public struct FileError: Error, Hashable, CustomStringConvertible {
  /// What was tried, as a verb: "read", "write".
  public var operation: String
  public var path: Path
  /// The system's error number; 0 where there is none.
  public var number: Int32
  public var reason: String

  public init(operation: String, path: Path, number: Int32, reason: String) {
    self.operation = operation
    self.path = path
    self.number = number
    self.reason = reason
  }

  public var description: String { "cannot \(operation) \(path): \(reason)" }
}

/// The only way to files: the local disk in the program, a dictionary in tests.
public protocol FileSystem: Sendable {
  /// The entry at a path, following links; `nil` if there is none.
  func status(of path: Path) throws(FileError) -> FileStatus?
  /// The entries under several names in one directory, in their order; quicker than one by one.
  func statuses(of names: [String], in directory: Path) throws(FileError) -> [FileStatus?]
  /// The whole content of a file.
  func read(_ path: Path) throws(FileError) -> [UInt8]
  /// Some bytes of a file, fewer where it ends before.
  func read(_ path: Path, in range: Range<Int>) throws(FileError) -> [UInt8]
  /// Hands the content over in pieces, for files too large to hold.
  func forEachChunk(
    of path: Path, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(FileError)
  /// The names in a directory, ascending by their bytes.
  func list(_ directory: Path) throws(FileError) -> [String]
  /// The names in a directory that are symbolic links.
  func links(in directory: Path) throws(FileError) -> Set<String>
  /// Where a path leads once every link in it is followed.
  func resolved(_ path: Path) throws(FileError) -> Path
  /// Makes a directory and those above it; no error if it is there.
  func createDirectory(_ path: Path) throws(FileError)
  /// Replaces a file durably and at once: temporary file beside it, flush, rename, flush of the
  /// directory. A reader sees the old content or the new, never a part.
  func write(_ bytes: [UInt8], to path: Path, readOnly: Bool) throws(FileError)
  /// Moves a file within one file system, replacing what is there.
  func rename(_ path: Path, to target: Path) throws(FileError)
  /// Gives a file that never changes a second place: another name for it, else a copy.
  func link(_ path: Path, to target: Path) throws(FileError)
  /// Removes a file, or a directory with all it holds; no error if it is absent.
  func remove(_ path: Path) throws(FileError)
  /// Claims a file, making it if it is absent: together with others, waiting for one that has it
  /// alone; or alone, and then `nil` if anyone else has it now.
  func hold(_ path: Path, alone: Bool) throws(FileError) -> FileHold?
}

extension FileSystem {
  /// Out of the whole content: a file system in memory need not know better.
  public func read(_ path: Path, in range: Range<Int>) throws(FileError) -> [UInt8] {
    let bytes = try read(path)
    return Array(bytes[range.clamped(to: bytes.indices)])
  }

  /// None: a file system that has no links need not say so.
  public func links(in directory: Path) throws(FileError) -> Set<String> { [] }

  /// The path itself: a file system that has no links need not say so.
  public func resolved(_ path: Path) throws(FileError) -> Path { path.normalized }

  /// Copies the file.
  public func link(_ path: Path, to target: Path) throws(FileError) {
    try write(try read(path), to: target, readOnly: true)
  }

  /// Always had: a file system that no other process sees need not say so.
  public func hold(_ path: Path, alone: Bool) throws(FileError) -> FileHold? { FileHold {} }

  /// The entries one by one: a file system that knows no quicker way need not say so.
  public func statuses(
    of names: [String], in directory: Path
  ) throws(FileError) -> [FileStatus?] {
    var found: [FileStatus?] = []
    for name in names { found.append(try status(of: directory / name)) }
    return found
  }

  /// Replaces a file durably and at once.
  public func write(_ bytes: [UInt8], to path: Path) throws(FileError) {
    try write(bytes, to: path, readOnly: false)
  }

  /// The SHA-256 of a file's content, read in pieces.
  public func digest(of path: Path) throws(FileError) -> Digest {
    var hash = SHA256()
    try forEachChunk(of: path) { hash.update($0) }
    return hash.finish()
  }

  /// Whether anything is at a path.
  public func exists(_ path: Path) throws(FileError) -> Bool { try status(of: path) != nil }
}
