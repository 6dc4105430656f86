import Core
import Foundation
import Testing

@testable import ManifestModel

/// A place in a manifest; Swift Testing has a type of the same name.
typealias Place = Core.SourceLocation

/// One finding that a test expects: where the marker stands, which code, and perhaps which hint.
struct Expected: Sendable, CustomTestStringConvertible {
  var marker: String
  var code: String
  var hint: String?

  init(_ marker: String, _ code: String, hint: String? = nil) {
    self.marker = marker
    self.code = code
    self.hint = hint
  }

  var testDescription: String { "\(marker) \(code)" }
}

/// The markers of a text and the text without them.
struct Marked {
  static let markers = (1...9).map { "\($0)\u{FE0F}\u{20E3}" }

  var text = ""
  var places: [String: Place] = [:]

  init(_ marked: String, file: String = "study.yaml") {
    var (line, column) = (1, 1)
    var rest = Substring(marked)
    while let character = rest.first {
      if Self.markers.contains(String(character)) {
        places[String(character)] = Place(file: file, line: line, column: column)
      } else {
        text.append(character)
        if character == "\n" {
          (line, column) = (line + 1, 1)
        } else {
          column += character.unicodeScalars.count
        }
      }
      rest.removeFirst()
    }
  }
}

/// What loading some files gives; the first is the manifest, all lie in `/study/manifests`.
func load(_ texts: [(name: String, text: String)]) -> Result<Manifest, InvalidManifest> {
  let files = MemoryFileSystem()
  do {
    try files.createDirectory("/study/manifests")
    for (name, text) in texts {
      try files.write(Array(text.utf8), to: Path("/study/manifests") / name)
    }
  } catch {
    Issue.record("the files cannot be written: \(error)")
  }
  return load(texts[0].name, from: files)
}

/// What loading one manifest of `/study/manifests` gives.
func load(_ name: String, from files: any FileSystem) -> Result<Manifest, InvalidManifest> {
  do throws(InvalidManifest) {
    return .success(
      try ManifestLoader(files: files).load(Path("/study/manifests") / name, displayedAs: name))
  } catch {
    return .failure(error)
  }
}

/// Every finding of one manifest, warnings too.
func diagnostics(of text: String) -> [Diagnostic] {
  switch load([("study.yaml", text)]) {
  case .success(let manifest): manifest.warnings
  case .failure(let invalid): invalid.diagnostics
  }
}

/// Strips the markers, loads, and compares codes, places and hints, in order and completely.
func expectDiagnostics(
  in marked: String, _ expected: [Expected],
  sourceLocation: Testing.SourceLocation = #_sourceLocation
) {
  let input = Marked(marked)
  let found = diagnostics(of: input.text)
  #expect(
    found.map(\.code.name) == expected.map(\.code), "\(found)", sourceLocation: sourceLocation)
  for (finding, expected) in zip(found, expected) {
    #expect(
      finding.location == input.places[expected.marker], "\(finding)",
      sourceLocation: sourceLocation)
    if let hint = expected.hint {
      #expect(finding.hint == hint, sourceLocation: sourceLocation)
    }
  }
}

/// The text of a committed fixture.
func fixture(_ name: String) throws -> String {
  let url = try #require(Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: nil))
  return try String(contentsOf: url, encoding: .utf8)
}

/// The top of the repository.
let repository = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

extension Result {
  /// The value of a success.
  var value: Success? { try? get() }

  /// The error of a failure.
  var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
