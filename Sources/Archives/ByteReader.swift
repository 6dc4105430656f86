/// Reads little-endian fields from a range of bytes, never past its end.
struct ByteReader {
  /// The whole file; nothing is copied out of it.
  let bytes: [UInt8]
  /// What the bytes are, for errors.
  let part: String
  /// Where offsets in errors are counted from.
  let origin: Int
  private(set) var offset: Int
  /// One past the last byte that may be read.
  let end: Int

  /// A reader of `range`, whose errors count bytes from the start of that range.
  init(_ bytes: [UInt8], in range: Range<Int>? = nil, part: String) {
    self.bytes = bytes
    self.part = part
    origin = range?.lowerBound ?? 0
    offset = origin
    end = range?.upperBound ?? bytes.count
    precondition(origin >= 0 && origin <= end && end <= bytes.count, "a range beyond the bytes")
  }

  /// How many bytes are left.
  var remaining: Int { end - offset }
  /// Where the next byte stands, for errors.
  var place: ArchiveError.Place { .byte(offset - origin) }

  /// The next byte.
  mutating func byte() throws(ArchiveError) -> UInt8 {
    guard offset < end else { throw ended() }
    defer { offset += 1 }
    return bytes[offset]
  }

  /// An unsigned number of 1 to 8 bytes, lowest first.
  mutating func unsigned(_ width: Int) throws(ArchiveError) -> UInt64 {
    guard remaining >= width else { throw ended() }
    var value: UInt64 = 0
    for i in (0..<width).reversed() { value = value << 8 | UInt64(bytes[offset + i]) }
    offset += width
    return value
  }

  /// An unsigned number that must be countable.
  mutating func count(_ width: Int) throws(ArchiveError) -> Int {
    let start = place
    let value = try unsigned(width)
    guard let count = Int(exactly: value) else {
      throw ArchiveError(.tooLarge, in: part, at: start, "a count of \(value)")
    }
    return count
  }

  /// The range of the next bytes, which are stepped over.
  mutating func take(_ count: Int) throws(ArchiveError) -> Range<Int> {
    guard count >= 0, count <= remaining else { throw ended() }
    defer { offset += count }
    return offset..<offset + count
  }

  /// The next bytes up to a line feed, which is stepped over too.
  mutating func line() throws(ArchiveError) -> Range<Int> {
    guard let feed = bytes[offset..<end].firstIndex(of: UInt8(ascii: "\n")) else { throw ended() }
    defer { offset = feed + 1 }
    return offset..<feed
  }

  private func ended() -> ArchiveError {
    ArchiveError(
      .truncated, in: part, at: place, "it ends early",
      hint: "the file is damaged or was not copied whole")
  }
}
