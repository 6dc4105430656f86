private import Synchronization

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// The disk of this machine.
public struct LocalFileSystem: FileSystem {
  /// Counts the writes of this process, so that two at once do not share a temporary file.
  private static let writes = Atomic<UInt64>(0)

  public init() {}

  public func status(of path: Path) throws(FileError) -> FileStatus? {
    var info = stat()
    guard stat(path.text, &info) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw failure("look at", path)
    }
    return FileStatus(info)
  }

  public func statuses(
    of names: [String], in directory: Path
  ) throws(FileError) -> [FileStatus?] {
    // The names are looked up in the directory itself: its own path is followed once, not for each.
    let folder = open(directory.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else {
      if errno == ENOENT || errno == ENOTDIR { return names.map { _ in nil } }
      throw failure("look at", directory)
    }
    defer { close(folder) }
    var found: [FileStatus?] = []
    found.reserveCapacity(names.count)
    for name in names {
      var info = stat()
      if fstatat(folder, name, &info, 0) == 0 {
        found.append(FileStatus(info))
      } else if errno == ENOENT || errno == ENOTDIR {
        found.append(nil)
      } else {
        throw failure("look at", directory / name)
      }
    }
    return found
  }

  public func read(_ path: Path) throws(FileError) -> [UInt8] {
    let file = try openForReading(path)
    defer { close(file.descriptor) }
    // Straight into the array, one byte more to see the end; a file that grows meanwhile, and one
    // without a size, are read on in pieces.
    var bytes: [UInt8] = []
    var capacity = file.isRegular ? file.size + 1 : 1 << 18
    while true {
      var failed = false
      let piece = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
        while filled < capacity {
          let count = Glibc.read(file.descriptor, buffer.baseAddress! + filled, capacity - filled)
          if count < 0, errno == EINTR { continue }
          failed = count < 0
          if count <= 0 { return }
          filled += count
        }
      }
      if failed { throw failure("read", path) }
      if bytes.isEmpty { bytes = piece } else { bytes += piece }
      if piece.count < capacity { return bytes }
      capacity = 1 << 18
    }
  }

  public func read(_ path: Path, in range: Range<Int>) throws(FileError) -> [UInt8] {
    let file = open(path.text, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure("read", path) }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: range.count)
    var filled = 0
    while filled < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        pread(file, $0.baseAddress! + filled, $0.count - filled, range.lowerBound + filled)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("read", path) }
      if count == 0 { break }
      filled += count
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  public func forEachChunk(
    of path: Path, _ body: (UnsafeRawBufferPointer) -> Void
  ) throws(FileError) {
    let file = try openForReading(path)
    defer { close(file.descriptor) }
    // No larger than the file: a large buffer for each of ten thousand small files leaves a heap full
    // of holes. One byte more shows the end.
    let wanted = file.isRegular ? file.size + 1 : 1 << 18
    let buffer = UnsafeMutableRawBufferPointer.allocate(
      byteCount: min(1 << 18, max(1 << 10, wanted)), alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let count = Glibc.read(file.descriptor, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("read", path) }
      if count == 0 { return }
      body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// A file that is open for reading.
  private func openForReading(
    _ path: Path
  ) throws(FileError) -> (descriptor: Int32, size: Int, isRegular: Bool) {
    let file = open(path.text, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure("read", path) }
    var info = stat()
    guard fstat(file, &info) == 0 else {
      defer { close(file) }
      throw failure("look at", path)
    }
    return (file, Int(info.st_size), info.st_mode & S_IFMT == S_IFREG)
  }

  public func list(_ directory: Path) throws(FileError) -> [String] {
    try entries(of: directory).map(\.name)
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  public func links(in directory: Path) throws(FileError) -> Set<String> {
    var links: Set<String> = []
    for (name, type) in try entries(of: directory) {
      switch Int(type) {
      case Int(DT_LNK): links.insert(name)
      case Int(DT_UNKNOWN):  // Some file systems do not say.
        var info = stat()
        guard lstat((directory / name).text, &info) == 0 else {
          throw failure("look at", directory / name)
        }
        if info.st_mode & S_IFMT == S_IFLNK { links.insert(name) }
      default: continue
      }
    }
    return links
  }

  public func resolved(_ path: Path) throws(FileError) -> Path {
    guard let text = realpath(path.text, nil) else { throw failure("follow", path) }
    defer { free(text) }
    return Path(String(cString: text))
  }

  /// The names in a directory and what the directory says each one is.
  private func entries(of directory: Path) throws(FileError) -> [(name: String, type: UInt8)] {
    guard let stream = opendir(directory.text) else { throw failure("list", directory) }
    defer { closedir(stream) }
    var entries: [(name: String, type: UInt8)] = []
    while true {
      errno = 0
      guard let entry = readdir(stream) else {
        if errno != 0 { throw failure("list", directory) }
        return entries
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { entries.append((name, entry.pointee.d_type)) }
    }
  }

  public func createDirectory(_ path: Path) throws(FileError) {
    if mkdir(path.text, 0o777) == 0 { return try flushDirectory(path.parent) }
    if errno == ENOENT, path.parent != path {
      try createDirectory(path.parent)
      if mkdir(path.text, 0o777) == 0 { return try flushDirectory(path.parent) }
    }
    let number = errno
    // It was there, or another process made it meanwhile; anything but a directory is in the way.
    if number == EEXIST, try status(of: path)?.kind == .directory { return }
    throw failure("make the directory", path, number)
  }

  public func write(_ bytes: [UInt8], to path: Path, readOnly: Bool) throws(FileError) {
    // Process and count keep two writers of one path apart; the rename decides which one is seen.
    let (_, count) = Self.writes.add(1, ordering: .relaxed)
    let temporary = path.parent / ".\(path.name).\(getpid()).\(count).tmp"
    // A writer that was killed may have left a read-only file of this very name.
    unlink(temporary.text)
    let file = open(
      temporary.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, readOnly ? 0o444 : 0o666)
    guard file >= 0 else { throw failure("write", path) }
    do throws(FileError) {
      try writeAll(bytes, to: file, path)
      guard fsync(file) == 0 else { throw failure("flush", path) }
    } catch {
      close(file)
      unlink(temporary.text)
      throw error
    }
    do throws(FileError) {
      guard close(file) == 0 else { throw failure("close", path) }
      try rename(temporary, to: path)
    } catch {
      unlink(temporary.text)
      throw error
    }
  }

  public func rename(_ path: Path, to target: Path) throws(FileError) {
    guard Glibc.rename(path.text, target.text) == 0 else { throw failure("move to", target) }
    try flushDirectory(target.parent)
  }

  /// Makes what was made or moved in a directory survive a loss of power.
  private func flushDirectory(_ path: Path) throws(FileError) {
    let directory = open(path.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw failure("flush", path) }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw failure("flush", path) }
  }

  public func remove(_ path: Path) throws(FileError) {
    if unlink(path.text) == 0 || errno == ENOENT || errno == ENOTDIR { return }
    guard errno == EISDIR || errno == EPERM else { throw failure("remove", path) }
    for name in try list(path) { try remove(path / name) }
    guard rmdir(path.text) == 0 || errno == ENOENT else { throw failure("remove", path) }
  }

  public func link(_ path: Path, to target: Path) throws(FileError) {
    if Glibc.link(path.text, target.text) == 0 || errno == EEXIST { return }
    // Another disk, or one without second names.
    try write(try read(path), to: target, readOnly: true)
  }

  public func hold(_ path: Path, alone: Bool) throws(FileError) -> FileHold? {
    // To hold a file is not to write it: a store that may only be read can be held too.
    let file = open(path.text, O_RDONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw failure("hold", path) }
    while flock(file, alone ? LOCK_EX | LOCK_NB : LOCK_SH) != 0 {
      if errno == EINTR { continue }
      let number = errno
      close(file)
      if number == EWOULDBLOCK { return nil }
      throw failure("hold", path, number)
    }
    return FileHold { close(file) }
  }

  private func writeAll(_ bytes: [UInt8], to file: Int32, _ path: Path) throws(FileError) {
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(file, $0.baseAddress! + offset, bytes.count - offset)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure("write", path) }
      offset += count
    }
  }

  private func failure(_ operation: String, _ path: Path, _ number: Int32 = errno) -> FileError {
    FileError(
      operation: operation, path: path, number: number, reason: String(cString: strerror(number)))
  }
}

extension FileStatus {
  fileprivate init(_ info: stat) {
    let kind: Kind =
      switch info.st_mode & S_IFMT {
      case S_IFREG: .file
      case S_IFDIR: .directory
      default: .other
      }
    self.init(
      kind: kind, size: Int64(info.st_size), modified: Self.nanoseconds(info.st_mtim),
      changed: Self.nanoseconds(info.st_ctim), inode: UInt64(info.st_ino),
      device: UInt64(info.st_dev))
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
