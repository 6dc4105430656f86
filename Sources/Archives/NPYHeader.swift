/// What an NPY file says of its array; enough to read a large one in pieces.
public struct NPYHeader: Hashable, Sendable {
  /// The element type in the file.
  public let element: NPY.Element
  /// The extents, outermost first; empty for a scalar.
  public let shape: [Int]
  /// Where the elements begin, in bytes from the start of the file.
  public let dataOffset: Int
  /// The number of elements.
  public let count: Int

  /// Bytes of all elements.
  public var dataSize: Int { count * element.size }

  /// The first bytes of every NPY file.
  static let magic: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]
  private static let part = "NPY header"
  /// NumPy's own limit for headers that it parses without being told to trust them.
  private static let longest = 10_000

  /// Reads the header from the beginning of a file; 10,012 bytes are always enough.
  ///
  /// Arrays in Fortran's order, of big-endian numbers or of records are refused.
  public init(decoding bytes: [UInt8]) throws(ArchiveError) {
    let fields = try Self.fields(of: bytes)
    dataOffset = fields.dataOffset
    element = try Self.element(fields.type)
    guard !fields.fortran || fields.shape.filter({ $0 != 1 }).count < 2 else {
      throw ArchiveError(
        .npyHeader, in: Self.part, "the array is in Fortran's order",
        hint: "save it with numpy.ascontiguousarray")
    }
    guard let count = elementCount(of: fields.shape),
      !count.multipliedReportingOverflow(by: element.size).overflow
    else { throw ArchiveError(.shape, in: Self.part, "a shape that cannot be counted") }
    shape = fields.shape
    self.count = count
  }

  /// The header of elements that stand somewhere else than in an NPY file.
  init(element: NPY.Element, shape: [Int], count: Int) {
    self.element = element
    self.shape = shape
    self.count = count
    dataOffset = 0
  }

  /// What the header's literal says, whatever the elements are.
  static func fields(
    of bytes: [UInt8]
  ) throws(ArchiveError) -> (type: String, fortran: Bool, shape: [Int], dataOffset: Int) {
    guard bytes.starts(with: magic) else {
      throw ArchiveError(.npyHeader, in: part, at: .byte(0), "it is not an NPY file")
    }
    var reader = ByteReader(bytes, part: part)
    _ = try reader.take(magic.count)
    let version = try reader.unsigned(2)
    guard [1, 2, 3].contains(version) else {
      throw ArchiveError(.npyHeader, in: part, at: .byte(6), "a version that is not known")
    }
    let length = try reader.count(version == 1 ? 2 : 4)
    guard length <= longest else {
      throw ArchiveError(.npyHeader, in: part, "a length of \(length) bytes")
    }
    let range = try reader.take(length)
    var literal = PythonLiteral(text: Array(bytes[range]))
    guard let fields = literal.header() else {
      throw ArchiveError(
        .npyHeader, in: part, at: .byte(range.lowerBound + literal.offset),
        "it needs `descr`, `fortran_order` and `shape`, once each and as simple values",
        hint: "arrays of records are not read")
    }
    return (fields.type, fields.fortran, fields.shape, range.upperBound)
  }

  /// The element type that a `descr` such as `<f4` names.
  static func element(_ type: String) throws(ArchiveError) -> NPY.Element {
    let order = type.first
    if let kind = type.dropFirst().first.flatMap(NPY.Element.Kind.init),
      let width = Int(type.dropFirst(2)), width >= 0, width <= 1 << 16
    {
      let size = kind == .text ? 4 * width : width
      let known: Bool =
        switch kind {
        case .unsigned, .signed: [1, 2, 4, 8].contains(size)
        case .float: size == 4 || size == 8
        case .bool: size == 1
        case .text: size > 0
        }
      if known, order == "<" || (order == "|" && size == 1) {
        return NPY.Element(kind, size: size)
      }
      if known, order == ">" {
        throw ArchiveError(
          .bigEndian, in: part, "the numbers are not little-endian", hint: "save them as `<`")
      }
    }
    throw ArchiveError(
      .elementType, in: part, "the element type `\(ArchiveError.shown(type))` is not supported")
  }
}

