/// MATLAB's file of variables, version 5: what `save -v7`, `save -v6` and SciPy write.
///
/// The reader is ours because libmatio 1.5.23 reads a truncated file without complaint: of the 1,792
/// beginnings of a small uncompressed file it accepted 1,493 with wrong labels. It also reads from
/// files only, and brings the HDF5 library with it.
///
/// Read are real arrays of numbers and logicals; structures, cells, text, sparse and complex arrays are
/// passed over. Version 7.3, which is HDF5, and big-endian files are refused.
public struct MATFile: Hashable, Sendable {
  /// The arrays of numbers, in the order of the file.
  public let arrays: [MATArray]

  /// The array of a name.
  public func array(named name: String) -> MATArray? { arrays.first { $0.name == name } }

  /// Reads a whole file.
  ///
  /// - Parameter names: What is wanted; the rest is checked no further than to step over it.
  public static func decode(
    _ bytes: [UInt8], names: Set<String>? = nil
  ) throws(ArchiveError) -> MATFile {
    try checkHeader(bytes)
    var reader = ByteReader(bytes, part: part)
    _ = try reader.take(headerSize)
    var arrays: [MATArray] = []
    var seen: Set<String> = []
    while reader.remaining > 0 {
      let element = try MATElement(&reader, isPadded: false)
      let array: MATArray?
      switch element.type {
      case .matrix:
        array = try MATArray.read(bytes, in: element.data, part: part, names: names)
        // Only compressed elements stand at odd places.
        try reader.skip(to: 8)
      case .compressed:
        let inflated = try Inflation.inflate(bytes, in: element.data, part: part)
        var inner = ByteReader(inflated, part: "inflated variable")
        let matrix = try MATElement(&inner, isPadded: false)
        guard matrix.type == .matrix else {
          throw ArchiveError(.matElement, in: part, "a compressed part that is no variable")
        }
        array = try MATArray.read(
          inflated, in: matrix.data, part: "inflated variable", names: names)
      default:
        throw ArchiveError(
          .matElement, in: part, at: .byte(element.data.lowerBound), "a part that is no variable")
      }
      guard let array else { continue }
      guard seen.insert(array.name).inserted else {
        throw ArchiveError(
          .duplicateName, in: part,
          "the variable `\(ArchiveError.shown(array.name))` is there twice")
      }
      arrays.append(array)
    }
    return MATFile(arrays: arrays)
  }

  private static let part = "MAT file"
  private static let headerSize = 128

  private static func checkHeader(_ bytes: [UInt8]) throws(ArchiveError) {
    guard bytes.count >= headerSize else {
      throw ArchiveError(
        .truncated, in: part, "it ends early", hint: "the file is damaged or was not copied whole")
    }
    switch (bytes[124], bytes[125], bytes[126], bytes[127]) {
    case (0, 1, UInt8(ascii: "I"), UInt8(ascii: "M")): return
    case (1, 0, UInt8(ascii: "M"), UInt8(ascii: "I")):
      throw ArchiveError(
        .bigEndian, in: part, "the numbers are not little-endian",
        hint: "save it again with scipy.io.savemat")
    case (0, 2, UInt8(ascii: "I"), UInt8(ascii: "M")):
      throw ArchiveError(
        .matHeader, in: part, "it is of version 7.3, which is HDF5",
        hint: "save it in MATLAB with `-v7`, or with scipy.io.savemat")
    default:
      throw ArchiveError(.matHeader, in: part, "it is not a MAT file of version 5")
    }
  }
}

/// A real array of numbers.
public struct MATArray: Hashable, Sendable {
  /// The variable's name.
  public let name: String
  /// The extents: rows, columns, and any others.
  public let shape: [Int]
  /// The elements column by column, as MATLAB stores them.
  public let columnMajor: [Double]

  /// The most elements that are read: 16 bytes for each of these are 1 GiB.
  public static let mostElements = 1 << 26

  /// The elements of a matrix row by row; numbers with a fraction are refused.
  ///
  /// - Throws: `mat.value` for an array of more than two dimensions, and for a number that is not whole.
  public func integerRows() throws(ArchiveError) -> [Int] {
    guard shape.count == 2 else {
      throw ArchiveError(
        .matValue, in: "variable `\(name)`", "it has \(shape.count) dimensions instead of 2")
    }
    let (rows, columns) = (shape[0], shape[1])
    var integers = [Int](repeating: 0, count: columnMajor.count)
    // Over the elements and not over the extents: with no rows there may be any number of columns.
    for (place, element) in columnMajor.enumerated() {
      let (column, row) = place.quotientAndRemainder(dividingBy: rows)
      guard let value = Int(exactly: element) else {
        throw ArchiveError(
          .matValue, in: "variable `\(name)`",
          "row \(row + 1), column \(column + 1) is not a whole number that fits")
      }
      integers[row * columns + column] = value
    }
    return integers
  }
}
