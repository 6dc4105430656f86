/// Bytes that are not the canonical encoding of a value.
public struct NotCanonical: Error, Hashable, CustomStringConvertible {
  /// Where reading stopped, in bytes from the start.
  public let offset: Int
  public let reason: String
  public var description: String { "not a canonical encoding at byte \(offset): \(reason)" }
}

extension CanonicalValue {
  /// Decodes exactly one value; anything that `encoded` would not have written is refused.
  public init(decoding bytes: [UInt8]) throws(NotCanonical) {
    var reader = CanonicalReader(bytes: bytes)
    self = try reader.value(depth: 0)
    guard reader.offset == bytes.count else { throw reader.fault("bytes after the end") }
  }
}

private struct CanonicalReader {
  let bytes: [UInt8]
  var offset = 0

  /// Deeper than any action; a bound so that hostile bytes cannot exhaust the stack.
  static let deepest = 64

  func fault(_ reason: String) -> NotCanonical { NotCanonical(offset: offset, reason: reason) }

  mutating func value(depth: Int) throws(NotCanonical) -> CanonicalValue {
    guard depth < Self.deepest else { throw fault("nested too deeply") }
    let tag = try take(1)[0]
    switch tag {
    case UInt8(ascii: "n"): return .null
    case UInt8(ascii: "b"):
      let flag = try take(1)[0]
      guard flag < 2 else { throw fault("a truth value of \(flag)") }
      return .bool(flag == 1)
    case UInt8(ascii: "i"): return .integer(Int64(bitPattern: try word()))
    case UInt8(ascii: "d"):
      let value = Double(bitPattern: try word())
      guard !value.isNaN, !(value == 0 && value.sign == .minus) else {
        throw fault("a number that is never written")
      }
      return .number(value)
    case UInt8(ascii: "s"): return .text(try text())
    case UInt8(ascii: "h"): return .digest(Digest(bytes: try take(32))!)
    case UInt8(ascii: "l"):
      let count = try count()
      var values: [CanonicalValue] = []
      for _ in 0..<count { values.append(try value(depth: depth + 1)) }
      return .list(values)
    case UInt8(ascii: "m"): return .map(try entries(depth: depth))
    default: throw fault("an unknown tag \(tag)")
    }
  }

  private mutating func entries(depth: Int) throws(NotCanonical) -> [String: CanonicalValue] {
    let count = try count()
    var values: [String: CanonicalValue] = [:]
    var last: String?
    for _ in 0..<count {
      guard try take(1)[0] == UInt8(ascii: "s") else { throw fault("a key that is not text") }
      let key = try text()
      if let last, !last.utf8.lexicographicallyPrecedes(key.utf8) {
        throw fault("keys out of order")
      }
      // Two spellings of one text in Unicode are one key to a dictionary, and one entry would be lost.
      guard values.updateValue(try value(depth: depth + 1), forKey: key) == nil else {
        throw fault("a key twice")
      }
      last = key
    }
    return values
  }

  private mutating func text() throws(NotCanonical) -> String {
    let count = try count()
    guard let text = String(validating: try take(count), as: UTF8.self) else {
      throw fault("text that is not UTF-8")
    }
    return text
  }

  /// A length or count; never more than the bytes that are left, so nothing large is reserved.
  private mutating func count() throws(NotCanonical) -> Int {
    let count = try word()
    guard count <= UInt64(bytes.count - offset) else { throw fault("a length beyond the end") }
    return Int(count)
  }

  private mutating func word() throws(NotCanonical) -> UInt64 {
    try take(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func take(_ count: Int) throws(NotCanonical) -> ArraySlice<UInt8> {
    guard bytes.count - offset >= count else { throw fault("it ends early") }
    defer { offset += count }
    return ArraySlice(Array(bytes[offset..<offset + count]))
  }
}
