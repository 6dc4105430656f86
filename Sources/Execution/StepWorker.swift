public import Core
private import FoundationEssentials
private import Glibc
public import Planning
public import Storage

/// Runs one action in this process: reads it from the store, gives its outputs, publishes its record.
public struct StepWorker {
  /// How a worker ends; the raw value is its exit status.
  public enum Ending: Int32, Sendable {
    case succeeded = 0
    /// Another process ran the action while this one waited for the lease.
    case attached = 77
    case failed = 1
    case interrupted = 75
    case damagedInput = 76
  }

  let store: Store
  let files: any FileSystem
  let job: WorkerJob
  let numerics: String
  let channel: WorkerChannel

  public init(
    store: Store, files: any FileSystem, job: WorkerJob, numerics: String, channel: WorkerChannel
  ) {
    self.store = store
    self.files = files
    self.job = job
    self.numerics = numerics
    self.channel = channel
  }

  private var key: Digest { job.key }

  /// Runs the action unless another process has just done so.
  public func run(_ runner: (StepKind) -> any StepRunner) -> Ending {
    do {
      return try Lease.hold(key, in: store, unlessStopped: channel) {
        channel.beginLog()
        // Another process may have run the action while this one waited.
        if let record = try store.record(for: key), try store.holdsOutputs(of: record) {
          return .attached
        }
        try execute(runner)
        return .succeeded
      }
    } catch is StepInterrupted {
      channel.send(.interrupted)
      return .interrupted
    } catch let error as StoreError {
      if let digest = error.lostObject {
        channel.send(.damaged(digest.hex))
        channel.say(error.message)
        return .damagedInput
      }
      return fail(
        StepFailure("store.unusable", error.message, hint: "free space, or check the disk"),
        ofSurroundings: true)
    } catch let error as StepFailure {
      return fail(error, ofSurroundings: false)
    } catch {
      return fail(StepFailure("step.failed", "\(error)"), ofSurroundings: true)
    }
  }

  private func execute(_ runner: (StepKind) -> any StepRunner) throws {
    guard let action = StepAction(decoding: try store.read(key)) else {
      throw StepFailure(
        "worker.not-an-action", "the object \(key) is not an action of this release",
        hint: "run the study again with this release")
    }
    guard action.version == action.kind.version else {
      throw StepFailure(
        "worker.other-version",
        "the action is `\(action.kind.rawValue)` version \(action.version); this release has "
          + "version \(action.kind.version)", hint: "run the study again with this release")
    }
    let context = StepContext(
      action: action, key: key, threads: job.threads, store: store, files: files,
      locations: job.locations.mapValues { Path($0) }, numerics: numerics, channel: channel)
    let clock = ContinuousClock()
    let start = clock.now
    let before = Self.cpuSeconds
    Self.resetPeak()
    try runner(action.kind).run(context)
    try store.publish(
      ActionRecord(
        key: key, kind: action.kind.rawValue, version: action.version, outputs: context.outputs,
        parts: context.parts, step: job.step, seconds: (clock.now - start) / .seconds(1),
        cpuSeconds: Self.cpuSeconds - before, peakBytes: Self.peakBytes, threads: job.threads,
        numerics: numerics,
        finished: Date().ISO8601Format(), warnings: context.warnings))
    try files.remove(store.workPath(of: key))
  }

  private func fail(_ failure: StepFailure, ofSurroundings: Bool) -> Ending {
    let note = FailureNote(problems: failure.problems, isOfSurroundings: ofSurroundings)
    for problem in failure.problems {
      channel.say("\(problem.isWarning ? "warning" : "error")[\(problem.code)]: \(problem.message)")
      if let hint = problem.hint { channel.say("  hint: \(hint)") }
    }
    // The note is a convenience for `plan` and `status`; a full disk must not hide the failure.
    try? files.createDirectory(store.workPath(of: key))
    try? files.write(JSON.encode(note), to: store.workPath(of: key) / "failure.json")
    channel.send(.failed(note))
    return .failed
  }

  private static var usage: rusage {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage
  }

  private static var cpuSeconds: Double {
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
    let usage = usage
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }

  /// Linux counts the largest resident set in kilobytes.
  private static var peakBytes: Int64 { Int64(usage.ru_maxrss) * 1024 }

  /// Forgets the largest resident set of the steps that a warm worker ran before.
  private static func resetPeak() {
    let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = Glibc.write(file, "5", 1)
    close(file)
  }
}

extension StoreError {
  /// The object that has to be made again, if that is what is wrong.
  public var lostObject: Digest? {
    switch code {
    case .damaged(let digest), .missing(let digest): digest
    case .file, .unreadable: nil
    }
  }
}
