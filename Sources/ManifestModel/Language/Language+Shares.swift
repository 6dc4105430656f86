internal import Core

extension Language where Value == Located<SubsetSize> {
  /// A count of images, a percentage of the pool, or `all` of it.
  static var subsetSize: Language {
    let schema: JSONText = [
      "oneOf": [
        ["type": "integer", "minimum": 1, "maximum": .integer(largestSubset)],
        ["const": "all"],
        ["type": "string", "pattern": .text(percentPattern(includes100: true))],
      ]
    ]
    return Language(schema: .scalar(schema)) { node, reading in
      readSize(node, &reading).map { Located($0, at: node.location) }
    }
  }

  private static var largestSubset: Int { 10_000_000 }

  private static func readSize(_ node: YAMLNode, _ reading: inout Reading) -> SubsetSize? {
    let hint = "write a count such as `16`, a share such as `25%`, or `all`"
    switch node.scalar?.value {
    case .text("all"): return .all
    case .text(let text) where text.hasSuffix("%"):
      return readPercent(node, text, includes100: true, &reading).map(SubsetSize.percent)
    case .integer, .number:
      if case .number(let share)? = node.scalar?.value, share > 0, share < 1 {
        reading.wrongType(
          node, expected: "counts, percentages or `all`",
          hint: "write `\(shortestDecimal(fixedShare(share)))%` for a share of the pool")
        return nil
      }
      return readCount(node, &reading).map { .count($0) }
    default:
      reading.wrongType(node, expected: "counts, percentages or `all`", hint: hint)
      return nil
    }
  }

  private static func readCount(_ node: YAMLNode, _ reading: inout Reading) -> Int? {
    var scratch = Reading()
    let count = Language<Located<Int>>.integer(1...largestSubset).read(node, &scratch)?.value
    if !scratch.diagnostics.isEmpty {
      reading.error(
        count == nil ? "manifest.wrong-type" : "manifest.out-of-range",
        "a count of images is a whole number from 1 to \(largestSubset), not "
          + (node.scalar?.source.excerpt ?? ""),
        at: node.location, hint: "write a count such as `16`, or a share such as `25%`")
    }
    return count
  }

  /// A share in percent without the noise of binary fractions.
  private static func fixedShare(_ share: Double) -> Double {
    (share * 100_000).rounded() / 1000
  }
}

extension Language where Value == Located<Double> {
  /// A share between 0 and 1, also written as a percentage.
  static var share: Language {
    let range = NumberRange(lower: 0, upper: 1, excludesLower: true, excludesUpper: true)
    let schema: JSONText = [
      "oneOf": [
        .object([.init(name: "type", value: "number")] + range.keywords),
        ["type": "string", "pattern": .text(percentPattern(includes100: false))],
      ]
    ]
    return Language(schema: .scalar(schema)) { node, reading in
      if let text = node.text, text.hasSuffix("%") {
        return readPercent(node, text, includes100: false, &reading)
          .map { Located($0 / 100, at: node.location) }
      }
      guard node.text == nil else {
        reading.wrongType(node, expected: "a share", hint: "write a share such as `20%`")
        return nil
      }
      return Language.number(range).read(node, &reading)
    }
  }
}

/// Percentages above 0, up to 100 or below it.
private func percentPattern(includes100: Bool) -> String {
  let below = "[0-9]{1,2}(\\.[0-9]+)?"
  return "^(?!0+(\\.0+)?%$)" + (includes100 ? "(\(below)|100(\\.0+)?)" : "\(below)") + "%$"
}

private func readPercent(
  _ node: YAMLNode, _ text: String, includes100: Bool, _ reading: inout Reading
) -> Double? {
  let digits = text.dropLast()
  let isPlain = digits.utf8.allSatisfy {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: ".")
  }
  let whole = digits.prefix { $0 != "." }
  guard isPlain, !digits.hasPrefix("."), !digits.hasSuffix("."), let percent = Double(digits)
  else {
    reading.wrongType(
      node, expected: "a percentage", hint: "write digits before the `%`, such as `25%`")
    return nil
  }
  let isInRange = percent > 0 && (includes100 ? percent <= 100 : percent < 100)
  if !isInRange || whole.utf8.count > (percent == 100 ? 3 : 2) {
    reading.error(
      "manifest.out-of-range",
      "a share is above 0% and \(includes100 ? "at most" : "below") 100%, not \(text.excerpt)",
      at: node.location, hint: "write a share such as `25%`")
  }
  return percent
}
