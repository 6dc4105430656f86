internal import Core
internal import Execution
internal import ManifestModel
internal import Storage

/// A command that could not do its work: the one place where errors become words and exit codes.
struct CommandFailure: Error {
  var status: Int32
  var code: String
  var message: String
  var subject: String?
  var hint: String?
  /// Findings with places, shown with excerpts.
  var diagnostics: [Diagnostic] = []
  var sources: [String: String] = [:]
  /// What people see instead of `message`, where it is longer.
  var text: String?

  init(
    status: Int32, code: String, message: String, subject: String? = nil, hint: String? = nil,
    text: String? = nil
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.subject = subject
    self.hint = hint
    self.text = text
  }

  /// The manifest is wrong.
  init(_ error: InvalidManifest) {
    self.init(status: 2, code: "invalid-manifest", message: "the manifest cannot be used")
    diagnostics = error.diagnostics
    sources = error.sources
  }

  /// The environment lacks something that the study needs.
  init(_ error: EnvironmentProblems, sources: [String: String]) {
    let first = error.diagnostics.first
    self.init(
      status: 3, code: first?.code.name ?? "environment", message: first?.message ?? "",
      subject: first?.location?.description, hint: first?.hint)
    diagnostics = error.diagnostics
    self.sources = sources
  }

  /// The store is unusable.
  init(_ error: StoreError) {
    self.init(
      status: 3, code: "store.unusable", message: error.message,
      hint:
        "free space, correct the permissions, check the disk, or move the store with --store")
  }

  init(_ error: FileError) {
    self.init(
      status: 3, code: "file.unusable", message: error.description, subject: error.path.text)
  }

  /// Something that must not happen.
  init(defect error: any Error) {
    self.init(
      status: 70, code: "defect", message: "\(error)",
      hint: "this is a defect of Microtome: please report it with the command line")
  }

  func report(to console: Console, json: Bool) {
    if json {
      console.result(
        code == "invalid-manifest"
          ? JSON.text(DiagnosticsShape(diagnostics)) : JSON.text(ErrorShape(self)))
    }
    for diagnostic in diagnostics { console.say(console.render(diagnostic, sources)) }
    if diagnostics.isEmpty {
      console.say(text ?? "\(console.colour("error", .red))[\(code)]: \(message)")
      if let hint, text == nil { console.say("  hint: \(hint)") }
    }
    let errors = diagnostics.count { $0.severity == .error }
    if errors > 1 { console.say("\(errors) errors") }
  }
}

extension Console {
  /// A diagnostic with its excerpt, coloured on a terminal.
  func render(_ diagnostic: Diagnostic, _ sources: [String: String]) -> String {
    let text = diagnostic.rendered { file, number in
      guard let source = sources[file] else { return nil }
      let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
      return number <= lines.count ? lines[number - 1].trimmingCarriageReturn : nil
    }
    let word = "\(diagnostic.severity.rawValue)[\(diagnostic.code)]"
    let coloured = colour(word, diagnostic.severity == .error ? .red : .yellow)
    guard let range = text.firstRange(of: word) else { return text }
    return text.replacingCharacters(in: range, with: coloured)
  }
}

extension String {
  fileprivate func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
    String(self[..<range.lowerBound]) + text + self[range.upperBound...]
  }
}

extension Substring {
  fileprivate var trimmingCarriageReturn: String {
    hasSuffix("\r") ? String(dropLast()) : String(self)
  }
}
