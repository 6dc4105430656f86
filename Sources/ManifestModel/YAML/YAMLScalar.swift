internal import Core

/// A scalar as the core schema of YAML 1.2 reads it: quoted is text, `yes` and `on` are text.
struct YAMLScalar: Hashable, Sendable {
  /// The types of the core schema.
  enum Value: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
  }

  /// How the scalar was written: only a plain one can be anything but text.
  enum Style: Hashable, Sendable { case plain, quoted, block }

  var value: Value
  /// The characters after unquoting and folding.
  var source: String
  var style: Style

  /// Reads the characters by their style and, where it is given, by a tag of the core schema.
  ///
  /// - Returns: `nil` if the tag is not a core scalar's or does not fit the characters.
  init?(_ source: String, style: Style, tag: String?) {
    let plain = Self.resolve(source)
    let value: Value? =
      switch tag {
      case nil: style == .plain ? plain : .text(source)
      case "!", "tag:yaml.org,2002:str": .text(source)
      case "tag:yaml.org,2002:null": plain == .null ? plain : nil
      case "tag:yaml.org,2002:bool": if case .bool = plain { plain } else { nil }
      case "tag:yaml.org,2002:int": if case .integer = plain { plain } else { nil }
      case "tag:yaml.org,2002:float":
        switch plain {
        case .integer(let whole): .number(Double(whole))
        case .number: plain
        default: nil
        }
      default: nil
      }
    guard let value else { return nil }
    self.value = value
    self.source = source
    self.style = style
  }

  /// How messages name the scalar.
  var summary: String {
    switch value {
    case .null: "nothing"
    case .bool(let value): "`\(value)`"
    case .integer, .number: "the number \(source)"
    case .text: "text `\(source.excerpt)`"
    }
  }

  private static func resolve(_ source: String) -> Value {
    switch source {
    case "", "~", "null", "Null", "NULL": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    // Text is by far the most common scalar, and its first character already tells.
    guard let first = source.utf8.first, isNumeric(first) else { return .text(source) }
    if let whole = integer(source) { return .integer(whole) }
    if let number = number(source) { return .number(number) }
    return .text(source)
  }

  private static func isNumeric(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "+") || byte == UInt8(ascii: ".")
  }

  private static func integer(_ source: String) -> Int? {
    if source.hasPrefix("0x") { return unsigned(source.dropFirst(2), radix: 16) }
    if source.hasPrefix("0o") { return unsigned(source.dropFirst(2), radix: 8) }
    return Int(source)
  }

  private static func unsigned(_ digits: Substring, radix: Int) -> Int? {
    // `Int(_:radix:)` takes a sign, which YAML does not allow after the prefix.
    digits.first?.isHexDigit == true ? Int(digits, radix: radix) : nil
  }

  /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, and the infinities.
  private static func number(_ source: String) -> Double? {
    var rest = Substring(source).utf8
    var sign = 1.0
    if let first = rest.first, first == UInt8(ascii: "-") || first == UInt8(ascii: "+") {
      sign = first == UInt8(ascii: "-") ? -1 : 1
      rest.removeFirst()
    }
    let unsigned = Substring(rest)
    if [".inf", ".Inf", ".INF"].contains(unsigned) { return sign * .infinity }
    if [".nan", ".NaN", ".NAN"].contains(source) { return .nan }
    func digits() -> Int {
      let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    var mantissa = digits()
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      mantissa += digits()
    }
    guard mantissa > 0 else { return nil }
    if let mark = rest.first, mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") {
      rest.removeFirst()
      if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
        rest.removeFirst()
      }
      guard digits() > 0 else { return nil }
    }
    guard rest.isEmpty else { return nil }
    // `1.` and `.5` are YAML but not Swift.
    var spelling = String(unsigned)
    if spelling.hasPrefix(".") { spelling = "0" + spelling }
    if let dot = spelling.firstIndex(of: "."),
      !(spelling[dot...].dropFirst().first?.isNumber ?? false)
    {
      spelling.insert("0", at: spelling.index(after: dot))
    }
    return Double(spelling).map { sign * $0 }
  }
}

extension String {
  /// The text for a message: one line, at most 60 characters.
  var excerpt: String {
    let line = prefix { !$0.isNewline }
    return line.count == count && count <= 60 ? self : line.prefix(57) + "..."
  }
}
