/// The safetensors format: a JSON header and one buffer of row-major little-endian tensors.
///
/// Source: the format's README and `safetensors/src/tensor.rs`. The header may hold at most 100 MB;
/// tensors fill the buffer without holes, overlaps or bytes left over.
public enum Safetensors {
  /// A file's tensors in the order of its header, and its metadata.
  public struct Content: Hashable, Sendable {
    /// In the order of the header.
    public var tensors: [ArchivedTensor]
    /// The texts of `__metadata__`; empty if there are none.
    public var metadata: [String: String]
  }

  /// The format's own limit of the header, in bytes.
  static let longestHeader = 100_000_000

  private static let part = "safetensors header"

  /// Reads a file; every element type but the 8-bit floats is widened to Float32.
  public static func decode(_ bytes: [UInt8]) throws(ArchiveError) -> Content {
    let header = try headerRange(bytes)
    guard case .object(let members) = try StrictJSON.decode(bytes, in: header, part: part) else {
      throw ArchiveError(.headerSyntax, in: part, "it is not an object")
    }
    var metadata: [String: String] = [:]
    var entries: [Entry] = []
    var seen: Set<String> = []
    for member in members {
      guard seen.insert(member.key).inserted else {
        throw ArchiveError(
          .duplicateName, in: part, "`\(ArchiveError.shown(member.key))` stands twice")
      }
      if member.key == "__metadata__" {
        metadata = try texts(member.value)
      } else {
        entries.append(try Entry(member))
      }
    }
    try checkLayout(entries, buffer: bytes.count - header.upperBound)
    var tensors: [ArchivedTensor] = []
    for entry in entries { tensors.append(try entry.tensor(bytes, buffer: header.upperBound)) }
    return Content(tensors: tensors, metadata: metadata)
  }

  private static func headerRange(_ bytes: [UInt8]) throws(ArchiveError) -> Range<Int> {
    var reader = ByteReader(bytes, part: part)
    let length = try reader.unsigned(8)
    guard length <= UInt64(longestHeader) else {
      throw ArchiveError(
        .headerLength, in: part, at: .byte(0),
        "a length of \(length) bytes, where \(longestHeader) is the most")
    }
    guard length <= UInt64(reader.remaining) else {
      throw ArchiveError(
        .truncated, in: part, at: .byte(0),
        "a length of \(length) bytes in a file of \(bytes.count)",
        hint: "the file is damaged or was not copied whole")
    }
    let range = try reader.take(Int(length))
    guard bytes[range].first == UInt8(ascii: "{") else {
      throw ArchiveError(.headerSyntax, in: part, at: .byte(0), "it does not begin with `{`")
    }
    return range
  }

  private static func texts(_ value: StrictJSON) throws(ArchiveError) -> [String: String] {
    var texts: [String: String] = [:]
    guard case .object(let members) = value else {
      throw ArchiveError(.headerSyntax, in: part, "`__metadata__` is not an object")
    }
    for member in members {
      guard case .text(let text) = member.value else {
        throw ArchiveError(.headerSyntax, in: part, "a value of `__metadata__` is not a text")
      }
      guard texts.updateValue(text, forKey: member.key) == nil else {
        throw ArchiveError(.duplicateName, in: part, "a key of `__metadata__` stands twice")
      }
    }
    return texts
  }

  /// Tensors must tile the buffer exactly, in whatever order they are listed.
  private static func checkLayout(_ entries: [Entry], buffer: Int) throws(ArchiveError) {
    for entry in entries where entry.end > buffer {
      throw ArchiveError(
        .offsetsBeyondEnd, in: entry.part,
        "its offsets reach byte \(entry.end) of a buffer of \(buffer)")
    }
    var filled = 0
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      if entry.begin > filled {
        throw ArchiveError(
          .hole, in: entry.part, "\(entry.begin - filled) bytes before it belong to no tensor")
      }
      if entry.begin < filled {
        throw ArchiveError(.overlap, in: entry.part, "it overlaps the tensor before it")
      }
      filled = entry.end
    }
    guard filled == buffer else {
      throw ArchiveError(
        .trailingBytes, in: "safetensors buffer", at: .byte(filled),
        "\(buffer - filled) bytes after the last tensor")
    }
  }
}

/// One tensor of the header: where its bytes are, relative to the buffer.
private struct Entry {
  var name: String
  var type: ElementType
  var shape: [Int]
  var begin: Int
  var end: Int

  var part: String { "tensor `\(ArchiveError.shown(name))`" }

  init(_ member: StrictJSON.Member) throws(ArchiveError) {
    name = member.key
    let part = "tensor `\(ArchiveError.shown(member.key))`"
    guard case .object(let fields) = member.value,
      fields.count == 3, Set(fields.map(\.key)) == ["dtype", "shape", "data_offsets"],
      case .text(let typeName)? = fields.first(where: { $0.key == "dtype" })?.value,
      let shape = Self.counts(fields.first { $0.key == "shape" }?.value),
      let offsets = Self.counts(fields.first { $0.key == "data_offsets" }?.value),
      offsets.count == 2
    else {
      throw ArchiveError(
        .headerSyntax, in: part, "it needs `dtype`, `shape` and two `data_offsets`, once each")
    }
    guard let type = ElementType(rawValue: typeName) else {
      throw ArchiveError(
        .elementType, in: part,
        "the element type `\(ArchiveError.shown(typeName))` is not supported",
        hint: "save the weights as float32")
    }
    guard shape.count <= StridedView.mostDimensions, let count = elementCount(of: shape),
      case (let size, let overflow) = count.multipliedReportingOverflow(by: type.size), !overflow
    else { throw ArchiveError(.shape, in: part, "a shape that cannot be counted") }
    (begin, end) = (offsets[0], offsets[1])
    guard begin <= end else {
      throw ArchiveError(.offsetsReversed, in: part, "it ends at \(end), before it begins")
    }
    guard size == end - begin else {
      throw ArchiveError(
        .sizeMismatch, in: part,
        "its shape needs \(size) bytes and its offsets hold \(end - begin)")
    }
    self.type = type
    self.shape = shape
  }

  func tensor(_ bytes: [UInt8], buffer: Int) throws(ArchiveError) -> ArchivedTensor {
    #if _endian(little)
      // Its size was checked against its shape, and its place against the buffer.
      if type == .f32 {
        return ArchivedTensor(name: name, shape: shape, float32In: bytes, at: buffer + begin)
      }
    #endif
    var strides = [Int](repeating: 1, count: shape.count)
    // An empty tensor is never walked; its strides may wrap.
    for axis in strides.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] &* shape[axis + 1]
    }
    let values = try StridedView(offset: 0, shape: shape, strides: strides).materialised(
      from: bytes, in: buffer + begin..<buffer + end, count: (end - begin) / type.size,
      type: type, subject: part)
    return ArchivedTensor(name: name, shape: shape, values: values, elementType: type.rawValue)
  }

  /// Whole numbers from 0; `nil` for anything else.
  private static func counts(_ value: StrictJSON?) -> [Int]? {
    guard case .array(let elements)? = value else { return nil }
    var counts: [Int] = []
    for element in elements {
      guard case .integer(let count) = element, count >= 0 else { return nil }
      counts.append(count)
    }
    return counts
  }
}
