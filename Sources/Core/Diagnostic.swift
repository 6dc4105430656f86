/// One finding about one place: what is wrong, where, and what to do about it.
public struct Diagnostic: Hashable, Sendable {
  /// Whether the finding stops the command.
  public enum Severity: String, Hashable, Sendable, Codable { case error, warning }

  /// A stable, greppable identity such as `manifest.unknown-key`; never reworded, never reused.
  public struct Code: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let name: String
    public init(stringLiteral name: String) { self.name = name }
    public var description: String { name }
  }

  public var severity: Severity
  public var code: Code
  public var message: String
  public var location: SourceLocation?
  /// The edit that would make this finding go away, as an imperative: "set `replicates: 7`".
  public var hint: String?

  public init(
    severity: Severity, code: Code, message: String, location: SourceLocation?, hint: String? = nil
  ) {
    self.severity = severity
    self.code = code
    self.message = message
    self.location = location
    self.hint = hint
  }

  /// A finding that stops the command.
  public static func error(
    _ code: Code, _ message: String, at location: SourceLocation?, hint: String? = nil
  ) -> Diagnostic {
    Diagnostic(severity: .error, code: code, message: message, location: location, hint: hint)
  }

  /// A finding that is shown and does not stop the command.
  public static func warning(
    _ code: Code, _ message: String, at location: SourceLocation?, hint: String? = nil
  ) -> Diagnostic {
    Diagnostic(severity: .warning, code: code, message: message, location: location, hint: hint)
  }
}

extension Diagnostic {
  /// The finding as people read it: a headline, the line it is about with a caret, and the hint.
  ///
  ///     study.yaml:14:10: error[manifest.out-of-range]: a comparison needs at least 2 replicates
  ///        14 |   replicates: 1
  ///           |               ^
  ///       hint: set `replicates: 7`
  ///
  /// - Parameter line: Returns a line of a file (1-based) without its end, if there is one.
  public func rendered(line: (_ file: String, _ number: Int) -> String?) -> String {
    let place = location.map { "\($0): " } ?? ""
    var text = "\(place)\(severity.rawValue)[\(code)]: \(message)"
    if let location, let excerpt = line(location.file, location.line) {
      let number = String(location.line)
      let gutter = String(repeating: " ", count: max(0, 5 - number.count))
      let blank = String(repeating: " ", count: gutter.count + number.count)
      // Tabs are kept in the caret's line so that the caret stands under its column.
      let indent = excerpt.unicodeScalars.prefix(max(0, location.column - 1)).map {
        $0 == "\t" ? "\t" : " "
      }.joined()
      text += "\n\(gutter)\(number) | \(excerpt)\n\(blank) | \(indent)^"
    }
    if let hint { text += "\n  hint: \(hint)" }
    return text
  }
}

extension Sequence where Element == Diagnostic {
  /// The findings in source order, without duplicates.
  public var inSourceOrder: [Diagnostic] {
    var seen: Set<Diagnostic> = []
    return enumerated()
      .filter { seen.insert($0.element).inserted }
      .sorted { a, b in
        switch (a.element.location, b.element.location) {
        case (let x?, let y?) where x != y: x < y
        case (nil, .some): false
        case (.some, nil): true
        default: a.offset < b.offset
        }
      }
      .map(\.element)
  }
}