extension NPYHeader {
  /// Elements from bytes that begin with element 0 at `start`; `range` counts elements.
  ///
  /// - Precondition: The bytes hold the range.
  public func numbers(
    _ bytes: [UInt8], at start: Int, in range: Range<Int>
  ) throws(ArchiveError) -> [Double] {
    guard element.kind != .text else {
      throw ArchiveError(.npyValue, in: "NPY data", "it holds text, not numbers")
    }
    precondition(start + range.upperBound * element.size <= bytes.count, "elements beyond the end")
    return bytes.withUnsafeBytes { all in
      range.map { number(at: all.baseAddress! + start + $0 * element.size) }
    }
  }

  /// Whole numbers, likewise.
  public func integers(
    _ bytes: [UInt8], at start: Int, in range: Range<Int>
  ) throws(ArchiveError) -> [Int] {
    if element.size == 8, element.kind != .float, element.kind != .text {
      precondition(start + range.upperBound * 8 <= bytes.count, "elements beyond the end")
      // Through Double they would lose their last bits.
      var integers: [Int] = []
      integers.reserveCapacity(range.count)
      for i in range {
        let word = bytes[start + i * 8..<start + i * 8 + 8].reversed()
          .reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
        guard element.kind == .signed || word <= UInt64(Int.max) else { throw notWhole(i) }
        integers.append(Int(truncatingIfNeeded: word))
      }
      return integers
    }
    let numbers = try numbers(bytes, at: start, in: range)
    var integers: [Int] = []
    integers.reserveCapacity(numbers.count)
    for (position, number) in numbers.enumerated() {
      guard let integer = Int(exactly: number) else { throw notWhole(range.lowerBound + position) }
      integers.append(integer)
    }
    return integers
  }

  /// Texts, likewise.
  public func texts(
    _ bytes: [UInt8], at start: Int, in range: Range<Int>
  ) throws(ArchiveError) -> [String] {
    guard element.kind == .text else {
      throw ArchiveError(.npyValue, in: "NPY data", "it holds numbers, not text")
    }
    precondition(start + range.upperBound * element.size <= bytes.count, "elements beyond the end")
    var texts: [String] = []
    for i in range {
      var scalars = String.UnicodeScalarView()
      for unit in stride(from: start + i * element.size, to: start + (i + 1) * element.size, by: 4)
      {
        let word = (0..<4).reduce(0 as UInt32) { $0 | UInt32(bytes[unit + $1]) << (8 * $1) }
        guard let scalar = Unicode.Scalar(word) else {
          throw ArchiveError(.npyValue, in: "NPY data", "element \(i) is not Unicode text")
        }
        scalars.append(scalar)
      }
      while scalars.last == "\0" { scalars.removeLast() }
      texts.append(String(scalars))
    }
    return texts
  }

  private func notWhole(_ index: Int) -> ArchiveError {
    ArchiveError(.npyValue, in: "NPY data", "element \(index) is not a whole number that fits")
  }

  private func number(at address: UnsafeRawPointer) -> Double {
    func word<Word: FixedWidthInteger>(_: Word.Type) -> Word {
      Word(littleEndian: address.loadUnaligned(as: Word.self))
    }
    return switch (element.kind, element.size) {
    case (.unsigned, 1): Double(word(UInt8.self))
    case (.unsigned, 2): Double(word(UInt16.self))
    case (.unsigned, 4): Double(word(UInt32.self))
    case (.unsigned, _): Double(word(UInt64.self))
    case (.signed, 1): Double(word(Int8.self))
    case (.signed, 2): Double(word(Int16.self))
    case (.signed, 4): Double(word(Int32.self))
    case (.signed, _): Double(word(Int64.self))
    case (.float, 4): Double(Float(bitPattern: word(UInt32.self)))
    case (.float, _): Double(bitPattern: word(UInt64.self))
    case (.bool, _): word(UInt8.self) == 0 ? 0 : 1
    case (.text, _): .nan
    }
  }
}
