internal import Core
private import Glibc
internal import Planning

/// What is known of a worker that ended without the outputs of its step.
///
/// It says what was seen and no more: a kill by signal 9 is the kernel's only if the kernel counted one.
struct WorkerFailure {
  var step: Step
  var end: WorkerProcess.End
  /// What the worker said of it, if it could.
  var note: FailureNote?
  /// The time limit that the worker overran, if it was stopped for that.
  var limit: Duration?
  /// The largest resident set of the process; 0 where the process goes on.
  var peakBytes: Int64
  /// How many processes the kernel killed for want of memory meanwhile; `nil` if it does not count.
  var memoryKills: Int?
  /// The lines of the log.
  var log: [String]

  /// Whether the same step may succeed when it runs again.
  var mayPass: Bool { note.map { $0.isOfSurroundings == true } ?? true }

  /// Whether memory ran out, by the kernel's count or by the worker's last words.
  var isOfMemory: Bool {
    guard note == nil, limit == nil else { return false }
    return (end == .killed(signal: SIGKILL) && (memoryKills ?? 0) > 0) || failedToAllocate
  }

  /// The C library, the runtime and OpenBLAS end a process that gets no memory; these are their words for
  /// it, and the loader's where there is none for the runtime's program that was to say more of a crash.
  private var failedToAllocate: Bool {
    let words = [
      "allocate memory", "allocation failed", "failed to allocate", "out of memory",
      "failed to map segment",
    ]
    return lastLines.contains { line in
      words.contains { line.lowercased().contains($0) }
    }
  }

  /// The last lines of the log, up to twelve.
  ///
  /// The runtime's stack trace is left out: its addresses say nothing without symbols, and it is long
  /// enough to push out the fatal error that it follows.
  var lastLines: [String] {
    let end = log.lastIndex(of: "Current stack trace:") ?? log.endIndex
    return Array(log[..<end].suffix(12))
  }

  /// What was wrong, at the manifest line that asked for the step.
  var diagnostics: [Diagnostic] {
    if let limit { return [overran(limit)] }
    guard let note else { return [death] }
    return note.problems.map { problem in
      Diagnostic(
        severity: problem.isWarning ? .warning : .error, code: .init(stringLiteral: problem.code),
        message: "\(step.id): \(problem.message)", location: step.location, hint: problem.hint)
    }
  }

  private func overran(_ limit: Duration) -> Diagnostic {
    let how =
      switch end {
      case .exited(StepWorker.Ending.interrupted.rawValue): "it saved its work and ended"
      case .exited: "it ended when it was told to"
      case .killed: "it did not end when it was told to and was killed"
      }
    return .error(
      "step.timeout",
      "\(step.id): it ran longer than its limit of \(fixed(limit / .seconds(1), digits: 0)) s; \(how)",
      at: step.location,
      hint: "raise --step-timeout; training goes on from its last checkpoint")
  }

  private var death: Diagnostic {
    let used = peakBytes > 0 ? "; it had taken up to \(peakBytes >> 20) MiB" : ""
    func error(_ code: Diagnostic.Code, _ words: String, hint: String?) -> Diagnostic {
      .error(code, "\(step.id): its worker \(words)\(used)", at: step.location, hint: hint)
    }
    let less = "let less run beside it with --jobs or --memory, or make the batch or patch smaller"
    if failedToAllocate {
      return error("step.out-of-memory", "\(ending) when it could get no more memory", hint: less)
    }
    switch end {
    case .killed(SIGKILL):
      guard let memoryKills else {
        return error("step.killed", "\(ending) from outside", hint: "if memory was short, \(less)")
      }
      guard memoryKills > 0 else {
        return error(
          "step.killed", "\(ending) from outside, and not by the kernel for want of memory",
          hint: "find out who killed it, or run the study again")
      }
      return error(
        "step.out-of-memory",
        "\(ending) while the kernel killed \(memoryKills == 1 ? "one process" : "\(memoryKills) processes")"
          + " for want of memory", hint: less)
    case .killed(SIGTERM), .exited(StepWorker.Ending.interrupted.rawValue):
      return error("step.killed", "was told from outside to end", hint: "run the study again")
    case .killed:
      return error(
        "step.crashed", ending,
        hint: "this is a defect of Microtome: please report it with the end of the log")
    case .exited:
      return error("step.died", "\(ending) without a word", hint: nil)
    }
  }

  private var ending: String {
    switch end {
    case .exited(let status): return "ended with status \(status)"
    case .killed(let signal):
      return "was killed by signal \(signal)\(Self.names[signal].map { " (\($0))" } ?? "")"
    }
  }

  private static let names = [
    SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGILL: "SIGILL", SIGKILL: "SIGKILL",
    SIGSEGV: "SIGSEGV", SIGTERM: "SIGTERM", SIGTRAP: "SIGTRAP", SIGXCPU: "SIGXCPU",
  ]
}
