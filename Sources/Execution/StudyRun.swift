public import Core
private import Glibc
public import Planning
public import Storage

/// Runs what a plan needs and the store does not have: a process for each long step, and warm ones
/// that serve the short steps.
public final class StudyRun {
  private struct Running {
    var process: WorkerProcess
    var key: Digest
    var start: ContinuousClock.Instant
    /// When its time is over; `nil` while it waits for another process that runs the action.
    var deadline: ContinuousClock.Instant?
    /// When it is killed, once it was told to end because its time is over.
    var killing: ContinuousClock.Instant?
    /// What the kernel had counted when it began.
    var memoryKills: Int?
    var note: FailureNote?
    var damaged: String?
  }

  private let plan: Plan
  private let externals: Externals
  private let workspace: Workspace
  private let options: Options
  private let observe: (RunEvent) -> Void
  private let shouldStop: () -> Bool
  /// Gives problems that only show once a dataset is indexed, before a step starts.
  private let check: (Step, [String: Digest]) -> [Diagnostic]

  private var scheduler: Scheduler
  private var records: [StepID: ActionRecord] = [:]
  private var running: [StepID: Running] = [:]
  private var notes: IndexNotes
  private var warm: WarmWorkers
  private var summary = RunSummary()
  private var isStopping = false
  /// What steps cost, learned from as they end.
  private var costs: PastCosts
  /// Steps that ran out of memory: whatever was expected of them, they need more.
  private var starved: Set<StepID> = []
  /// How often a step was tried again.
  private var retries: [StepID: Int] = [:]
  /// How often each object was found damaged or gone.
  private var lost: [String: Int] = [:]
  /// Findings that were shown; several steps can have the same one.
  private var reported: Set<Diagnostic> = []
  private let clock = ContinuousClock()

  public init(
    plan: Plan, externals: Externals, workspace: Workspace, options: Options,
    costs: PastCosts,
    check: @escaping (Step, [String: Digest]) -> [Diagnostic],
    shouldStop: @escaping () -> Bool, observe: @escaping (RunEvent) -> Void
  ) {
    self.plan = plan
    self.externals = externals
    self.workspace = workspace
    self.options = options
    self.check = check
    self.shouldStop = shouldStop
    self.observe = observe
    notes = IndexNotes(index: workspace.index, scope: workspace.scope)
    warm = WarmWorkers(program: options.program, store: workspace.store.root)
    self.costs = costs
    scheduler = Self.scheduler(plan, options.budget, costs)
  }

  private static func scheduler(_ plan: Plan, _ budget: Budget, _ costs: PastCosts) -> Scheduler {
    Scheduler(plan: plan, budget: budget) { step in
      costs.kinds[step.kind.rawValue]?.coreSeconds ?? (step.kind.isHeavy ? 60 : 1)
    }
  }

  /// The records of the steps that are done.
  public var finished: [StepID: ActionRecord] { records }

  /// Runs to the end, to a failure that stops everything, or to an interruption.
  public func run() throws -> RunSummary {
    let start = clock.now
    summary.total = plan.steps.count
    observe(.began(steps: plan.steps.count))
    defer {
      // After an error some still run: they end as soon as nobody listens to them.
      for worker in running.values { _ = worker.process.finish() }
      warm.dismiss()
      notes.flush()
    }
    try loop()
    while repairIsNeeded, !isStopping {
      try prepareRepair()
      try loop()
    }
    summary.cached = scheduler.count(.succeeded) - executedNow.count
    summary.executed = executedNow.count
    summary.failed = scheduler.count(.failed)
    summary.skipped = scheduler.count(.skipped)
    summary.wasInterrupted = isStopping && !scheduler.isComplete
    summary.seconds = (clock.now - start) / .seconds(1)
    if summary.skipped > 0 { observe(.skipped(summary.skipped)) }
    observe(.ended(summary))
    return summary
  }

  private var repairIsNeeded = false
  private var executedNow: Set<StepID> = []

  /// Starts over with what is there: whatever made a lost object has no valid record now and runs
  /// again.
  private func prepareRepair() throws {
    if let object = lost.first(where: { $0.value > 3 })?.key {
      throw StoreError(
        .unreadable, "the object \(object) is lost again each time it is made: check the disk")
    }
    for tree in externals.listings.values { try workspace.store.write(tree.encoded) }
    repairIsNeeded = false
    scheduler = Self.scheduler(plan, options.budget, costs)
    records = [:]
    summary.failures = []
    reported = []
  }

