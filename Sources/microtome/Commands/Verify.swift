internal import ArgumentParser
internal import Core
internal import Execution
internal import ManifestModel
internal import Planning
internal import Reporting
internal import Storage

struct Verify: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check the bytes of everything in the store, and the committed lock file.",
    discussion: """
      Reads every object and record of the store, whichever study made it, and every source file \
      that was hashed; names what is damaged or gone with the step that made it. What is damaged \
      moves to tmp/quarantine in the store, so that the next `microtome run` makes it again. The \
      results' study.lock.json is compared with the records.

        microtome verify study.yaml
        microtome verify study.yaml --rebuild 3

      With --rebuild, recorded steps run again, each in an empty temporary store with what its record \
      says it read, and every byte of their outputs is compared: steps drawn at random, or all. It \
      needs the data, and the time that the steps took.

      Exit codes: 0 all is as it was written; 1 something is not.
      """)

  @OptionGroup var options: StudyOptions

  @Option(help: ArgumentHelp("How many recorded steps to run again.", valueName: "number or all"))
  var rebuild: String?

  func validate() throws {
    guard let rebuild, rebuild != "all" else { return }
    guard let count = Int(rebuild), count > 0 else {
      throw ValidationError("--rebuild takes a number of steps or `all`, not `\(rebuild)`")
    }
  }

  func run() throws {
    let session = try Session(options)
    let console = session.console
    let lock = try lock(of: session)
    var outcome = try StoreCheck(
      of: session.workspace.store, index: session.workspace.index,
      steps: lock.study?.stepsByKey ?? [:]
    ).run()
    outcome.findings += lock.findings
    if let study = lock.study {
      outcome.findings += try study.findings(against: session.workspace.store, at: lock.path)
    }
    let restored = try restoreActions(outcome.findings, session)
    var rebuilt = VerifyShape.Rebuilt()
    if let rebuild {
      let count = rebuild == "all" ? Int.max : Int(rebuild)!
      rebuilt = try Rebuilding(session: session).run(count, findings: &outcome.findings)
    }
    if options.json {
      console.result(
        JSON.text(
          VerifyShape(
            study: session.study.name.value, outcome, restored: restored, rebuilt: rebuilt)))
    }
    show(outcome, restored: restored, session)
    if !outcome.findings.isEmpty { throw ExitCode(1) }
  }

  private struct Lock {
    var path: Path
    var study: LockedStudy?
    var findings: [StoreFinding] = []
  }

  private func lock(of session: Session) throws -> Lock {
    var lock = Lock(path: session.workspace.results / "study.lock.json")
    guard try session.files.exists(lock.path) else {
      session.console.say("there is no \(lock.path) to compare with: the study was not run here")
      return lock
    }
    let bytes = try session.files.read(lock.path)
    do {
      lock.study = try LockedStudy(decoding: bytes)
    } catch {
      lock.findings = [
        .init(.lock, .damaged, path: lock.path, detail: "it is no lock file of this release")
      ]
    }
    if let digest = lock.study?.digest, digest != session.plan.studyDigest {
      session.console.say(
        "warning[lock.other-manifest]: \(lock.path) is of another version of the manifest")
    }
    return lock
  }

  /// Writes actions of this study again that were lost: what they say follows from the manifest.
  private func restoreActions(_ findings: [StoreFinding], _ session: Session) throws -> Int {
    let lost = Set(findings.filter { $0.subject == .action }.compactMap(\.digest))
    // What reads data that are not here has no key; the next run that has them writes the action.
    guard !lost.isEmpty, let externals = try? session.survey() else { return 0 }
    return try session.resolve(externals).restoreActions(
      lost, of: session.plan, in: session.workspace.store)
  }

  private func show(_ outcome: StoreCheck.Outcome, restored: Int, _ session: Session) {
    let console = session.console
    for finding in outcome.findings {
      let word = console.colour("\(finding.subject) \(finding.problem)", .red)
      console.say("\(word): \(finding.subjectText)")
    }
    let count = outcome.findings.count
    console.say(
      "checked \(outcome.objects) objects, \(outcome.records) records and \(outcome.sources) "
        + "source files: \(count == 0 ? "all as written" : count == 1 ? "1 finding" : "\(count) findings")"
    )
    if restored > 0 { console.say("restored \(restored) actions from the manifest") }
    let subjects = Set(outcome.findings.map(\.subject))
    if !subjects.isDisjoint(with: [.object, .record]) {
      console.say("  hint: `microtome run \(options.manifest)` makes again what the study needs")
    }
    if subjects.contains(.index) {
      console.say("  hint: `microtome index rebuild` makes the index again from the records")
    }
    if subjects.contains(.source) {
      console.say("  hint: restore the file, or touch it if its new bytes are the right ones")
    }
    if subjects.contains(.step) {
      console.say("  hint: within one numerics id other bytes are a defect: please report it")
    }
    if subjects.contains(.lock) {
      console.say("  hint: `git diff` shows what a new run changes in the lock file")
    }
  }
}

extension StoreFinding {
  /// The finding as people read it, after what and how.
  fileprivate var subjectText: String {
    [maker.map { "\($0):" }, path.text, detail.map { "(\($0))" }].compactMap(\.self)
      .joined(separator: " ")
  }
}
