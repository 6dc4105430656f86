internal import ArgumentParser
internal import Core
internal import Execution
internal import ManifestModel
internal import Planning
internal import Reporting
internal import Steps
internal import Storage

struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run what is missing, then write the results and the report.",
    discussion: """
      Each step runs in a process of its own and is recorded by its content: a second run does \
      nothing, and a change re-runs the steps that read what changed. Ctrl-C stops cleanly; the same \
      command goes on from there. A failed step stops what depends on it and nothing else.

        microtome run study.yaml
        microtome run study.yaml --jobs 4 --memory 12GiB
        microtome run study.yaml --step-timeout 6h --retries 2

      Steps start while the memory that they are expected to need is free: what steps like them \
      needed before, else an estimate. One that is larger than all of it runs alone.
      """)

  @OptionGroup var options: StudyOptions

  @OptionGroup(title: "Limits") var limits: RunLimits

  @Flag(
    inversion: .prefixedNo, exclusivity: .chooseLast,
    help: "Go on with steps that do not depend on a failed one.")
  var keepGoing = true

  @Option(
    help: ArgumentHelp(
      "Only steps whose id matches, and those they need; `*` matches anything.", valueName: "glob"))
  var only: [String] = []

  @Flag(help: "Overwrite results that another manifest wrote.")
  var replace = false

  @Option(help: ArgumentHelp("Write what happens as NDJSON.", valueName: "file"))
  var events: String?

  func run() throws {
    Interruption.install()
    try Machine.requireKernels()
    let remembered = isOrdinary ? try RememberedRun(options) : nil
    if let message = remembered?.recall() { return repeatLast(message) }
    let session = try Session(options)
    session.showWarnings()
    let results = try ResultsDirectory(session, replace: replace)
    let externals = try session.scan()
    let plan = try restricted(session.plan)
    let eventLog = try EventLog(events.map(Session.absolute))
    var (summary, records) = try execute(plan, externals, session, eventLog)
    showFailures(summary, session)
    var outcome = ResultsDirectory.Outcome()
    let isWhole = plan.steps.count == session.plan.steps.count
    var repairs = 0
    while isWhole, records.count == plan.steps.count {
      do {
        outcome = try results.write(records: records, externals: externals)
        break
      } catch let error as StoreError where error.lostObject != nil && repairs < records.count {
        // What the report reads was damaged: whatever made it runs again. Each turn finds one.
        repairs += 1
        session.console.say(error.message)
        let before = summary
        (summary, records) = try execute(plan, externals, session, eventLog)
        summary.goesOn(from: before)
      }
    }
    let place = (study: session.study.name.value, results: session.workspace.results)
    conclude(summary, place, outcome, isPart: !isWhole)
    if isWhole, summary.failures.isEmpty, !summary.wasInterrupted {
      remembered?.remember(session, externals, records, outcome)
    }
    if summary.wasInterrupted { throw ExitCode(130) }
    if !summary.failures.isEmpty { throw ExitCode(1) }
  }

  /// Whether all that the run could have to say is what the last one said.
  private var isOrdinary: Bool { only.isEmpty && !replace && events == nil }

  /// Says what the last run said: everything that it relied on is as it was.
  private func repeatLast(_ message: RememberedRun.Message) {
    for warning in message.warnings { Console().say(warning) }
    var summary = RunSummary()
    (summary.total, summary.cached) = (message.steps, message.steps)
    summary.seconds = Machine.secondsSinceStart
    conclude(
      summary, (message.study, Path(message.results)), message.outcome, isPart: false)
  }

  private func execute(
    _ plan: Plan, _ externals: Externals, _ session: Session, _ eventLog: EventLog
  ) throws -> (RunSummary, [StepID: ActionRecord]) {
    let resolution = try Resolution(of: plan, externals: externals, in: session.workspace)
    let costs = try session.workspace.index.costs()
    let open = plan.steps.filter { resolution.record(of: $0.id) == nil }.map { ($0.id, $0.kind) }
    let display = ProgressDisplay(
      console: session.console, open: Dictionary(uniqueKeysWithValues: open), costs: costs.kinds,
      cores: Machine.cores)
    let sizes = SizeCheck(study: session.study, store: session.workspace.store)
    let leakage = LeakageCheck(study: session.study, store: session.workspace.store)
    let run = StudyRun(
      plan: plan, externals: externals, workspace: session.workspace,
      options: limits.options(failFast: !keepGoing), costs: costs,
      check: { sizes.problems(of: $0, inputs: $1) + leakage.problems(of: $0, inputs: $1) },
      shouldStop: { Interruption.isRequested },
      observe: { event in
        display.handle(event)
        eventLog.write(event)
      })
    return (try run.run(), run.finished)
  }

  /// The steps that match `--only`, with all that they need.
  private func restricted(_ plan: Plan) throws -> Plan {
    guard !only.isEmpty else { return plan }
    var wanted = Set(
      plan.steps.map(\.id).filter { id in only.contains { Glob($0).matches(id.text) } })
    guard !wanted.isEmpty else {
      throw CommandFailure(
        status: 2, code: "no-such-step", message: "no step matches \(only.joined(separator: ", "))",
        hint: "`microtome plan --steps` lists the ids; `*` matches anything")
    }
    for step in plan.steps.reversed() where wanted.contains(step.id) {
      wanted.formUnion(step.dependencies)
    }
    return Plan(
      study: plan.study, studyDigest: plan.studyDigest,
      steps: plan.steps.filter { wanted.contains($0.id) }, warnings: plan.warnings,
      cells: plan.cells)
  }

  private func showFailures(_ summary: RunSummary, _ session: Session) {
    let console = session.console
    for failure in summary.failures {
      for diagnostic in failure.diagnostics {
        console.say(console.render(diagnostic, session.manifest.sources))
      }
      if !failure.logTail.isEmpty, failure.isSilent {
        console.say("  the end of its log:")
        for line in failure.logTail { console.say("    \(line)") }
      }
      if failure.tries > 1 { console.say("  it was tried \(failure.tries) times") }
      if !failure.reproduce.isEmpty { console.say("  alone: \(failure.reproduce)") }
    }
  }

  private func conclude(
    _ summary: RunSummary, _ place: (study: String, results: Path),
    _ outcome: ResultsDirectory.Outcome, isPart: Bool
  ) {
    let console = Console()
    let results = place.results
    if options.json {
      console.result(JSON.text(RunShape(study: place.study, summary, results: results)))
    }
    var parts = ["\(summary.executed) executed", "\(summary.cached) cached"]
    if summary.failed > 0 { parts.append("\(summary.failed) failed") }
    if summary.retried > 0 { parts.append("\(summary.retried) tried again") }
    if summary.skipped > 0 { parts.append("\(summary.skipped) skipped") }
    let time = ProgressDisplay.duration(summary.seconds)
    console.say(
      "\(summary.total) \(summary.total == 1 ? "step" : "steps"): \(parts.joined(separator: ", ")) "
        + "in \(time)")
    if summary.wasInterrupted {
      console.say("interrupted; the same command goes on from here")
    } else if summary.failures.isEmpty, !isPart {
      for warning in outcome.warnings { console.say("warning: \(warning)") }
      for answer in outcome.answers { console.say(answer) }
      console.say(
        outcome.changed.isEmpty
          ? "results are as they were: \(results)" : "wrote \(results)/report.html")
    } else {
      console.say("the results are written when every step is done")
    }
  }
}

extension RunSummary {
  /// Counts what an earlier turn over the same steps executed; a step that ran in both counts twice.
  fileprivate mutating func goesOn(from earlier: RunSummary) {
    executed += earlier.executed
    retried += earlier.retried
    cached = max(0, cached - earlier.executed)
    seconds += earlier.seconds
  }
}