  private func loop() throws {
    while true {
      if shouldStop(), !isStopping { stop() }
      let mayStart =
        !isStopping && !repairIsNeeded && !(options.failFast && scheduler.count(.failed) > 0)
      while mayStart, let start = scheduler.start(needing: demand(of:)) {
        try begin(plan[start.step]!, start)
      }
      if running.isEmpty, scheduler.isFinished || !mayStart || isStopping || repairIsNeeded {
        return
      }
      WorkerProcess.wait(for: running.values.map(\.process), milliseconds: 100)
      for id in running.keys.sorted() { try listen(to: id) }
      if options.stepLimit != nil { endOverdueSteps() }
    }
  }

  /// What a step is expected to take; one that ran out of memory gets all of it.
  private func demand(of step: Step) -> StepDemand {
    var demand = step.demand(knowing: costs)
    if starved.contains(step.id) { demand.memory = options.budget.memory }
    return demand
  }

  /// Tells steps whose time is over to end, and kills those that do not within the grace.
  private func endOverdueSteps() {
    for (id, worker) in running {
      if let killing = worker.killing {
        if clock.now > killing { worker.process.signal(SIGKILL) }
      } else if let deadline = worker.deadline, clock.now > deadline {
        worker.process.signal(SIGTERM)
        running[id]!.killing = clock.now + options.grace
      }
    }
  }

  private func stop() {
    isStopping = true
    observe(.stopping)
    for worker in running.values { worker.process.requestStop() }
  }

  /// A step whose inputs are known: found cached, done here, or handed to a worker.
  private func begin(_ step: Step, _ start: Scheduler.Start) throws {
    guard
      let digests = step.inputDigests(
        output: { records[$0]?[output: $1]?.digest }, external: { externals.digest(of: $0) })
    else { preconditionFailure("\(step.id) started before its inputs were known") }
    let action = step.action(inputs: digests)
    let key = action.identity
    if let record = try workspace.store.record(for: key),
      try workspace.store.holdsOutputs(of: record)
    {
      succeed(step.id, record)
      if !executedNow.contains(step.id) { observe(.cached(step.id)) }
      return
    }
    let problems = check(step, digests)
    guard problems.isEmpty else { return failBeforeStart(step, problems) }
    // The action is an object whose name is the key; its worker needs nothing else to know.
    try workspace.store.write(action.encoded)
    if start.isTooLarge {
      observe(.tooLarge(step.id, bytes: demand(of: step).memory, budget: options.budget.memory))
    }
    try spawn(step, key, threads: start.threads)
  }

  private func spawn(_ step: Step, _ key: Digest, threads: Int) throws {
    let log = workspace.store.logPath(of: key)
    try workspace.files.createDirectory(log.parent)
    let places = externals.locations(of: step).map { ($0.name, $0.path.text) }
    do throws(FileError) {
      let process =
        step.kind.isShort
        ? try warm.start(
          WorkerJob(
            key: key, step: step.id.text, threads: threads,
            locations: Dictionary(uniqueKeysWithValues: places)))
        : try WorkerProcess(
          program: options.program,
          arguments: arguments(for: step, key, threads: threads) + ["--supervised"], log: log)
      observe(.started(step.id, threads: threads))
      running[step.id] = Running(
        process: process, key: key, start: clock.now, deadline: deadline,
        memoryKills: step.kind.isShort ? nil : MachineMemory(files: workspace.files).kills)
    } catch {
      failBeforeStart(
        step,
        [
          .error(
            "step.not-started", "\(step.id): \(error)", at: step.location,
            hint: "use fewer --jobs, or raise the limit of processes")
        ])
    }
  }

  private func arguments(for step: Step, _ key: Digest, threads: Int) -> [String] {
    [
      "worker", "--store", workspace.store.root.text, "--threads", "\(threads)", "--step",
      step.id.text,
    ]
      + externals.locations(of: step).flatMap { ["--location", "\($0.name)=\($0.path)"] } + [
        key.hex
      ]
  }

  private var deadline: ContinuousClock.Instant? { options.stepLimit.map { clock.now + $0 } }

  private func listen(to id: StepID) throws {
    let process = running[id]!.process
    let (messages, isClosed) = process.receive()
    for message in messages {
      switch message {
      case .progress(let fraction, let note):
        observe(.progressed(id, fraction: fraction, note: note))
      case .failed(let note): running[id]!.note = note
      case .damaged(let object): running[id]!.damaged = object
      case .interrupted: break
      case .waiting: running[id]!.deadline = nil
      case .working: running[id]!.deadline = deadline
      case .ended(let status):
        // One that was told to end does.
        if running[id]!.killing == nil { warm.release(process) } else { _ = process.finish() }
        return try conclude(id, .exited(status))
      }
    }
    if isClosed { try conclude(id, process.finish()) }
  }

