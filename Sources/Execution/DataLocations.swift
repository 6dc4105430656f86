public import Core
public import ManifestModel

/// Where datasets and weight files lie: `--data`, then `.microtome.data.yaml`, then the manifest.
///
/// Locations are not part of a study. What lies there is, by its digest.
public struct DataLocations: Sendable {
  private let named: [String: Path]

  /// - Parameters:
  ///   - arguments: `NAME=PATH` from the command line, made absolute.
  ///   - file: The text of `.microtome.data.yaml`, one `name: path` a line, relative to `root`.
  public init(
    arguments: [String: Path], file: String?, root: Path
  ) throws(MalformedDataFile) {
    var named: [String: Path] = [:]
    let lines = (file ?? "").split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    for (i, line) in lines.enumerated() {
      var text = Substring(String(line).trimmingComment)
      if i == 0, text.first == "\u{FEFF}" { text.removeFirst() }
      let entry = text.trimmingBlanks
      if entry.isEmpty { continue }
      guard let colon = entry.firstIndex(of: ":") else {
        throw MalformedDataFile(line: i + 1, reason: "there is no `name: path` in `\(entry)`")
      }
      let name = String(entry[..<colon]).trimmingQuotes
      let path = String(entry[entry.index(after: colon)...]).trimmingQuotes
      guard !name.isEmpty, !path.isEmpty, !"-{[".contains(name.first!) else {
        throw MalformedDataFile(line: i + 1, reason: "`\(entry)` is not `name: path`")
      }
      named[name] = (root / path).normalized
    }
    self.named = named.merging(arguments) { _, argument in argument }
  }

  /// Where a dataset lies; `nil` for one that is generated.
  public func root(of dataset: Dataset) -> Path? {
    named[dataset.name.value] ?? dataset.root?.value
  }

  /// Where the weight file of an initialization lies.
  public func file(of initialization: String, weights: Weights) -> Path {
    named[initialization] ?? weights.path.value
  }
}

/// A line of `.microtome.data.yaml` that names no place.
public struct MalformedDataFile: Error, Hashable {
  public let line: Int
  public let reason: String
}

extension StringProtocol {
  fileprivate var trimmingBlanks: String {
    let isBlank = { (character: Character) in character == " " || character == "\t" }
    let start = drop(while: isBlank)
    return String(String(start.reversed()).drop(while: isBlank).reversed())
  }

  fileprivate var trimmingQuotes: String {
    let text = trimmingBlanks
    guard text.count >= 2, let quote = text.first, quote == text.last, "\"'".contains(quote) else {
      return text
    }
    return String(text.dropFirst().dropLast())
  }

  /// Without a comment: `#` at the start or after a blank, as in YAML.
  fileprivate var trimmingComment: String {
    var last: Character = " "
    for (i, character) in zip(indices, self) {
      if character == "#", last == " " || last == "\t" { return String(self[..<i]) }
      last = character
    }
    return String(self)
  }
}
