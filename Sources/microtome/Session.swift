internal import ArgumentParser
internal import Core
internal import Execution
private import Glibc
internal import ManifestModel
internal import Planning
internal import Storage

/// Options that every command on a manifest takes.
struct StudyOptions: ParsableArguments {
  @Argument(help: "The study's manifest.", completion: .file(extensions: ["yaml", "yml"]))
  var manifest: String

  @Option(
    name: .customLong("data"),
    help: ArgumentHelp(
      "Where a dataset or weight file lies, as NAME=PATH. Locations are not part of a study.",
      valueName: "name=path"))
  var data: [String] = []

  @Option(help: "The store's directory (default: .microtome in the root, or MICROTOME_STORE).")
  var store: String?

  @Option(help: "The directory that holds results/<study> (default: results in the root).")
  var results: String?

  @Flag(help: "Print exactly one JSON object to standard output.")
  var json = false
}

/// A manifest that was read, its plan, and the place that it runs in.
struct Session {
  let console = Console()
  let files = LocalFileSystem()
  let manifest: Manifest
  let plan: Plan
  let workspace: Workspace
  let locations: DataLocations
  let options: StudyOptions

  var study: Study { manifest.study }

  init(_ options: StudyOptions) throws {
    self.options = options
    let path = Self.absolute(options.manifest)
    do throws(InvalidManifest) {
      manifest = try ManifestLoader(files: files).load(path, displayedAs: options.manifest)
    } catch {
      throw CommandFailure(error)
    }
    plan = Planning.plan(manifest.study)
    let store = Self.store(options.store)
    workspace = try Workspace(
      manifest: path, study: manifest.study.name.value, store: store,
      results: options.results.map(Self.absolute), files: files)
    locations = try Self.locations(options, manifest.study, root: workspace.root, files: files)
  }

  /// The path that a word of the command line means; the only use of the working directory.
  static func absolute(_ text: String) -> Path {
    if text.hasPrefix("/") { return Path(text).normalized }
    let here = getcwd(nil, 0)
    defer { free(here) }
    return (Path(here.map { String(cString: $0) } ?? "/") / text).normalized
  }

  /// The store that the command line or the environment names; empty words name none.
  static func store(_ option: String?) -> Path? {
    let named = option ?? getenv("MICROTOME_STORE").map { String(cString: $0) }
    return named.flatMap { $0.isEmpty ? nil : absolute($0) }
  }

  /// Looks at the data and hashes what is new; missing data is an error of the environment.
  func scan() throws -> Externals {
    let externals = try survey()
    guard externals.absences.isEmpty else { throw failure(of: externals.absences.problems) }
    return externals
  }

  /// Looks at what there is of the data and hashes what is new; what is not here is noted.
  func survey() throws -> Externals {
    let console = console
    do {
      return try ExternalScan(
        study: study, locations: locations, workspace: workspace,
        now: Machine.now,
        progress: { name, done, total in
          guard console.isInteractive, total > 64 << 20 else { return }
          console.draw("\r\u{1B}[Khashing \(name): \(done * 100 / max(1, total)) %")
          if done == total { console.draw("\r\u{1B}[K") }
        }
      ).run(for: plan)
    } catch let error as EnvironmentProblems {
      throw failure(of: error)
    }
  }

  private func failure(of problems: EnvironmentProblems) -> CommandFailure {
    CommandFailure(problems, sources: manifest.sources)
  }

  /// The state of every step.
  func resolve(_ externals: Externals) throws -> Resolution {
    try Resolution(of: plan, externals: externals, in: workspace)
  }

  /// The step with an id, or a failure that names the nearest ones.
  func step(_ id: String) throws -> Step {
    if let step = plan[StepID(id)] { return step }
    let near = plan.steps.map(\.id.text).filter { $0.contains(id) || id.contains($0) }
    throw CommandFailure(
      status: 2, code: "no-such-step", message: "the study has no step `\(id)`", subject: id,
      hint: near.isEmpty
        ? "`microtome plan \(options.manifest)` lists the steps"
        : "did you mean \(near.prefix(3).map { "`\($0)`" }.joined(separator: ", "))?")
  }

  /// Warnings of the manifest and of the design, in source order.
  var warnings: [Diagnostic] { (manifest.warnings + plan.warnings).inSourceOrder }

  func showWarnings() {
    for warning in warnings { console.say(console.render(warning, manifest.sources)) }
  }

  /// Says what is not here and how many steps are not known for it.
  func showAbsences(_ externals: Externals, _ resolution: Resolution) {
    guard !externals.absences.isEmpty else { return }
    for absence in externals.absences {
      var notice = absence.diagnostic
      notice.severity = .warning
      console.say(console.render(notice, manifest.sources))
    }
    let unknown = resolution.countOfStepsWithoutData(in: plan)
    console.say(
      "without these files the state of \(unknown) of \(plan.steps.count) steps is not known, and "
        + "`microtome run` refuses to start")
  }

  /// The file that says where data lie on this machine.
  static func dataFile(in root: Path, _ files: any FileSystem) throws(FileError) -> [UInt8]? {
    let file = root / ".microtome.data.yaml"
    return try files.exists(file) ? try files.read(file) : nil
  }

  private static func locations(
    _ options: StudyOptions, _ study: Study, root: Path, files: any FileSystem
  ) throws -> DataLocations {
    let known = (study.datasets.map(\.name.value) + study.initializations.map(\.name.value))
    var named: [String: Path] = [:]
    for word in options.data {
      guard let equals = word.firstIndex(of: "="), equals > word.startIndex else {
        throw CommandFailure(
          status: 2, code: "command-line", message: "`--data \(word)` is not NAME=PATH",
          hint: "write `--data glas=/path/to/glas`")
      }
      let name = String(word[..<equals])
      guard known.contains(name) else {
        throw CommandFailure(
          status: 2, code: "command-line",
          message: "`--data \(word)`: the study has no dataset or initialization `\(name)`",
          hint: "it has \(known.map { "`\($0)`" }.joined(separator: ", "))")
      }
      named[name] = absolute(String(word[word.index(after: equals)...]))
    }
    let file = root / ".microtome.data.yaml"
    let text = try dataFile(in: root, files).map { String(decoding: $0, as: UTF8.self) }
    do throws(MalformedDataFile) {
      return try DataLocations(arguments: named, file: text, root: root)
    } catch {
      throw CommandFailure(
        status: 2, code: "data-file", message: "\(file):\(error.line): \(error.reason)",
        subject: file.text, hint: "write one `name: path` a line")
    }
  }
}
