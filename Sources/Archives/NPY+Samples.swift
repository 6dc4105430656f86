extension NPY {
  /// The elements of an array of UInt8, row-major, without conversion.
  public static func bytes(of file: [UInt8]) throws(ArchiveError) -> [UInt8] {
    let array = try decode(file)
    try expect(Element(.unsigned, size: 1), in: array)
    return Array(file[array.header.dataOffset...])
  }

  /// The elements of an array of UInt16, row-major, without conversion.
  public static func words(of file: [UInt8]) throws(ArchiveError) -> [UInt16] {
    let array = try decode(file)
    try expect(Element(.unsigned, size: 2), in: array)
    return stride(from: array.header.dataOffset, to: file.count, by: 2).map {
      UInt16(file[$0]) | UInt16(file[$0 + 1]) << 8
    }
  }

  private static func expect(_ element: Element, in array: NPYArray) throws(ArchiveError) {
    guard array.element == element else {
      throw ArchiveError(
        .npyValue, in: "NPY data", "the elements are \(array.element), not \(element)")
    }
  }
}
