internal import ArgumentParser
internal import Core
internal import Execution
internal import ManifestModel
internal import Planning
internal import Storage

struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show where a study stands: each step's state and how long it took.")

  @OptionGroup var options: StudyOptions

  func run() throws {
    let session = try Session(options)
    let externals = try session.survey()
    let resolution = try session.resolve(externals)
    session.showAbsences(externals, resolution)
    if options.json {
      session.console.result(
        JSON.text(
          StatusShape(
            study: session.study.name.value,
            steps: session.plan.steps.map { step in
              let state = resolution.states[step.id]!
              return .init(
                id: step.id.text, state: state.word, key: state.key?.hex,
                seconds: resolution.record(of: step.id)?.seconds)
            }, missing: externals.absences.map(AbsenceShape.init))))
      return
    }
    for step in session.plan.steps {
      let seconds = resolution.record(of: step.id).map { "  \(fixed($0.seconds, digits: 1)) s" }
      session.console.result("\(resolution.states[step.id]!.word)\t\(step.id)\(seconds ?? "")")
    }
  }
}

/// A step of a study, named on the command line.
struct StepOptions: ParsableArguments {
  @OptionGroup var study: StudyOptions
  @Argument(help: "The step's id, as `microtome plan --steps` prints it.")
  var step: String
}

struct Why: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why",
    abstract: "Explain why a step would run, down to the line of the manifest.",
    discussion: "Compares the step with its last run: parameters, inputs, seed and kind version.")

  @OptionGroup var options: StepOptions

  func run() throws {
    let session = try Session(options.study)
    let step = try session.step(options.step)
    let externals = try session.survey()
    let resolution = try session.resolve(externals)
    session.showAbsences(externals, resolution)
    let causes = try Explanation(of: session.plan, resolution, in: session.workspace)
      .causes(of: step)
    if options.study.json {
      session.console.result(
        JSON.text(
          WhyShape(
            id: step.id.text, causes: causes.map(WhyShape.Entry.init),
            missing: externals.absences.map(AbsenceShape.init))))
      return
    }
    if causes.isEmpty { session.console.result("\(step.id) is up to date: nothing differs") }
    for cause in causes { session.console.result(cause.sentence) }
  }
}

struct Log: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log",
    abstract: "Print the log of a step's last try.")

  @OptionGroup var options: StepOptions

  func run() throws {
    let session = try Session(options.study)
    let step = try session.step(options.step)
    let resolution = try session.resolve(try session.scan())
    guard let key = resolution.states[step.id]?.key else {
      throw CommandFailure(
        status: 1, code: "not-run", message: "\(step.id) waits for steps that have not run",
        subject: step.id.text, hint: "run the study first")
    }
    let path = session.workspace.store.logPath(of: key)
    let text = (try? session.files.read(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    if options.study.json {
      session.console.result(
        JSON.text(["id": step.id.text, "log": text, "path": path.text]))
    } else {
      session.console.result(
        text.isEmpty
          ? "\(step.id) left no log" : String(text.dropLast(text.hasSuffix("\n") ? 1 : 0)))
    }
  }
}

struct Show: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show",
    abstract: "List a step's artifacts, or extract them as files.",
    discussion: """
      Weights are safetensors, maps and images NPY, everything else JSON.

        microtome show study.yaml gland/imagenet/n=8/r=1/train --extract out
      """)

  @OptionGroup var options: StepOptions
  @Option(help: ArgumentHelp("Write the artifacts under this directory.", valueName: "directory"))
  var extract: String?

  func run() throws {
    let session = try Session(options.study)
    let step = try session.step(options.step)
    let resolution = try session.resolve(try session.scan())
    guard let record = resolution.record(of: step.id) else {
      throw CommandFailure(
        status: 1, code: "not-run", message: "\(step.id) has no artifacts: it is not done",
        subject: step.id.text, hint: "run `microtome run \(options.study.manifest)`")
    }
    let store = session.workspace.store
    var paths: [String: String] = [:]
    if let extract {
      do {
        for output in record.outputs {
          paths[output.name] = try write(
            output, of: store, under: Session.absolute(extract), session)
        }
      } catch let error as FileError {
        throw CommandFailure(error)
      }
    }
    let entries = record.outputs.map { output in
      ShowShape.Entry(
        name: output.name, digest: output.digest.hex, bytes: output.bytes,
        path: paths[output.name] ?? store.path(of: output.digest).text)
    }
    if options.study.json {
      session.console.result(JSON.text(ShowShape(id: step.id.text, outputs: entries)))
      return
    }
    for entry in entries {
      session.console.result("\(entry.name)\t\(entry.bytes) bytes\t\(entry.path)")
    }
  }

  /// Writes one artifact; a tree becomes a directory.
  private func write(
    _ output: NamedObject, of store: Store, under directory: Path, _ session: Session
  ) throws -> String {
    // Records are plain files: one from elsewhere must not say where on this disk to write.
    guard output.staysBelow else {
      throw StoreError(.unreadable, "a record with an output whose name leads out of its directory")
    }
    let bytes = try store.read(output.digest)
    let base = directory / output.name
    if let tree = try? Tree(decoding: bytes) {
      for entry in tree.entries {
        let path = base / entry.name
        try session.files.createDirectory(path.parent)
        try session.files.write(try store.read(entry.digest), to: path)
      }
      return base.text
    }
    let isJSON = bytes.first == UInt8(ascii: "{")
    let path = Path(base.text + (isJSON ? ".json" : ".safetensors"))
    try session.files.createDirectory(path.parent)
    try session.files.write(bytes, to: path)
    return path.text
  }
}
