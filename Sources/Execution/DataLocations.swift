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
  public init(arguments: [String: Path], file: String?, root: Path) {
    var named: [String: Path] = [:]
    for line in (file ?? "").split(whereSeparator: \.isNewline) {
      let line = line.drop { $0 == " " }
      guard !line.hasPrefix("#"), let colon = line.firstIndex(of: ":") else { continue }
      let path = line[line.index(after: colon)...].drop { $0 == " " }
      let bare = path.trimmingQuotes
      if !bare.isEmpty { named[String(line[..<colon])] = (root / bare).normalized }
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

extension Substring {
  fileprivate var trimmingQuotes: String {
    var text = self
    while let last = text.last, last == " " || last == "\r" { text.removeLast() }
    if text.count >= 2, let quote = text.first, quote == text.last, quote == "\"" || quote == "'" {
      text = text.dropFirst().dropLast()
    }
    return String(text)
  }
}
