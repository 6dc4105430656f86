/// A tagged part of a MAT file: what it holds, and where.
///
/// The format is MathWorks' "MAT-File Format" (level 5).
struct MATElement {
  /// The kinds of part that we can meet, with MathWorks' numbers.
  enum Kind: UInt32 {
    case int8 = 1
    case uint8
    case int16
    case uint16
    case int32
    case uint32
    case single
    case double = 9
    case int64 = 12
    case uint64
    case matrix
    case compressed

    /// Bytes of a number; `nil` for what is none.
    var width: Int? {
      switch self {
      case .int8, .uint8: 1
      case .int16, .uint16: 2
      case .int32, .uint32, .single: 4
      case .double, .int64, .uint64: 8
      case .matrix, .compressed: nil
      }
    }
  }

  /// `nil` for a kind that no array of numbers has, such as text.
  var type: Kind?
  /// Where the content stands.
  var data: Range<Int>

  /// Reads a tag and steps over the content, and over the filling that follows it inside a variable.
  init(_ reader: inout ByteReader, isPadded: Bool) throws(ArchiveError) {
    let word = try reader.count(4)
    if word >> 16 != 0 {
      // Up to four bytes share the tag's second half.
      type = Kind(rawValue: UInt32(word & 0xFFFF))
      let size = word >> 16
      guard size <= 4 else {
        throw ArchiveError(
          .matElement, in: reader.part, at: reader.place, "a short part of \(size) bytes")
      }
      let field = try reader.take(4)
      data = field.lowerBound..<field.lowerBound + size
      return
    }
    type = Kind(rawValue: UInt32(word))
    data = try reader.take(try reader.count(4))
    if isPadded { try reader.skip(to: 8) }
  }
}

extension ByteReader {
  /// Steps over what fills up to a multiple, counted from the reader's start; a file may end before.
  mutating func skip(to multiple: Int) throws(ArchiveError) {
    let excess = (offset - origin) % multiple
    guard excess != 0 else { return }
    _ = try take(min(multiple - excess, remaining))
  }
}

extension MATArray {
  /// Reads a variable; `nil` if it is not wanted or no real array of numbers.
  static func read(
    _ bytes: [UInt8], in range: Range<Int>, part: String, names: Set<String>?
  ) throws(ArchiveError) -> MATArray? {
    func fault(_ reason: String) -> ArchiveError { ArchiveError(.matElement, in: part, reason) }
    // MATLAB writes empty variables for what it cannot store.
    guard !range.isEmpty else { return nil }
    var reader = ByteReader(bytes, in: range, part: part)
    let flags = try MATElement(&reader, isPadded: true)
    guard flags.type == .uint32, flags.data.count == 8 else {
      throw fault("a variable without its flags")
    }
    let (kind, bits) = (bytes[flags.data.lowerBound], bytes[flags.data.lowerBound + 1])
    // 6...15 are the numeric classes; bit 3 of the second byte says that numbers are complex.
    guard (6...15).contains(kind), bits & 0b1000 == 0 else { return nil }
    let extents = try MATElement(&reader, isPadded: true)
    guard extents.type == .int32, extents.data.count % 4 == 0, (8...64).contains(extents.data.count)
    else { throw fault("a variable without its extents") }
    var shape: [Int] = []
    var fields = ByteReader(bytes, in: extents.data, part: part)
    while fields.remaining > 0 { shape.append(try fields.count(4)) }
    let title = try MATElement(&reader, isPadded: true)
    guard title.type == .int8 || title.type == .uint8, title.data.count <= 1024,
      let name = String(validating: bytes[title.data], as: UTF8.self)
    else { throw fault("a variable without its name") }
    if let names, !names.contains(name) { return nil }
    let shown = ArchiveError.shown(name)
    guard let count = elementCount(of: shape), count <= mostElements else {
      throw ArchiveError(
        .tooLarge, in: part, "`\(shown)` has more than \(mostElements) elements")
    }
    let values = try MATElement(&reader, isPadded: true)
    guard let type = values.type, let width = type.width, values.data.count == count * width else {
      throw fault("`\(shown)` does not hold as many numbers as it says")
    }
    guard reader.remaining == 0 else { throw fault("`\(shown)` holds more than its numbers") }
    return MATArray(
      name: name, shape: shape, columnMajor: numbers(bytes, in: values.data, type, count))
  }

  private static func numbers(
    _ bytes: [UInt8], in range: Range<Int>, _ type: MATElement.Kind, _ count: Int
  ) -> [Double] {
    bytes.withUnsafeBytes { all in
      let start = all.baseAddress! + range.lowerBound
      func word<Word: FixedWidthInteger>(_ i: Int, _: Word.Type) -> Word {
        Word(
          littleEndian: start.loadUnaligned(
            fromByteOffset: i * MemoryLayout<Word>.size, as: Word.self))
      }
      return (0..<count).map { i in
        switch type {
        case .int8: Double(word(i, Int8.self))
        case .uint8: Double(word(i, UInt8.self))
        case .int16: Double(word(i, Int16.self))
        case .uint16: Double(word(i, UInt16.self))
        case .int32: Double(word(i, Int32.self))
        case .uint32: Double(word(i, UInt32.self))
        case .single: Double(Float(bitPattern: word(i, UInt32.self)))
        case .double: Double(bitPattern: word(i, UInt64.self))
        case .int64: Double(word(i, Int64.self))
        case .uint64: Double(word(i, UInt64.self))
        case .matrix, .compressed: .nan
        }
      }
    }
  }
}
