internal import Core

/// The state of reading one manifest: what was found wrong, and what is known so far.
struct Reading {
  /// Every finding, in the order it was made.
  var diagnostics: [Diagnostic] = []
  /// Whether missing keys are no error, since another block supplies them.
  var isPartial = false
  /// The directory of each file by the name that locations give it.
  var directories: [String: Path] = [:]
  /// What the manifest declares, for names to resolve.
  var declared = Declarations()
  /// The keys that lead to the value that is read.
  private(set) var path: [String] = []

  /// The innermost key, for hints.
  var key: String { path.last ?? "manifest" }

  /// What is read, for messages: the innermost key in quotes, or "the manifest".
  var subject: String { path.last.map { "`\($0.excerpt)`" } ?? "the manifest" }

  /// The seed of the study, which synthetic datasets take over.
  var studySeed = 0

  /// Reads what stands under a key.
  mutating func within<Value>(_ key: String, _ read: (inout Reading) -> Value) -> Value {
    path.append(key)
    defer { path.removeLast() }
    return read(&self)
  }

  /// Notes an error.
  mutating func error(
    _ code: Diagnostic.Code, _ message: String, at location: SourceLocation?, hint: String
  ) {
    diagnostics.append(.error(code, message, at: location, hint: hint))
  }

  /// Notes a warning.
  mutating func warning(
    _ code: Diagnostic.Code, _ message: String, at location: SourceLocation?, hint: String
  ) {
    diagnostics.append(.warning(code, message, at: location, hint: hint))
  }

  /// Notes a value of the wrong type.
  mutating func wrongType(_ node: YAMLNode, expected: String, hint: String) {
    error(
      "manifest.wrong-type", "\(subject) takes \(expected), not \(node.summary)", at: node.location,
      hint: hint)
  }

  /// A path of the manifest, made absolute against the file that holds it.
  func resolve(_ text: Located<String>) -> Located<Path> {
    let directory = text.location.flatMap { directories[$0.file] } ?? "."
    return text.map { (directory / $0).normalized }
  }
}

/// The names that a manifest declares, and what is known of each.
///
/// A name is known even if its declaration is wrong, so that one mistake gives one finding.
struct Declarations {
  /// The names in the manifest's order.
  var datasets: [String] = []
  var initializations: [String] = []
  var experiments: [String] = []
  /// The declarations without errors that keep them from being values, by name.
  var datasetValues: [String: Dataset] = [:]
  var experimentValues: [String: Experiment] = [:]

  init() {}

  /// Takes the names from the manifest's root.
  init(of root: YAMLNode) {
    func names(_ key: String) -> [String] { root[key]?.entries?.map(\.key.value) ?? [] }
    datasets = names("datasets")
    initializations = names("initializations")
    experiments = names("experiments")
  }
}
