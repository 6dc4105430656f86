internal import Core

/// Lines of a text as YAML counts them: they end at CR LF, CR, LF, NEL, LS and PS.
enum SourceText {
  /// The lines without their ends.
  static func lines(of text: String) -> [String] {
    var lines: [String] = []
    var line = String.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      defer { previous = scalar }
      if scalar == "\n", previous == "\r" { continue }
      if isBreak(scalar) {
        lines.append(String(line))
        line = String.UnicodeScalarView()
      } else {
        line.append(scalar)
      }
    }
    return lines + [String(line)]
  }

  /// The place that follows some bytes of a file; bytes that are not UTF-8 count one each.
  static func location(
    after bytes: some Collection<UInt8>, file: String
  ) -> SourceLocation {
    let lines = lines(of: String(decoding: bytes, as: UTF8.self))
    return SourceLocation(
      file: file, line: lines.count, column: lines[lines.count - 1].unicodeScalars.count + 1)
  }

  /// How many leading bytes are valid UTF-8.
  static func validPrefix(of bytes: [UInt8]) -> Int {
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    var valid = 0
    while case .scalarValue(let scalar) = decoder.decode(&iterator) {
      valid += UTF8.width(scalar)
    }
    return valid
  }

  private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
    default: false
    }
  }
}
