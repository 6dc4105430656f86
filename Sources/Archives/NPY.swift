/// NumPy's array file: a header that is a Python literal, then the elements (NEP 1).
public enum NPY {
  /// One element's kind and width.
  public struct Element: Hashable, Sendable, CustomStringConvertible {
    /// What an element is, by the letter that NumPy writes.
    public enum Kind: Character, Hashable, Sendable {
      case unsigned = "u"
      case signed = "i"
      case float = "f"
      case bool = "b"
      /// UTF-32 text of fixed length, padded with zeros.
      case text = "U"
    }

    /// What one element is.
    public var kind: Kind
    /// Bytes of one element.
    public var size: Int

    /// An element of a kind and a width in bytes.
    public init(_ kind: Kind, size: Int) {
      self.kind = kind
      self.size = size
    }

    /// The type as NumPy writes it: `<f4`, `|u1`, `<U13`.
    public var description: String {
      "\(size == 1 ? "|" : "<")\(kind.rawValue)\(kind == .text ? size / 4 : size)"
    }
  }

  /// Writes bytes in the given shape.
  public static func encode(_ values: [UInt8], shape: [Int]) -> [UInt8] {
    header(Element(.unsigned, size: 1), shape, count: values.count) + values
  }

  /// Writes 16-bit numbers in the given shape.
  public static func encode(_ values: [UInt16], shape: [Int]) -> [UInt8] {
    var bytes = header(Element(.unsigned, size: 2), shape, count: values.count)
    bytes.reserveCapacity(bytes.count + 2 * values.count)
    for value in values {
      bytes.append(UInt8(truncatingIfNeeded: value))
      bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    }
    return bytes
  }

  /// Writes Float32 numbers in the given shape.
  public static func encode(_ values: [Float], shape: [Int]) -> [UInt8] {
    var bytes = header(Element(.float, size: 4), shape, count: values.count)
    bytes.reserveCapacity(bytes.count + 4 * values.count)
    appendLittleEndian(values, to: &bytes)
    return bytes
  }

  /// Reads a whole file.
  public static func decode(_ bytes: [UInt8]) throws(ArchiveError) -> NPYArray {
    let header = try NPYHeader(decoding: bytes)
    guard bytes.count - header.dataOffset == header.dataSize else {
      throw ArchiveError(
        .npySize, in: "NPY data",
        "\(header.dataSize) bytes are declared and \(bytes.count - header.dataOffset) are there",
        hint: "the file is damaged or was not copied whole")
    }
    return NPYArray(header: header, bytes: bytes)
  }

  /// Version 1.0, padded so that the data begin at a multiple of 64, as NumPy does.
  private static func header(_ element: Element, _ shape: [Int], count: Int) -> [UInt8] {
    precondition(elementCount(of: shape) == count, "the shape does not hold the values")
    let extents =
      shape.count == 1 ? "\(shape[0])," : shape.map(String.init).joined(separator: ", ")
    var text = Array(
      "{'descr': '\(element)', 'fortran_order': False, 'shape': (\(extents)), }".utf8)
    text += [UInt8](repeating: UInt8(ascii: " "), count: -(text.count + 11) & 63)
    text.append(UInt8(ascii: "\n"))
    let length = UInt16(text.count)
    return NPYHeader.magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + text
  }
}

/// An array of a file, whose elements are converted where they are asked for.
public struct NPYArray: Hashable, Sendable {
  /// What the file says of the array.
  public let header: NPYHeader
  private let bytes: [UInt8]

  /// The extents, outermost first; empty for a scalar.
  public var shape: [Int] { header.shape }
  /// The element type in the file.
  public var element: NPY.Element { header.element }
  /// The number of elements.
  public var count: Int { header.count }

  init(header: NPYHeader, bytes: [UInt8]) {
    self.header = header
    self.bytes = bytes
  }

  /// Some elements in row-major order, as numbers of double precision.
  ///
  /// - Throws: `npy.value` for an array of text.
  public func numbers(in range: Range<Int>? = nil) throws(ArchiveError) -> [Double] {
    try header.numbers(bytes, at: header.dataOffset, in: range ?? 0..<count)
  }

  /// Some elements in row-major order; numbers with a fraction are refused rather than cut.
  ///
  /// - Throws: `npy.value` for text, and for a number that is not whole.
  public func integers(in range: Range<Int>? = nil) throws(ArchiveError) -> [Int] {
    try header.integers(bytes, at: header.dataOffset, in: range ?? 0..<count)
  }

  /// Some elements of an array of text, without the zeros that pad them.
  ///
  /// - Throws: `npy.value` for an array of numbers, and for text that is not Unicode.
  public func texts(in range: Range<Int>? = nil) throws(ArchiveError) -> [String] {
    try header.texts(bytes, at: header.dataOffset, in: range ?? 0..<count)
  }
}
