/// JSON read with its order and its duplicates kept, so that a header can be refused for them.
enum StrictJSON: Hashable {
  case null
  case bool(Bool)
  case integer(Int)
  case real(Double)
  case text(String)
  case array([StrictJSON])
  case object([Member])

  /// One entry of an object.
  struct Member: Hashable {
    var key: String
    var value: StrictJSON
  }

  /// Reads exactly one value, with white space around it.
  static func decode(
    _ bytes: [UInt8], in range: Range<Int>, part: String
  ) throws(ArchiveError) -> StrictJSON {
    var reader = StrictJSONReader(
      bytes: bytes, start: range.lowerBound, end: range.upperBound, part: part)
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.offset == range.upperBound else { throw reader.fault("text after the end") }
    return value
  }
}

private struct StrictJSONReader {
  let bytes: [UInt8]
  let start: Int
  let end: Int
  let part: String
  var offset: Int

  /// Headers nest three deep; a bound so that hostile bytes cannot exhaust the stack.
  static let deepest = 16

  init(bytes: [UInt8], start: Int, end: Int, part: String) {
    self.bytes = bytes
    self.start = start
    self.end = end
    self.part = part
    offset = start
  }

  func fault(_ reason: String) -> ArchiveError {
    ArchiveError(.headerSyntax, in: part, at: .byte(offset - start), reason)
  }

  mutating func skipSpace() {
    while offset < end, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
  }

  private func peek() -> UInt8 { offset < end ? bytes[offset] : 0 }

  private mutating func expect(_ character: Character) throws(ArchiveError) {
    skipSpace()
    guard offset < end, bytes[offset] == character.asciiValue else {
      throw fault("`\(character)` is expected here")
    }
    offset += 1
  }

  private mutating func accept(_ word: String) -> Bool {
    guard bytes[offset..<end].starts(with: word.utf8) else { return false }
    offset += word.utf8.count
    return true
  }

  mutating func value(depth: Int) throws(ArchiveError) -> StrictJSON {
    guard depth < Self.deepest else { throw fault("nested too deeply") }
    skipSpace()
    switch peek() {
    case UInt8(ascii: "{"): return .object(try members(depth: depth))
    case UInt8(ascii: "["): return .array(try elements(depth: depth))
    case UInt8(ascii: "\""): return .text(try string())
    case UInt8(ascii: "t") where accept("true"): return .bool(true)
    case UInt8(ascii: "f") where accept("false"): return .bool(false)
    case UInt8(ascii: "n") where accept("null"): return .null
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw fault("no value stands here")
    }
  }

  private mutating func members(depth: Int) throws(ArchiveError) -> [StrictJSON.Member] {
    var members: [StrictJSON.Member] = []
    try expect("{")
    skipSpace()
    if accept("}") { return members }
    while true {
      skipSpace()
      let key = try string()
      try expect(":")
      members.append(.init(key: key, value: try value(depth: depth + 1)))
      skipSpace()
      if accept("}") { return members }
      try expect(",")
    }
  }

  private mutating func elements(depth: Int) throws(ArchiveError) -> [StrictJSON] {
    var elements: [StrictJSON] = []
    try expect("[")
    skipSpace()
    if accept("]") { return elements }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if accept("]") { return elements }
      try expect(",")
    }
  }

  private mutating func number() throws(ArchiveError) -> StrictJSON {
    let first = offset
    while offset < end, Self.numeric.contains(bytes[offset]) { offset += 1 }
    let text = String(decoding: bytes[first..<offset], as: UTF8.self)
    let digits = text.hasPrefix("-") ? text.dropFirst() : Substring(text)
    let leadingZero = digits.hasPrefix("0") && digits.dropFirst().first?.isNumber == true
    if !leadingZero, digits.first?.isNumber == true {
      if let integer = Int(text) { return .integer(integer) }
      if let real = Double(text), real.isFinite { return .real(real) }
    }
    offset = first
    throw fault("not a number")
  }

  private static let numeric = Set("0123456789+-.eE".utf8)

  private mutating func string() throws(ArchiveError) -> String {
    guard accept("\"") else { throw fault("a text in quotes is expected here") }
    var text: [UInt8] = []
    while true {
      guard offset < end else { throw fault("a text without its closing quote") }
      let byte = bytes[offset]
      guard byte >= 0x20 else { throw fault("a control character inside a text") }
      offset += 1
      if byte == UInt8(ascii: "\"") { break }
      if byte == UInt8(ascii: "\\") {
        text += String(try escape()).utf8
      } else {
        text.append(byte)
      }
    }
    guard let valid = String(validating: text, as: UTF8.self) else {
      throw fault("a text that is not UTF-8")
    }
    return valid
  }

  private mutating func escape() throws(ArchiveError) -> Unicode.Scalar {
    let letter = peek()
    offset += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try hexadecimal()
      if let scalar = Unicode.Scalar(unit) { return scalar }
      // Beyond the basic plane a character is two escapes, high half first.
      guard (0xD800..<0xDC00).contains(unit), accept("\\u") else { throw fault("half a character") }
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else { throw fault("half a character") }
      return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))!
    default: throw fault("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(ArchiveError) -> UInt32 {
    guard end - offset >= 4 else { throw fault("an escape that is cut short") }
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue else {
        throw fault("an escape that is not hexadecimal")
      }
      value = value << 4 | UInt32(digit)
      offset += 1
    }
    return value
  }
}
