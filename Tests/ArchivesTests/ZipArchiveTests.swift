import Testing

@testable import Archives

@Suite("ZIP")
struct ZipArchiveTests {
  static func archive(_ change: (inout ZipBuilder) -> Void) -> [UInt8] {
    var builder = ZipBuilder()
    builder.add("a/data.pkl", Opcodes.dictionary([("x", [0x4e])]))
    builder.add("a/data/0", [1, 2, 3])
    change(&builder)
    return builder.bytes
  }

  @Test("stored entries are found by name", arguments: [false, true])
  func stored(wide: Bool) throws {
    let archive = try ZipArchive(Self.archive { $0.wide = wide })
    #expect(archive.entries.keys.sorted() == ["a/data.pkl", "a/data/0"])
    let entry = try #require(archive.entries["a/data/0"])
    #expect(Array(archive.bytes[try archive.content(of: entry)]) == [1, 2, 3])
  }

  @Test("a comment after the end record is no obstacle")
  func comment() throws {
    var bytes = Self.archive { _ in }
    bytes[bytes.count - 2] = 5
    #expect(try ZipArchive(bytes + Array("notes".utf8)).entries.count == 2)
  }

  static let badEntries = [
    BadBytes("compressed", archive { $0.entries[1].method = 8 }, .compressedEntry),
    BadBytes("encrypted", archive { $0.entries[1].flags = 1 }, .encryptedEntry),
    BadBytes("damaged", archive { $0.entries[1].checksum = 7 }, .checksum),
    BadBytes("named otherwise", archive { $0.entries[1].localName = "a/data/1" }, .directory),
  ]

  @Test("a bad entry is refused when it is read", arguments: badEntries)
  func badEntry(file: BadBytes) throws {
    let archive = try ZipArchive(file.bytes)
    let entry = try #require(archive.entries["a/data/0"])
    #expect(archiveError { try archive.content(of: entry) }?.code == file.code)
  }

  static let badArchives: [BadBytes] = {
    let good = archive { _ in }
    var many = good
    many[good.count - 12] = 200
    var far = good
    far[good.count - 3] = 0x7f
    return [
      BadBytes("no end record", Array(good.dropLast(30)), .truncated),
      BadBytes("nothing", [], .truncated),
      BadBytes("more entries than bytes", many, .directory),
      BadBytes("a directory beyond the file", far, .directory),
      BadBytes("twice the same name", archive { $0.add("a/data/0", []) }, .duplicateName),
      BadBytes(
        "a wide record that is missing", Array(archive { $0.wide = true }.suffix(22)), .directory),
    ]
  }()

  @Test("a bad directory is refused at once", arguments: badArchives)
  func badArchive(file: BadBytes) {
    #expect(archiveError { try ZipArchive(file.bytes) }?.code == file.code)
  }

  @Test("the message for a compressed entry says what to do")
  func message() throws {
    let archive = try ZipArchive(Self.archive { $0.entries[1].method = 8 })
    let error = archiveError { try archive.content(of: archive.entries["a/data/0"]!) }
    #expect(
      error?.description
        == "entry `a/data/0`: it is compressed (method 8) [zip.compressed-entry]; weight files are "
        + "stored without compression; save the weights again with torch.save")
  }

  /// Check value of the CRC catalogue for "123456789", and of longer input against bit by bit.
  @Test("CRC-32 agrees with its definition", arguments: 0..<20)
  func checksum(length: Int) {
    #expect(CRC32.checksum(of: Array("123456789".utf8), in: 0..<9) == 0xCBF4_3926)
    let bytes = (0..<length + 3).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    var expected = UInt32.max
    for byte in bytes[3...] {
      expected ^= UInt32(byte)
      for _ in 0..<8 { expected = expected & 1 == 1 ? expected >> 1 ^ 0xEDB8_8320 : expected >> 1 }
    }
    #expect(CRC32.checksum(of: bytes, in: 3..<bytes.count) == ~expected)
  }
}
