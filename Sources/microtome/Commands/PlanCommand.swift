internal import ArgumentParser
internal import Core
internal import Execution
internal import ManifestModel
internal import Planning
internal import Storage

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show the steps of a study, what each would do and why.",
    discussion: """
      Nothing runs. A step is `cached` if its action has a record, `ready` if it would run now, and \
      `waiting` if it reads a step that would run first. Designs that cannot answer are named here, \
      before anything is spent on them.

      Data need not be here: a step whose dataset or weight file is not on this machine is `no-data`, \
      and the steps after it wait. `microtome run` needs them all.
      """)

  @OptionGroup var options: StudyOptions

  @Option(
    help: ArgumentHelp("Draw the graph instead: mermaid or dot.", valueName: "language"),
    transform: { word in
      guard let language = GraphLanguage(rawValue: word) else {
        throw ValidationError("`\(word)` is no graph language: use mermaid or dot")
      }
      return language
    })
  var graph: GraphLanguage?

  @Flag(help: "List every step, not only a line for each kind.")
  var steps = false

  @Flag(help: "Print the plan as golden files keep it: one line a step, no state.")
  var encoded = false

  func run() throws {
    let session = try Session(options)
    if let graph { return show("graph", session.plan.graph(in: graph), session) }
    if encoded { return show("encoded", session.plan.encoded, session) }
    let externals = try session.survey()
    let resolution = try session.resolve(externals)
    let explanation = try Explanation(of: session.plan, resolution, in: session.workspace)
    let reasons = Dictionary(
      uniqueKeysWithValues: session.plan.steps.map { step in
        (step.id, reason(for: step, resolution, explanation))
      })
    let estimate = Estimate(
      plan: session.plan, resolution: resolution, costs: try session.workspace.index.costs(),
      cores: Machine.cores)
    session.showWarnings()
    session.showAbsences(externals, resolution)
    if options.json {
      print(session, externals, resolution, reasons, estimate)
    } else {
      show(session, resolution, reasons, estimate, externals)
    }
  }

  /// Prints text, or the text as the value of a JSON object.
  private func show(_ name: String, _ text: String, _ session: Session) {
    session.console.result(options.json ? JSON.text([name: text]) : String(text.dropLast()))
  }

  private func reason(
    for step: Step, _ resolution: Resolution, _ explanation: Explanation
  ) -> String {
    switch resolution.states[step.id]! {
    case .cached: return "recorded"
    case .failed(_, let reason): return "failed before: \(reason)"
    case .running: return "another process runs it"
    case .noData(let absence): return absence.sentence
    case .ready, .waiting:
      let causes = explanation.causes(of: step)
      if causes.contains(where: { $0.kind == "new" && $0.name == step.id.text }) {
        return "never run in this study"
      }
      let shown = causes.prefix(2).map(\.sentence).joined(separator: "; ")
      return shown.isEmpty ? "reads a step that would run" : shown
    }
  }

  private func print(
    _ session: Session, _ externals: Externals, _ resolution: Resolution,
    _ reasons: [StepID: String], _ estimate: Estimate
  ) {
    session.console.result(
      JSON.text(
        PlanShape(
          study: session.study.name.value, cells: session.plan.cells,
          warnings: session.warnings.map(DiagnosticsShape.Entry.init),
          steps: session.plan.steps.map { step in
            let state = resolution.states[step.id]!
            return .init(
              id: step.id.text, kind: step.kind.rawValue, inputs: step.dependencies.map(\.text),
              key: state.key?.hex, state: state.word, reason: reasons[step.id]!)
          },
          datasets: externals.listingDigests.mapValues(\.hex),
          missing: externals.absences.map(AbsenceShape.init),
          estimate: estimate.shape)))
  }

  private func show(
    _ session: Session, _ resolution: Resolution, _ reasons: [StepID: String],
    _ estimate: Estimate, _ externals: Externals
  ) {
    let console = session.console
    let plan = session.plan
    console.result(console.colour("\(plan.study)", .bold) + "  \(plan.cells) cells")
    var groups: [String] = []
    for step in plan.steps where !groups.contains(step.group) { groups.append(step.group) }
    for group in groups {
      console.result("  \(group)")
      let members = plan.steps.filter { $0.group == group }
      if steps {
        for step in members {
          let word = resolution.states[step.id]!.word
          console.result("    \(padded(word, 8)) \(step.id)  \(dimmed(reasons[step.id]!, console))")
        }
      } else {
        for kind in StepKind.allCases { line(kind, members, resolution, reasons, console) }
      }
    }
    var counts: [String: Int] = [:]
    for state in resolution.states.values { counts[state.word, default: 0] += 1 }
    let words = StepState.words.compactMap { word in
      counts[word].map { "\($0) \(word)" }
    }
    console.result("\(plan.steps.count) steps: \(words.joined(separator: ", "))")
    if counts["cached"] != plan.steps.count { console.result(estimate.sentence) }
    for (name, tree) in externals.listings.sorted(by: { $0.key < $1.key }) {
      let digest = externals.listingDigests[name]!
      console.result(
        dimmed("\(name): \(tree.entries.count) files, pin with `digest: \(digest)`", console))
    }
  }

  /// One line for the steps of a kind: how many in which state, and the most frequent reason.
  private func line(
    _ kind: StepKind, _ members: [Step], _ resolution: Resolution, _ reasons: [StepID: String],
    _ console: Console
  ) {
    let steps = members.filter { $0.kind == kind }
    guard !steps.isEmpty else { return }
    var words: [String] = []
    for word in StepState.words {
      let count = steps.count { resolution.states[$0.id]!.word == word }
      if count > 0 { words.append("\(count) \(word)") }
    }
    let open = steps.first { resolution.record(of: $0.id) == nil }
    let reason = open.map { "  " + dimmed(reasons[$0.id]!, console) } ?? ""
    console.result("    \(padded(kind.rawValue, 10)) \(words.joined(separator: ", "))\(reason)")
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }

  private func dimmed(_ text: String, _ console: Console) -> String { console.colour(text, .dim) }
}
