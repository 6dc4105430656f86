internal import Core

extension Language where Value == Located<Int> {
  /// A whole number in a range; `2.0e+5` is one.
  static func integer(_ range: ClosedRange<Int>, multipleOf step: Int = 1) -> Language {
    var keywords: [JSONText.Member] = [
      .init(name: "type", value: "integer"),
      .init(name: "minimum", value: .integer(range.lowerBound)),
      .init(name: "maximum", value: .integer(range.upperBound)),
    ]
    if step > 1 { keywords.append(.init(name: "multipleOf", value: .integer(step))) }
    let limits = "from \(range.lowerBound) to \(range.upperBound)"
    return Language(schema: .scalar(.object(keywords))) { node, reading in
      let value: Int
      switch node.scalar?.value {
      case .integer(let whole): value = whole
      case .number(let number) where number.rounded() == number && number.isFinite:
        // What does not fit is out of every range; where exactly does not matter.
        value = Int(exactly: number) ?? (number < 0 ? .min : .max)
      default:
        reading.wrongType(
          node, expected: "a whole number", hint: "write a whole number \(limits)")
        return nil
      }
      let nearest = min(max(value, range.lowerBound), range.upperBound)
      let number = node.scalar?.source ?? "\(value)"
      if nearest != value {
        reading.error(
          "manifest.out-of-range", "\(reading.subject) is \(limits), not \(number.excerpt)",
          at: node.location, hint: "set `\(reading.key): \(nearest)`")
      } else if value % step != 0 {
        let rounded = max((value + step / 2) / step * step, range.lowerBound)
        reading.error(
          "manifest.not-a-multiple", "\(reading.subject) is a multiple of \(step), not \(number)",
          at: node.location, hint: "set `\(reading.key): \(rounded)`")
      }
      return Located(value, at: node.location)
    }
  }
}

/// The numbers that a key takes.
struct NumberRange: Sendable {
  var lower: Double
  var upper: Double
  var excludesLower = false
  var excludesUpper = false

  /// The range as messages write it.
  var text: String {
    "\(excludesLower ? "above" : "from") \(shortestDecimal(lower)) "
      + "\(excludesUpper ? "and below" : "to") \(shortestDecimal(upper))"
  }

  /// Whether a number is in the range; NaN is in none.
  func contains(_ value: Double) -> Bool {
    (excludesLower ? value > lower : value >= lower)
      && (excludesUpper ? value < upper : value <= upper)
  }

  /// The keywords of JSON Schema.
  var keywords: [JSONText.Member] {
    [
      .init(name: excludesLower ? "exclusiveMinimum" : "minimum", value: .number(lower)),
      .init(name: excludesUpper ? "exclusiveMaximum" : "maximum", value: .number(upper)),
    ]
  }
}

extension Language where Value == Located<Double> {
  /// A finite number in a range.
  static func number(_ range: NumberRange) -> Language {
    let schema = JSONText.object([.init(name: "type", value: "number")] + range.keywords)
    return Language(schema: .scalar(schema)) { node, reading in
      let value: Double
      switch node.scalar?.value {
      case .integer(let whole): value = Double(whole)
      case .number(let number): value = number
      default:
        reading.wrongType(node, expected: "a number", hint: "write a number \(range.text)")
        return nil
      }
      if !range.contains(value) {
        reading.error(
          "manifest.out-of-range",
          "\(reading.subject) is \(range.text), not \(node.scalar?.source.excerpt ?? "")",
          at: node.location, hint: "write a number \(range.text)")
      }
      // A value that has no encoding must not reach one, not even on the way to an error.
      return Located(value.isFinite ? value : range.lower, at: node.location)
    }
  }
}

extension Language where Value == Located<Bool> {
  /// `true` or `false`, and nothing that YAML 1.1 took for them.
  static var bool: Language {
    Language(schema: .scalar(["type": "boolean"])) { node, reading in
      guard case .bool(let value)? = node.scalar?.value else {
        reading.wrongType(
          node, expected: "`true` or `false`", hint: "write `true` or `false`")
        return nil
      }
      return Located(value, at: node.location)
    }
  }
}

extension Language where Value == Located<String> {
  /// Text that is not empty.
  static var text: Language {
    Language(schema: .scalar(["type": "string", "minLength": 1])) { node, reading in
      guard let text = plainText(node, &reading) else { return nil }
      if text.isEmpty {
        reading.error(
          "manifest.empty-text", "\(reading.subject) is empty", at: node.location,
          hint: "write some text, or remove the key")
      }
      return Located(text, at: node.location)
    }
  }

  /// A name that files, folders and step ids can carry.
  static var name: Language {
    let keywords: JSONText = ["type": "string", "pattern": .text(namePattern), "maxLength": 100]
    return Language(schema: .scalar(keywords)) { node, reading in
      guard let text = plainText(node, &reading) else { return nil }
      checkName(Located(text, at: node.location), &reading)
      return Located(text, at: node.location)
    }
  }

  /// Hexadecimal digits.
  static func hexadecimal(_ counts: ClosedRange<Int>) -> Language {
    let pattern = "^[0-9a-fA-F]{\(counts.lowerBound),\(counts.upperBound)}$"
    return Language(schema: .scalar(["type": "string", "pattern": .text(pattern)])) {
      node, reading in
      guard let text = plainText(node, &reading) else { return nil }
      if !counts.contains(text.utf8.count) || !text.utf8.allSatisfy(isHexadecimal) {
        let count =
          counts.lowerBound == counts.upperBound
          ? "\(counts.upperBound)" : "\(counts.lowerBound) to \(counts.upperBound)"
        reading.error(
          "manifest.not-hexadecimal",
          "\(reading.subject) is \(count) hexadecimal digits, not `\(text.excerpt)`",
          at: node.location,
          hint: "copy the digits that `microtome plan` prints for a dataset, `sha256sum` for a file"
        )
      }
      return Located(text.lowercased(), at: node.location)
    }
  }

  private static func plainText(_ node: YAMLNode, _ reading: inout Reading) -> String? {
    if let text = node.text { return text }
    switch node.scalar?.value {
    case .integer, .number, .bool:
      reading.wrongType(
        node, expected: "text", hint: "put it in quotes: \"\(node.scalar?.source.excerpt ?? "")\"")
    default: reading.wrongType(node, expected: "text", hint: "write text")
    }
    return nil
  }
}

/// The names that a manifest may give: no separators, no hidden files, no climbing out.
let namePattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$"

/// Reports a name that `namePattern` does not match.
func checkName(_ name: Located<String>, _ reading: inout Reading) {
  let isWord = name.value.utf8.allSatisfy {
    isAlphanumeric($0) || [UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: ".")].contains($0)
  }
  if isWord, name.value.utf8.count <= 100, name.value.utf8.first.map(isAlphanumeric) ?? false {
    return
  }
  reading.error(
    "manifest.bad-name", "`\(name.value.excerpt)` cannot be a name", at: name.location,
    hint: "use letters, digits, `-`, `_` and `.`, a letter or digit first, at most 100 of them")
}

private func isAlphanumeric(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
    UInt8(ascii: "A")...UInt8(ascii: "Z"):
    true
  default: false
  }
}

private func isHexadecimal(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
    UInt8(ascii: "A")...UInt8(ascii: "F"):
    true
  default: false
  }
}
