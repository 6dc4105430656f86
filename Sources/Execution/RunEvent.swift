public import Core
public import Planning

/// What happens during a run: a stream of values for the display, the event log and the summary.
public enum RunEvent: Sendable {
  case began(steps: Int)
  case cached(StepID)
  case started(StepID, threads: Int)
  case progressed(StepID, fraction: Double, note: String)
  case finished(StepID, seconds: Double)
  case failed(StepFailureReport)
  /// A failed step is tried again; `of` is how often it may be.
  case retried(StepFailureReport, of: Int)
  /// A step that is expected to need more memory than the whole budget starts alone.
  case tooLarge(StepID, bytes: Int64, budget: Int64)
  case skipped(Int)
  /// An object was damaged or lost; what made it runs again.
  case repairing(object: String)
  case stopping
  case ended(RunSummary)
}

/// A failed step as people and JSON see it.
public struct StepFailureReport: Sendable {
  public var id: StepID
  public var exit: Int32?
  public var signal: Int32?
  /// How often it was tried; 0 if it could not be started.
  public var tries = 0
  /// Whether the worker ended without saying why, so that its log is all there is.
  public var isSilent = false
  /// What was wrong, at the manifest line that asked for the step.
  public var diagnostics: [Diagnostic]
  /// The last lines of the log.
  public var logTail: [String]
  /// The command that runs this step alone.
  public var reproduce: String
}

extension StepFailureReport {
  init(_ failure: WorkerFailure, tries: Int, reproduce: String) {
    self.init(
      id: failure.step.id, tries: tries, isSilent: failure.note == nil,
      diagnostics: failure.diagnostics, logTail: failure.lastLines,
      reproduce: reproduce)
    switch failure.end {
    case .exited(let status): exit = status
    case .killed(let signal): self.signal = signal
    }
  }
}

/// How a run went.
public struct RunSummary: Sendable {
  public var total = 0
  public var executed = 0
  public var cached = 0
  public var failed = 0
  /// How often steps were tried again, whatever came of it.
  public var retried = 0
  public var skipped = 0
  public var seconds = 0.0
  public var wasInterrupted = false
  public var failures: [StepFailureReport] = []

  public init() {}
}
