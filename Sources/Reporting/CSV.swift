private import Core

/// Rows of comma-separated values as RFC 4180 has them, but with line feeds.
struct CSV {
  private(set) var text: String

  /// Starts with a line of column names.
  init(columns: [String]) {
    text = ""
    append(columns)
  }

  /// Adds a line.
  mutating func append(_ fields: [String]) {
    text += fields.map(Self.field).joined(separator: ",") + "\n"
  }

  /// A shortest round-trip decimal; nothing for `nil`.
  static func number(_ value: Double?) -> String {
    value.map { $0 == 0 ? "0" : shortestDecimal($0) } ?? ""
  }

  /// The end of an interval: an interval that exists is unbounded where it has no end.
  static func end(_ end: Double?, isLow: Bool) -> String {
    end.map { number($0) } ?? (isLow ? "-inf" : "inf")
  }

  private static func field(_ text: String) -> String {
    // Unicode scalars, since a carriage return and a line feed make one character.
    let needsQuotes = text.unicodeScalars.contains {
      $0 == "\"" || $0 == "," || $0 == "\n" || $0 == "\r"
    }
    guard needsQuotes || text.hasPrefix(" ") || text.hasSuffix(" ") else { return text }
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" { quoted += "\"" }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }
}
