/// A value with exactly one encoding: the pre-image of every identity.
///
/// Each value is a tag byte followed by a fixed-width or length-prefixed body, so no two values
/// share an encoding and no concatenation is ambiguous:
///
/// | tag | body                                                                     |
/// |-----|--------------------------------------------------------------------------|
/// | `n` | nothing (null)                                                           |
/// | `b` | one byte, 0 or 1                                                         |
/// | `i` | 8 bytes, two's complement, big-endian                                    |
/// | `d` | 8 bytes, IEEE 754 bits, big-endian; -0 is written as 0, NaN is refused   |
/// | `s` | 8-byte length, UTF-8                                                     |
/// | `h` | 32 bytes, a digest                                                       |
/// | `l` | 8-byte count, the elements                                               |
/// | `m` | 8-byte count, key and value in turn, keys ascending by their UTF-8 bytes |
public enum CanonicalValue: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case digest(Digest)
  case list([CanonicalValue])
  case map([String: CanonicalValue])

  /// The one encoding of this value.
  public var encoded: [UInt8] {
    var bytes: [UInt8] = []
    encode(into: &bytes)
    return bytes
  }

  /// The SHA-256 of the encoding.
  public var identity: Digest { SHA256.digest(of: encoded) }

  private func encode(into bytes: inout [UInt8]) {
    switch self {
    case .null: bytes.append(UInt8(ascii: "n"))
    case .bool(let value): bytes += [UInt8(ascii: "b"), value ? 1 : 0]
    case .integer(let value):
      bytes.append(UInt8(ascii: "i"))
      append(UInt64(bitPattern: value), to: &bytes)
    case .number(let value):
      precondition(!value.isNaN, "a parameter that is not a number has no identity")
      bytes.append(UInt8(ascii: "d"))
      append((value == 0 ? 0 : value).bitPattern, to: &bytes)
    case .text(let value): append(value, to: &bytes)
    case .digest(let value):
      bytes.append(UInt8(ascii: "h"))
      bytes += value.bytes
    case .list(let values):
      bytes.append(UInt8(ascii: "l"))
      append(UInt64(values.count), to: &bytes)
      for value in values { value.encode(into: &bytes) }
    case .map(let values):
      bytes.append(UInt8(ascii: "m"))
      append(UInt64(values.count), to: &bytes)
      for (key, value) in Self.ordered(values) {
        append(key, to: &bytes)
        value.encode(into: &bytes)
      }
    }
  }

  /// The entries of a map in the order of their keys' UTF-8 bytes.
  public static func ordered(
    _ values: [String: CanonicalValue]
  ) -> [(key: String, value: CanonicalValue)] {
    values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  private func append(_ word: UInt64, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
  }

  private func append(_ text: String, to bytes: inout [UInt8]) {
    bytes.append(UInt8(ascii: "s"))
    append(UInt64(text.utf8.count), to: &bytes)
    bytes += text.utf8
  }
}

extension CanonicalValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .text(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(arrayLiteral elements: CanonicalValue...) { self = .list(elements) }
  public init(dictionaryLiteral elements: (String, CanonicalValue)...) {
    self = .map(Dictionary(uniqueKeysWithValues: elements))
  }
  /// A whole number.
  public init(_ value: Int) { self = .integer(Int64(value)) }
}

extension CanonicalValue {
  /// The entry of a map under a key; `nil` elsewhere.
  public subscript(key: String) -> CanonicalValue? {
    if case .map(let values) = self { values[key] } else { nil }
  }
  public var integer: Int? { if case .integer(let value) = self { Int(value) } else { nil } }
  /// A number, also when it was written as a whole number.
  public var number: Double? {
    switch self {
    case .number(let value): value
    case .integer(let value): Double(value)
    default: nil
    }
  }
  public var text: String? { if case .text(let value) = self { value } else { nil } }
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  public var digest: Digest? { if case .digest(let value) = self { value } else { nil } }
  public var list: [CanonicalValue]? { if case .list(let value) = self { value } else { nil } }
  public var map: [String: CanonicalValue]? {
    if case .map(let value) = self { value } else { nil }
  }
}

extension CanonicalValue: CustomStringConvertible {
  /// The value as people write it: the flow style of YAML, keys in order.
  public var description: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): shortestDecimal(value)
    case .text(let value): value
    case .digest(let value): value.hex
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    case .map(let values):
      "{"
        + Self.ordered(values).map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
    }
  }
}
