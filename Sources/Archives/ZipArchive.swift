/// The directory of a ZIP file and its stored entries (APPNOTE 6.3.10, with zip64).
struct ZipArchive {
  /// One entry of the central directory.
  struct Entry: Hashable {
    var name: String
    var method: Int
    var flags: Int
    var checksum: UInt32
    var storedSize: Int
    var size: Int
    /// Where the entry's local header begins in the file.
    var headerOffset: Int
  }

  /// The whole file.
  let bytes: [UInt8]
  /// The entries by name.
  let entries: [String: Entry]

  private static let part = "central directory"

  /// Reads the central directory; local headers are looked at when an entry is read.
  init(_ bytes: [UInt8]) throws(ArchiveError) {
    self.bytes = bytes
    let (directory, count) = try Self.locateDirectory(bytes)
    var reader = ByteReader(bytes, in: directory, part: Self.part)
    var entries: [String: Entry] = [:]
    for _ in 0..<count {
      let entry = try Self.entry(&reader)
      guard entries.updateValue(entry, forKey: entry.name) == nil else {
        throw ArchiveError(
          .duplicateName, in: Self.part, at: reader.place,
          "`\(ArchiveError.shown(entry.name))` stands twice")
      }
    }
    self.entries = entries
  }

  /// The bytes of an entry, whose checksum is verified; only stored entries are read.
  func content(of entry: Entry) throws(ArchiveError) -> Range<Int> {
    let part = "entry `\(ArchiveError.shown(entry.name))`"
    guard entry.flags & 1 == 0 else {
      throw ArchiveError(.encryptedEntry, in: part, "it is encrypted")
    }
    guard entry.method == 0, entry.storedSize == entry.size else {
      throw ArchiveError(
        .compressedEntry, in: part, "it is compressed (method \(entry.method))",
        hint: "weight files are stored without compression; save the weights again with torch.save")
    }
    guard entry.headerOffset < bytes.count else {
      throw ArchiveError(.directory, in: part, "its header lies beyond the file")
    }
    var reader = ByteReader(bytes, in: entry.headerOffset..<bytes.count, part: part)
    guard try reader.unsigned(4) == 0x0403_4b50 else {
      throw ArchiveError(.directory, in: part, at: .byte(0), "no local header stands there")
    }
    _ = try reader.take(22)
    let nameLength = try reader.count(2)
    let extraLength = try reader.count(2)
    let name = try reader.take(nameLength)
    guard bytes[name].elementsEqual(entry.name.utf8) else {
      throw ArchiveError(.directory, in: part, "its local header has another name")
    }
    _ = try reader.take(extraLength)
    let content = try reader.take(entry.size)
    guard CRC32.checksum(of: bytes, in: content) == entry.checksum else {
      throw ArchiveError(
        .checksum, in: part, "its checksum does not match",
        hint: "the file is damaged, or was saved with checksums switched off; save it again")
    }
    return content
  }

  /// The end record is the last thing in the file but for a comment of at most 65,535 bytes.
  private static func locateDirectory(
    _ bytes: [UInt8]
  ) throws(ArchiveError) -> (directory: Range<Int>, count: Int) {
    let lowest = max(0, bytes.count - 22 - 65_535)
    var end = bytes.count - 22
    while end >= lowest, !bytes[end...].starts(with: [0x50, 0x4b, 0x05, 0x06]) { end -= 1 }
    guard end >= lowest, end >= 0 else {
      throw ArchiveError(
        .truncated, in: part, "the file ends before it",
        hint: "the file is damaged or was not copied whole")
    }
    var reader = ByteReader(bytes, in: end..<bytes.count, part: "end record")
    _ = try reader.take(4)
    let disk = try reader.unsigned(4)
    _ = try reader.take(2)
    var count = try reader.count(2)
    var size = try reader.count(4)
    var offset = try reader.count(4)
    guard disk == 0 || disk == 0xFFFF_FFFF else {
      throw ArchiveError(.directory, in: part, "an archive in several pieces")
    }
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
      (count, size, offset) = try wideEndRecord(bytes, before: end)
    }
    let (limit, overflow) = offset.addingReportingOverflow(size)
    // 46 bytes is the least that an entry takes, so the count bounds what is reserved.
    guard !overflow, limit <= end, count <= size / 46 else {
      throw ArchiveError(.directory, in: part, "it reaches beyond the file")
    }
    return (offset..<limit, count)
  }

  private static func wideEndRecord(
    _ bytes: [UInt8], before end: Int
  ) throws(ArchiveError) -> (count: Int, size: Int, offset: Int) {
    let part = "zip64 end record"
    guard end >= 20 else { throw ArchiveError(.directory, in: part, "it is missing") }
    var locator = ByteReader(bytes, in: end - 20..<end, part: part)
    guard try locator.unsigned(4) == 0x0706_4b50 else {
      throw ArchiveError(.directory, in: part, "its locator is missing")
    }
    _ = try locator.take(4)
    let place = try locator.count(8)
    guard place < end else { throw ArchiveError(.directory, in: part, "it lies beyond the file") }
    var reader = ByteReader(bytes, in: place..<end, part: part)
    guard try reader.unsigned(4) == 0x0606_4b50 else {
      throw ArchiveError(.directory, in: part, "it does not stand where its locator says")
    }
    _ = try reader.take(28)
    let count = try reader.count(8)
    return (count, try reader.count(8), try reader.count(8))
  }

  private static func entry(_ reader: inout ByteReader) throws(ArchiveError) -> Entry {
    let place = reader.place
    guard try reader.unsigned(4) == 0x0201_4b50 else {
      throw ArchiveError(.directory, in: part, at: place, "no entry stands here")
    }
    _ = try reader.take(4)
    let flags = try reader.count(2)
    let method = try reader.count(2)
    _ = try reader.take(4)
    let checksum = UInt32(try reader.unsigned(4))
    var storedSize = try reader.count(4)
    var size = try reader.count(4)
    let nameLength = try reader.count(2)
    let extraLength = try reader.count(2)
    let commentLength = try reader.count(2)
    _ = try reader.take(8)
    var headerOffset = try reader.count(4)
    guard
      let name = String(validating: reader.bytes[try reader.take(nameLength)], as: UTF8.self)
    else { throw ArchiveError(.directory, in: part, at: place, "a name that is not UTF-8") }
    let extra = try reader.take(extraLength)
    _ = try reader.take(commentLength)
    if var wide = try wideFields(reader.bytes, in: extra) {
      if size == 0xFFFF_FFFF { size = try wide.count(8) }
      if storedSize == 0xFFFF_FFFF { storedSize = try wide.count(8) }
      if headerOffset == 0xFFFF_FFFF { headerOffset = try wide.count(8) }
    }
    return Entry(
      name: name, method: method, flags: flags, checksum: checksum, storedSize: storedSize,
      size: size, headerOffset: headerOffset)
  }

  /// The zip64 block among an entry's extra fields.
  private static func wideFields(
    _ bytes: [UInt8], in extra: Range<Int>
  ) throws(ArchiveError) -> ByteReader? {
    var reader = ByteReader(bytes, in: extra, part: "zip64 field")
    while reader.remaining >= 4 {
      let tag = try reader.unsigned(2)
      let body = try reader.take(try reader.count(2))
      if tag == 1 { return ByteReader(bytes, in: body, part: "zip64 field") }
    }
    return nil
  }
}
