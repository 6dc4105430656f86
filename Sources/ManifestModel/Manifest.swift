public import Core

/// A manifest that can be used: its study, and what else there is to say about it.
public struct Manifest: Sendable {
  public var study: Study
  /// Findings that do not stop a command, in source order.
  public var warnings: [Diagnostic]
  /// The text of the manifest and of its bases by the names that locations give them.
  public var sources: [String: String]
  /// Where the manifest and its bases were read from, by the same names.
  public var paths: [String: Path]

  public init(
    study: Study, warnings: [Diagnostic], sources: [String: String], paths: [String: Path]
  ) {
    self.study = study
    self.warnings = warnings
    self.sources = sources
    self.paths = paths
  }

  /// Whether some bytes are the text that this manifest, or its base of that name, was read from.
  public func reads(_ bytes: [UInt8], as name: String) -> Bool {
    sources[name] == YAMLDocument.text(of: bytes)
  }

  /// The warnings as people read them, each with its line and a caret.
  public var renderedWarnings: [String] { warnings.rendered(with: sources) }
}

/// The manifest cannot be used. Carries every finding, warnings too, in source order.
public struct InvalidManifest: Error, Sendable {
  public var diagnostics: [Diagnostic]
  /// The text of the manifest and of its bases by the names that locations give them.
  public var sources: [String: String]

  public init(diagnostics: [Diagnostic], sources: [String: String]) {
    self.diagnostics = diagnostics
    self.sources = sources
  }

  /// The findings as people read them, each with its line and a caret.
  public var rendered: [String] { diagnostics.rendered(with: sources) }
}

extension Sequence where Element == Diagnostic {
  /// The findings as people read them, with the lines of the texts that they are about.
  public func rendered(with sources: [String: String]) -> [String] {
    let lines = sources.mapValues { SourceText.lines(of: $0) }
    return map { finding in
      finding.rendered { file, number in
        guard let text = lines[file], text.indices.contains(number - 1) else { return nil }
        return text[number - 1]
      }
    }
  }
}
