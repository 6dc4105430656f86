import Testing

@testable import Archives

@Suite("MAT files")
struct MATTests {
  @Test("rows and columns are where SciPy put them", arguments: ["consep.mat", "plain.mat"])
  func places(name: String) throws {
    let file = try MATFile.decode(fixture(name))
    let array = try #require(file.array(named: "inst_map"))
    #expect(array.shape == [4, 3])
    #expect(try array.integerRows() == [0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32])
  }

  @Test("numbers with a fraction are read, and are no labels")
  func fractions() throws {
    let file = try MATFile.decode(fixture("consep.mat"))
    let centroids = try #require(file.array(named: "inst_centroid"))
    #expect(centroids.columnMajor[..<3] == [0, 0.5, 1])
    let error = #expect(throws: ArchiveError.self) { try centroids.integerRows() }
    #expect(error?.code == .matValue)
    #expect(error?.reason == "row 2, column 1 is not a whole number that fits")
  }

  @Test("every numeric class is read, and what is no real array of numbers is passed over")
  func kinds() throws {
    let file = try MATFile.decode(fixture("kinds.mat"))
    let classes = [
      "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32",
      "float64", "bool",
    ]
    #expect(file.arrays.map(\.name) == classes + ["deep", "half"])
    for name in classes {
      #expect(try file.array(named: name)?.integerRows() == [1, 0, 1], "\(name)")
    }
    #expect(file.array(named: "deep")?.shape == [2, 2, 2])
    #expect(throws: ArchiveError.self) { try file.array(named: "deep")?.integerRows() }
    let wanted = try MATFile.decode(fixture("kinds.mat"), names: ["half"])
    #expect(wanted.arrays.map(\.name) == ["half"])
  }

  /// libmatio 1.5.23 gives wrong labels for most of these.
  @Test("a truncated file never gives other labels", arguments: ["consep.mat", "plain.mat"])
  func truncation(name: String) throws {
    let bytes = try fixture(name)
    let whole = try MATFile.decode(bytes).array(named: "inst_map")
    for length in 0..<bytes.count {
      let array = try? MATFile.decode(Array(bytes[..<length])).array(named: "inst_map")
      #expect(array == nil || array == whole, "\(length) bytes")
    }
  }

  @Test("other versions and byte orders are named")
  func versions() throws {
    var bytes = try fixture("plain.mat")
    bytes[125] = 2
    #expect(throws: ArchiveError.self) { try MATFile.decode(bytes) }
    let error = #expect(throws: ArchiveError.self) { try MATFile.decode(bytes) }
    #expect(error?.hint?.contains("-v7") == true)
    (bytes[124], bytes[125], bytes[126], bytes[127]) = (1, 0, 0x4D, 0x49)
    #expect(#expect(throws: ArchiveError.self) { try MATFile.decode(bytes) }?.code == .bigEndian)
    let text = #expect(throws: ArchiveError.self) {
      try MATFile.decode([UInt8](repeating: 32, count: 200))
    }
    #expect(text?.code == .matHeader)
  }

  @Test("a flipped bit in compressed labels is refused by the checksum")
  func flippedBit() throws {
    var bytes = try fixture("consep.mat")
    bytes[160] ^= 1
    #expect(throws: ArchiveError.self) { try MATFile.decode(bytes) }
  }
}
