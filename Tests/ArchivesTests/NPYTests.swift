import Testing

@testable import Archives

@Suite("NPY")
struct NPYTests {
  static func file(
    _ header: String, _ data: [UInt8] = [], version: UInt8 = 1
  ) -> [UInt8] {
    [0x93] + Array("NUMPY".utf8) + [version, 0]
      + little(header.utf8.count, version == 1 ? 2 : 4) + Array(header.utf8) + data
  }

  static func header(_ type: String, _ shape: String, fortran: String = "False") -> String {
    "{'descr': '\(type)', 'fortran_order': \(fortran), 'shape': \(shape), }"
  }

  /// The bytes are those of `numpy.save` (NumPy 2.4).
  @Test("what is written is what NumPy writes")
  func exactBytes() {
    let text = "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 1), }"
    let padded = text + String(repeating: " ", count: 128 - 10 - 1 - text.utf8.count) + "\n"
    #expect(
      NPY.encode([1, 515] as [UInt16], shape: [2, 1]) == Self.file(padded, [1, 0, 3, 2]))
    #expect(NPY.encode([7] as [UInt8], shape: []).count == 129)
    #expect(
      String(decoding: NPY.encode([7] as [UInt8], shape: [1])[10..<70], as: UTF8.self)
        == "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }   ")
  }

  @Test("what is written reads back")
  func roundTrip() throws {
    let bytes = try NPY.decode(NPY.encode([0, 255, 3] as [UInt8], shape: [3, 1]))
    #expect(bytes.shape == [3, 1])
    #expect(try bytes.integers() == [0, 255, 3])
    let words = try NPY.decode(NPY.encode([0, 65535] as [UInt16], shape: [2]))
    #expect(try words.integers(in: 1..<2) == [65535])
    let floats = try NPY.decode(NPY.encode([1.5, -0.25] as [Float], shape: [1, 2]))
    #expect(try floats.numbers() == [1.5, -0.25])
    let empty = try NPY.decode(NPY.encode([] as [Float], shape: [0, 7]))
    #expect(empty.shape == [0, 7])
    #expect(try empty.numbers() == [])
  }

  @Test(
    "every element type is read",
    arguments: [
      ("|u1", [200], 200), ("<u1", [200], 200), ("|i1", [0xff], -1), ("|b1", [1], 1),
      ("<u2", [1, 2], 513), ("<i2", [0, 0x80], -32768), ("<u4", [0, 0, 0, 0x80], 0x1p31),
      ("<i4", [0xff, 0xff, 0xff, 0xff], -1), ("<u8", little(9, 8), 9), ("<i8", little(-9, 8), -9),
      ("<f4", [0, 0, 0x40, 0xc0], -3), ("<f8", [0, 0, 0, 0, 0, 0, 0x08, 0x40], 3),
    ] as [(String, [UInt8], Double)])
  func types(type: String, data: [UInt8], value: Double) throws {
    let array = try NPY.decode(Self.file(Self.header(type, "()"), data))
    #expect(try array.numbers() == [value])
    #expect(try array.integers() == [Int(value)])
  }

  @Test("large integers keep every bit, and fractions are not cut")
  func exactness() throws {
    let large = try NPY.decode(Self.file(Self.header("<i8", "(1,)"), little(.max - 1, 8)))
    #expect(try large.integers() == [.max - 1])
    let beyond = try NPY.decode(Self.file(Self.header("<u8", "(1,)"), little(-1, 8)))
    #expect(archiveError { try beyond.integers() }?.code == .npyValue)
    for value: Float in [0.5, .nan, .infinity, 1e30] {
      let array = try NPY.decode(NPY.encode([1, value], shape: [2]))
      let error = archiveError { try array.integers() }
      #expect(error?.reason == "element 1 is not a whole number that fits")
    }
  }

  @Test("text is read without its padding")
  func text() throws {
    let data = [0x42, 0, 0, 0, 0xe9, 0, 0, 0, 0, 0, 0, 0, 0x43, 0, 0, 0] as [UInt8]
    let array = try NPY.decode(
      Self.file(Self.header("<U2", "(2,)"), data))
    #expect(try array.texts() == ["Bé", "\0C"])
    #expect(archiveError { try array.numbers() }?.code == .npyValue)
    let broken = try NPY.decode(Self.file(Self.header("<U1", "()"), [0, 0xd8, 0, 0]))
    #expect(archiveError { try broken.texts() }?.code == .npyValue)
  }

  @Test(
    "headers may be spelled in any order, by any version",
    arguments: [
      "{\"shape\": (2,), \"descr\": \"|u1\", \"fortran_order\": False}",
      "{'descr':'|u1','fortran_order':False,'shape':(2,)}",
      " { 'descr' : '|u1' ,\n'shape': (2L,),"
        + "'fortran_order':True } ", "{'descr': '|u1', 'fortran_order': True, 'shape': (1, 2)}",
    ])
  func spellings(header: String) throws {
    for version in UInt8(1)...3 {
      #expect(try NPY.decode(Self.file(header, [1, 2], version: version)).integers() == [1, 2])
    }
  }

  static let badFiles = [
    BadBytes("nothing", [], .npyHeader),
    BadBytes("something else", Array("PK".utf8), .npyHeader),
    BadBytes("a version of tomorrow", file("{}", version: 4), .npyHeader),
    BadBytes("a header past the end", Array(file(header("<f4", "()")).prefix(20)), .truncated),
    BadBytes(
      "a header of a gigabyte", file("{}", version: 2).prefix(8) + little(1 << 30, 4), .npyHeader),
    BadBytes("no fields", file("{}"), .npyHeader),
    BadBytes("a field twice", file("{'descr': '|u1', 'descr': '|u1', 'shape': ()}"), .npyHeader),
    BadBytes(
      "a call", file("{'descr': eval('1'), 'fortran_order': False, 'shape': ()}"), .npyHeader),
    BadBytes(
      "records", file("{'descr': [('a', '<f4')], 'shape': ()}"), .npyHeader),
    BadBytes("a negative extent", file(header("|u1", "(-1,)")), .npyHeader),
    BadBytes("an extent past the word", file(header("|u1", "(99999999999999999999,)")), .npyHeader),
    BadBytes("a product past the word", file(header("|u1", "(4294967296, 4294967296)")), .shape),
    BadBytes("bytes past the word", file(header("<f8", "(2305843009213693952,)")), .shape),
    BadBytes("big-endian", file(header(">f4", "()"), [0, 0, 0, 0]), .bigEndian),
    BadBytes("complex", file(header("<c8", "()"), little(0, 8)), .elementType),
    BadBytes("objects", file(header("|O", "()"), [0]), .elementType),
    BadBytes("three bytes", file(header("<u3", "()"), [0, 0, 0]), .elementType),
    BadBytes(
      "Fortran's order", file(header("|u1", "(2, 2)", fortran: "True"), [1, 2, 3, 4]), .npyHeader),
    BadBytes("data cut short", file(header("<u2", "(2,)"), [1, 2, 3]), .npySize),
    BadBytes("data too long", file(header("<u2", "(1,)"), [1, 2, 3]), .npySize),
    BadBytes("text after the header", file(header("|u1", "()") + " x", [1]), .npyHeader),
  ]

  @Test("a bad file is refused with its own error", arguments: badFiles)
  func bad(file: BadBytes) {
    #expect(archiveError { try NPY.decode(file.bytes) }?.code == file.code)
  }

  @Test("the header alone tells where the data are")
  func headerAlone() throws {
    let bytes = NPY.encode([Float](repeating: 2, count: 24), shape: [2, 3, 4])
    let header = try NPYHeader(decoding: Array(bytes.prefix(200)))
    #expect(header.shape == [2, 3, 4])
    #expect(header.dataOffset == 128)
    #expect(header.dataSize == 96)
    #expect(header.element.description == "<f4")
    #expect(try header.numbers(Array(bytes[136...]), at: 0, in: 0..<2) == [2, 2])
  }
}
