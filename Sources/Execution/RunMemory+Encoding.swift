public import Core

extension RunMemory {
  /// Keeps the memory in a file.
  public func save(to path: Path, _ files: any FileSystem) throws(FileError) {
    try files.createDirectory(path.parent)
    try files.write(encoded, to: path)
  }

  /// A new format is another name: what an older program wrote is then no memory.
  private static let name = Array("microtome.memory.v1\n".utf8)

  /// The memory as bytes that end with their own SHA-256.
  ///
  /// Fixed widths, little-endian, read without a parser: a memory of ten thousand steps is read in a
  /// few milliseconds, and that is most of what a run with nothing to do takes.
  var encoded: [UInt8] {
    var bytes = Self.name + fingerprint.bytes
    bytes.append(counted: message)
    bytes.append(number: Int64(folders.count))
    for folder in folders {
      bytes.append(counted: Array(folder.directory.text.utf8))
      bytes.append(number: Int64(folder.entries.count))
      for entry in folder.entries {
        bytes.append(counted: Array(entry.name.utf8))
        let status = entry.status
        for number in [
          status.size, status.modified, status.changed, Int64(bitPattern: status.inode),
          Int64(bitPattern: status.device),
        ] { bytes.append(number: number) }
        let isDirectory = status.kind == .directory
        bytes.append(
          (isDirectory ? 1 : 0) | (entry.isSettled ? 2 : 0) | (entry.content == nil ? 0 : 4))
        if let content = entry.content { bytes += content.bytes }
      }
    }
    return bytes + SHA256.digest(of: bytes).bytes
  }

  /// `nil` for bytes that no run of this program has written whole.
  public init?(decoding bytes: [UInt8]) {
    guard bytes.count > Self.name.count + 64, bytes.starts(with: Self.name),
      SHA256.digest(of: bytes.dropLast(32)) == Digest(bytes: bytes.suffix(32))
    else { return nil }
    // The bytes are those that were written, so every count below is right.
    self = bytes.withUnsafeBytes { raw in
      var reader = Reader(bytes: raw, offset: Self.name.count)
      let fingerprint = reader.digest()
      let message = Array(reader.counted())
      let folders = (0..<reader.number()).map { _ in
        let directory = Path(String(decoding: reader.counted(), as: UTF8.self))
        return Folder(
          directory: directory, entries: (0..<reader.number()).map { _ in reader.entry() })
      }
      return RunMemory(fingerprint: fingerprint, message: message, folders: folders)
    }
  }

  private struct Reader {
    let bytes: UnsafeRawBufferPointer
    var offset: Int

    mutating func number() -> Int64 {
      defer { offset += 8 }
      return Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int64.self))
    }

    mutating func counted() -> Slice<UnsafeRawBufferPointer> {
      let count = Int(number())
      defer { offset += count }
      return bytes[offset..<offset + count]
    }

    mutating func digest() -> Digest {
      defer { offset += 32 }
      return Digest(bytes: bytes[offset..<offset + 32])!
    }

    mutating func entry() -> Entry {
      let name = String(decoding: UnsafeRawBufferPointer(rebasing: counted()), as: UTF8.self)
      let (size, modified, changed) = (number(), number(), number())
      let (inode, device) = (UInt64(bitPattern: number()), UInt64(bitPattern: number()))
      let flags = bytes[offset]
      offset += 1
      return Entry(
        name: name,
        status: FileStatus(
          kind: flags & 1 == 1 ? .directory : .file, size: size, modified: modified,
          changed: changed, inode: inode, device: device),
        content: flags & 4 == 4 ? digest() : nil, isSettled: flags & 2 == 2)
    }
  }
}

extension [UInt8] {
  fileprivate mutating func append(number: Int64) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(counted bytes: [UInt8]) {
    append(number: Int64(bytes.count))
    append(contentsOf: bytes)
  }
}
