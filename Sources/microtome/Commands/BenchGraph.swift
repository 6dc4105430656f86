internal import ArgumentParser
internal import Core
internal import Execution
private import Glibc
internal import Planning
internal import Storage

struct BenchGraph: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-graph",
    abstract: "Time the runner itself on a graph of steps that do next to nothing.",
    discussion: """
      The graph has three levels: half of the steps produce, half consume one product each, and one \
      reads all. It goes through the same scheduler, workers and durable store as a study. Every \
      figure is the wall time of a whole process:

        plan_seconds        `microtome plan` of a generated manifest of about as many steps, on an \
      empty store
        cold_seconds        the graph, on an empty store
        first_noop_seconds  the graph again, 2 s later
        noop_seconds        and again, the median of 5
        peak_bytes          the largest process of all these
      """)

  @Option(help: "How many steps.")
  var steps = 1000

  @Option(name: .shortAndLong, help: "How many steps at once (default: the number of cores).")
  var jobs: Int?

  @Option(
    help: ArgumentHelp(
      "Where the stores go (default: a temporary directory that is removed).",
      valueName: "directory"))
  var directory: String?

  @Flag(help: "Run the graph once in --directory and keep it, to be timed by something else.")
  var once = false

  @Flag(help: "Only plan.")
  var planOnly = false

  @Flag(help: "Print exactly one JSON object to standard output.")
  var json = false

  func validate() throws {
    if steps < 3 { throw ValidationError("--steps has to be at least 3") }
    if let jobs, jobs < 1 { throw ValidationError("--jobs has to be at least 1") }
    if once, directory == nil { throw ValidationError("--once needs a --directory") }
  }

  func run() throws {
    Interruption.install()
    if once { return try runOnce(in: Session.absolute(directory!)) }
    let files = LocalFileSystem()
    let place = directory.map(Session.absolute) ?? Self.temporaryDirectory
    try files.createDirectory(place)
    defer { if directory == nil { try? files.remove(place) } }
    let shape = try measure(in: place, files)
    let console = Console()
    if json { return console.result(JSON.text(shape)) }
    for (name, seconds) in shape.lines {
      console.result("\(name)  \(fixed(seconds * 1000, digits: 1)) ms")
    }
    console.result("largest process  \(shape.peakBytes >> 20) MiB")
  }

  private static var temporaryDirectory: Path {
    let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    return Path(base) / "microtome-bench-\(getpid())"
  }

  /// Measures every figure, each from processes of its own.
  private func measure(in place: Path, _ files: LocalFileSystem) throws -> BenchGraphShape {
    let manifest = place / "study.yaml"
    try files.write(Array(BenchManifest.text(steps: steps).utf8), to: manifest)
    // A store that is there already has run the graph; its figures would not be those of a cold run.
    for name in [".microtome", "plan"] { try files.remove(place / name) }
    var processes: [MeasuredProcess] = []
    func run(_ arguments: [String]) throws -> Double {
      let process = try MeasuredProcess(arguments: arguments, output: place / "output.json")
      guard process.status == 0 else {
        throw CommandFailure(
          status: 1, code: "bench-graph.failed",
          message: "`microtome \(arguments.joined(separator: " "))` ended with \(process.status)")
      }
      processes.append(process)
      return process.seconds
    }
    let plan = try run(
      ["plan", manifest.text, "--store", (place / "plan").text, "--json"])
    var shape = BenchGraphShape(steps: steps, planSeconds: plan, peakBytes: 0)
    if !planOnly {
      let graph =
        ["bench-graph", "--once", "--steps", "\(steps)", "--directory", place.text, "--json"]
        + (jobs.map { ["--jobs", "\($0)"] } ?? [])
      shape.coldSeconds = try run(graph)
      sleep(2)
      shape.firstNoopSeconds = try run(graph)
      shape.noopSeconds = try (0..<5).map { _ in try run(graph) }.sorted()[2]
    }
    shape.peakBytes = processes.map(\.peakBytes).max() ?? 0
    return shape
  }

  private func runOnce(in place: Path) throws {
    let console = Console()
    // As in `run`, the store is opened only if there is something to do.
    let store = place / ".microtome"
    let remembered = try RememberedRun(
      store: store, subject: "bench-graph", circumstances: CanonicalValue(steps))
    if let message = remembered.recall() {
      var summary = RunSummary()
      (summary.total, summary.cached) = (message.steps, message.steps)
      return show(summary, console)
    }
    let workspace = try Workspace(
      manifest: place / "graph", study: "bench-graph", store: store, results: nil,
      files: LocalFileSystem())
    let run = StudyRun(
      plan: .bench(steps: steps), externals: Externals(), workspace: workspace,
      options: .init(
        budget: Machine.budget(jobs: jobs, memory: nil), failFast: false,
        program: Machine.program),
      costs: PastCosts(), check: { _, _ in [] }, shouldStop: { Interruption.isRequested },
      observe: { _ in })
    let summary = try run.run()
    show(summary, console)
    if summary.wasInterrupted { throw ExitCode(130) }
    guard summary.failures.isEmpty else { throw ExitCode(1) }
    remembered.remember(
      .init(study: "bench-graph", steps: summary.total, results: ""), Array(run.finished.values),
      in: workspace.store, beside: [])
  }

  private func show(_ summary: RunSummary, _ console: Console) {
    if json { console.result(JSON.text(RunShape(study: "bench-graph", summary, results: ""))) }
    for failure in summary.failures {
      for diagnostic in failure.diagnostics { console.say(console.render(diagnostic, [:])) }
    }
    console.say("\(summary.total) steps: \(summary.executed) executed, \(summary.cached) cached")
  }
}