  private func conclude(_ id: StepID, _ end: WorkerProcess.End) throws {
    let worker = running.removeValue(forKey: id)!
    let seconds = (clock.now - worker.start) / .seconds(1)
    switch end {
    case .exited(StepWorker.Ending.succeeded.rawValue):
      guard let record = try workspace.store.record(for: worker.key) else {
        return fail(id, end, worker)
      }
      let likeness = plan[id]!.likeness
      notes.add(costOf: record, likeness: likeness)
      costs.add(record, likeness: likeness)
      executedNow.insert(id)
      succeed(id, record)
      observe(.finished(id, seconds: seconds))
    case .exited(StepWorker.Ending.attached.rawValue):
      // Another process ran the action while this one's worker waited for it.
      guard let record = try workspace.store.record(for: worker.key) else {
        return fail(id, end, worker)
      }
      succeed(id, record)
      observe(.cached(id))
    case .exited(StepWorker.Ending.damagedInput.rawValue):
      let object = worker.damaged ?? "an object"
      lost[object, default: 0] += 1
      // Freed on purpose, it is not missed by the record of its maker, which has to run again now.
      for record in records.values where record.freed?.contains(where: { $0.hex == object }) == true
      {
        try workspace.store.withdraw(record.key)
      }
      repairIsNeeded = true
      scheduler.putBack(id)
      observe(.repairing(object: object))
    case .exited(StepWorker.Ending.interrupted.rawValue) where isStopping || shouldStop(),
      .killed where isStopping || shouldStop():
      // A batch system tells workers to end as it tells this process.
      scheduler.putBack(id)
    default:
      fail(id, end, worker)
    }
  }

  private func succeed(_ id: StepID, _ record: ActionRecord) {
    records[id] = record
    notes.add(key: record.key, of: id)
    let missing = plan.splitsMissing(from: id, record)
    if missing.isEmpty {
      scheduler.succeed(id)
    } else {
      failBeforeStart(plan[id]!, missing)
    }
  }

  /// A worker ended without the step's outputs: the step is tried again, or failed.
  private func fail(_ id: StepID, _ end: WorkerProcess.End, _ worker: Running) {
    let step = plan[id]!
    let log = (try? workspace.files.read(workspace.store.logPath(of: worker.key))) ?? []
    let kills = worker.memoryKills.flatMap { before in
      MachineMemory(files: workspace.files).kills.map { $0 - before }
    }
    let failure = WorkerFailure(
      step: step, end: end, note: worker.note,
      limit: worker.killing == nil ? nil : options.stepLimit, peakBytes: worker.process.peakBytes,
      memoryKills: kills,
      log: String(decoding: log, as: UTF8.self).split(separator: "\n").map(String.init))
    let tries = retries[id, default: 0]
    let report = StepFailureReport(
      failure, tries: tries + 1,
      reproduce: (["microtome"] + arguments(for: step, worker.key, threads: 1))
        .map(\.quotedForShell).joined(separator: " "))
    if failure.mayPass, tries < options.retries {
      if failure.isOfMemory { starved.insert(id) }
      retries[id] = tries + 1
      summary.retried += 1
      observe(.retried(report, of: options.retries))
      return scheduler.putBack(id)
    }
    if worker.note == nil { leaveNote(of: report.diagnostics, at: worker.key) }
    summary.failures.append(report)
    observe(.failed(report))
    scheduler.fail(id)
  }

  /// Says for a worker that was killed what it could not say itself.
  private func leaveNote(of diagnostics: [Diagnostic], at key: Digest) {
    let note = FailureNote(
      problems: diagnostics.map { .init(code: $0.code.name, message: $0.message, hint: $0.hint) },
      isOfSurroundings: true)
    try? workspace.files.createDirectory(workspace.store.workPath(of: key))
    try? workspace.files.write(JSON.encode(note), to: FailureNote.path(of: key, in: workspace))
  }

  private func failBeforeStart(_ step: Step, _ diagnostics: [Diagnostic]) {
    let failure = StepFailureReport(
      id: step.id, diagnostics: diagnostics.filter { reported.insert($0).inserted }, logTail: [],
      reproduce: "")
    summary.failures.append(failure)
    observe(.failed(failure))
    scheduler.fail(step.id)
  }
}

extension Scheduler {
  /// Whether every step has an outcome.
  var isComplete: Bool { count(.waiting) + count(.ready) + count(.running) == 0 }
}

extension String {
  /// The word as a POSIX shell reads it back.
  fileprivate var quotedForShell: String {
    let plain = allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,@".contains($0) }
    return plain && !isEmpty ? self : "'" + replacing("'", with: "'\\''") + "'"
  }
}
