internal import Core
internal import Execution
internal import Planning
internal import Steps

// The JSON that `--json` prints: stable shapes, to which fields may be added.

struct DiagnosticsShape: Encodable {
  struct Entry: Encodable {
    var severity, code, message: String
    var file: String?
    var line, column: Int?
    var hint: String?

    init(_ diagnostic: Diagnostic) {
      severity = diagnostic.severity.rawValue
      code = diagnostic.code.name
      message = diagnostic.message
      file = diagnostic.location?.file
      line = diagnostic.location?.line
      column = diagnostic.location?.column
      hint = diagnostic.hint
    }
  }
  var diagnostics: [Entry]
  init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics.map(Entry.init) }
}

struct ErrorShape: Encodable {
  struct Body: Encodable {
    var code, message: String
    var subject, hint: String?
    var diagnostics: [DiagnosticsShape.Entry]
  }
  var error: Body
  init(_ failure: CommandFailure) {
    error = Body(
      code: failure.code, message: failure.message, subject: failure.subject, hint: failure.hint,
      diagnostics: failure.diagnostics.map(DiagnosticsShape.Entry.init))
  }
}

/// A dataset or weight file that is not here: where it was looked for, and what to do about it.
struct AbsenceShape: Encodable {
  var name: String
  var path: String?
  var code, message: String
  var hint, file: String?
  var line: Int?

  init(_ absence: Absence) {
    name = absence.name
    path = absence.path?.text
    code = absence.diagnostic.code.name
    message = absence.diagnostic.message
    hint = absence.diagnostic.hint
    file = absence.diagnostic.location?.file
    line = absence.diagnostic.location?.line
  }
}

struct PlanShape: Encodable {
  struct Entry: Encodable {
    var id, kind: String
    var inputs: [String]
    var key: String?
    var state, reason: String

    /// `key` is written as null where it is not known yet.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(id, forKey: .id)
      try container.encode(kind, forKey: .kind)
      try container.encode(inputs, forKey: .inputs)
      try container.encode(key, forKey: .key)
      try container.encode(state, forKey: .state)
      try container.encode(reason, forKey: .reason)
    }
    enum CodingKeys: CodingKey { case id, kind, inputs, key, state, reason }
  }
  var study: String
  var cells: Int
  var warnings: [DiagnosticsShape.Entry]
  var steps: [Entry]
  var datasets: [String: String]
  /// What is not on this machine.
  var missing: [AbsenceShape]
  var estimate: Estimate.Shape
}

struct RunShape: Encodable {
  struct Counts: Encodable { var total, executed, cached, failed, retried, skipped: Int }
  struct Failure: Encodable {
    var id: String
    var exit, signal: Int32?
    var tries: Int
    var logTail: [String]
    var reproduce: String
    var diagnostics: [DiagnosticsShape.Entry]

    enum CodingKeys: String, CodingKey {
      case id, exit, signal, tries, reproduce, diagnostics
      case logTail = "log_tail"
    }

    init(_ failure: StepFailureReport) {
      id = failure.id.text
      exit = failure.exit
      signal = failure.signal
      tries = failure.tries
      logTail = failure.logTail
      reproduce = failure.reproduce
      diagnostics = failure.diagnostics.map(DiagnosticsShape.Entry.init)
    }
  }
  var study: String
  var steps: Counts
  var seconds: Double
  var results: String
  var failures: [Failure]
  var interrupted: Bool

  init(study: String, _ summary: RunSummary, results: Path) {
    self.study = study
    steps = Counts(
      total: summary.total, executed: summary.executed, cached: summary.cached,
      failed: summary.failed, retried: summary.retried, skipped: summary.skipped)
    seconds = summary.seconds
    self.results = results.text
    failures = summary.failures.map(Failure.init)
    interrupted = summary.wasInterrupted
  }
}

struct StatusShape: Encodable {
  struct Entry: Encodable {
    var id, state: String
    var key: String?
    var seconds: Double?
  }
  var study: String
  var steps: [Entry]
  /// What is not on this machine.
  var missing: [AbsenceShape]
}

struct WhyShape: Encodable {
  struct Entry: Encodable {
    var kind, name: String
    var before, after, file: String?
    var line: Int?

    init(_ cause: Cause) {
      kind = cause.kind
      name = cause.title
      before = cause.before
      after = cause.after
      file = cause.location?.file
      line = cause.location?.line
    }
  }
  var id: String
  var causes: [Entry]
  /// What is not on this machine.
  var missing: [AbsenceShape]
}

struct ShowShape: Encodable {
  struct Entry: Encodable {
    var name, digest: String
    var bytes: Int64
    var path: String
  }
  var id: String
  var outputs: [Entry]
}

struct ExportShape: Encodable {
  var id: String
  var files: [ObjectFileEntry]
}

struct PredictShape: Encodable {
  var network: String
  var files: [ObjectFileEntry]
}

/// A file of predicted objects, of `export` and `predict`.
struct ObjectFileEntry: Encodable {
  var image, format, path: String
  var objects, bytes: Int

  init(_ file: PredictionFiles.Written) {
    image = file.image
    format = file.format.rawValue
    path = file.path.text
    objects = file.objects
    bytes = file.bytes
  }
}

struct DoctorShape: Encodable {
  struct Check: Encodable {
    var name: String
    var ok: Bool
    var detail: String
    var fix: String?
  }
  var checks: [Check]
}

struct BenchGraphShape: Encodable {
  var steps: Int
  var planSeconds: Double
  var coldSeconds, firstNoopSeconds, noopSeconds: Double?
  var peakBytes: Int64

  enum CodingKeys: String, CodingKey {
    case steps
    case planSeconds = "plan_seconds"
    case coldSeconds = "cold_seconds"
    case firstNoopSeconds = "first_noop_seconds"
    case noopSeconds = "noop_seconds"
    case peakBytes = "peak_bytes"
  }

  /// The times under the names that people read.
  var lines: [(name: String, seconds: Double)] {
    [
      ("plan", planSeconds), ("cold", coldSeconds), ("no-op, first", firstNoopSeconds),
      ("no-op", noopSeconds),
    ].compactMap { name, seconds in seconds.map { (name, $0) } }
  }
}
