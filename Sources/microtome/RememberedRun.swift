internal import Core
internal import Execution
internal import ManifestModel
internal import Planning
internal import Steps
internal import Storage
private import Synchronization

/// The memory of the last run that found or made everything, kept in the store it ran in.
struct RememberedRun {
  /// What the last run said.
  struct Message: Codable {
    var study: String
    var steps: Int
    var results: String
    /// Warnings of the manifest and of the design, as they are shown.
    var warnings: [String] = []
    var outcome = ResultsDirectory.Outcome()
  }

  private let files = LocalFileSystem()
  private let store: Path
  private let slot: Path
  private let fingerprint: Digest

  /// - Parameters:
  ///   - subject: What is run and where its results go: there is one memory of each.
  ///   - circumstances: What else decides what a run does and says; another value, no memory.
  init(store: Path, subject: CanonicalValue, circumstances: CanonicalValue) throws {
    self.store = store
    slot = store / "memory" / subject.identity.hex
    let program = try files.status(of: Machine.program)
    // A program that was built anew may mean something else by the same manifest.
    fingerprint =
      ([
        .text(Machine.program.text), .integer(program?.size ?? 0), .integer(program?.modified ?? 0),
        .integer(program?.changed ?? 0), .integer(Int64(bitPattern: program?.inode ?? 0)),
        .integer(Int64(bitPattern: program?.device ?? 0)), .text(NumericsIdentity.current),
        circumstances,
      ] as CanonicalValue).identity
  }

  /// The memory of a run of a manifest; the manifest itself is one of the files in it.
  init(_ options: StudyOptions) throws {
    let files = LocalFileSystem()
    let manifest = Session.absolute(options.manifest)
    let root = Workspace.root(of: manifest, files: files)
    let data = try Session.dataFile(in: root, files)
    try self.init(
      store: Session.store(options.store) ?? root / ".microtome",
      subject: [
        .text(manifest.text), options.results.map { .text(Session.absolute($0).text) } ?? .null,
      ],
      circumstances: [
        // Warnings name the manifest as the command line does.
        .text(options.manifest), .list(options.data.map { .text($0) }),
        // Relative locations of the command line start where the program was started.
        .text(Session.absolute(".").text),
        data.map { .digest(SHA256.digest(of: $0)) } ?? .null,
      ])
  }

  /// What the last run said, if there is nothing else to do or to say; a damaged object that it
  /// relied on is moved out of the way, whatever else has changed.
  func recall() -> Message? {
    guard let memory = load() else { return nil }
    let examination = memory.examined(by: files, now: Machine.now)
    quarantine(examination.changed)
    guard memory.fingerprint == fingerprint, examination.changed.isEmpty,
      let message = try? JSON.decode(Message.self, from: memory.message)
    else { return nil }
    if examination.isStale { try? examination.memory.save(to: slot, files) }
    return message
  }

  /// Remembers a run of a manifest.
  ///
  /// It is a convenience for the next run: what cannot be remembered or written is left.
  func remember(
    _ session: Session, _ externals: Externals, _ records: [StepID: ActionRecord],
    _ outcome: ResultsDirectory.Outcome
  ) {
    guard !outcome.hasOtherNumerics, let manifests = witnesses(of: session) else { return }
    let results = session.workspace.results
    let message = Message(
      study: session.study.name.value, steps: session.plan.steps.count, results: results.text,
      warnings: session.warnings.map { session.console.render($0, session.manifest.sources) },
      outcome: .init(answers: outcome.answers, warnings: outcome.warnings))
    remember(
      message, Array(records.values), in: session.workspace.store,
      beside: manifests + externals.witnesses
        + outcome.contents.map { .init($0.key, content: $0.value) }
        + [.init(results / "figures", content: nil)])
  }

  /// Remembers the records of a run, their objects, and other files.
  func remember(
    _ message: Message, _ records: [ActionRecord], in store: Store,
    beside others: [RunMemory.Witness]
  ) {
    let objects = Set(records.flatMap(\.kept).map(\.digest))
    guard areSound(objects, in: store) else { return }
    let witnesses =
      others + records.map { .init(store.recordPath($0.key), content: nil) }
      + objects.map { .init(store.path(of: $0), content: $0) }
    let memory = try? RunMemory(
      fingerprint: fingerprint, message: JSON.encode(message), witnesses: witnesses, files: files,
      now: Machine.now)
    try? memory?.save(to: slot, files)
  }

  /// The manifest and its bases, if they still say what this run has read; `nil` if not.
  private func witnesses(of session: Session) -> [RunMemory.Witness]? {
    var witnesses: [RunMemory.Witness] = []
    for (name, path) in session.manifest.paths {
      let now = Machine.now
      guard let status = try? files.status(of: path), let bytes = try? files.read(path),
        session.manifest.reads(bytes, as: name)
      else { return nil }
      witnesses.append(
        .init(path, content: SHA256.digest(of: bytes), look: .init(status, at: now)))
    }
    return witnesses
  }

  /// Whether every object has the bytes that its name says.
  ///
  /// Those that this run wrote and those of the last memory are known; the others are read once, here,
  /// so that what is remembered was right when it was remembered.
  private func areSound(_ objects: Set<Digest>, in store: Store) -> Bool {
    let known = load()?.examined(by: files, now: Machine.now)
    let changed = Set((known?.changed ?? []).compactMap(\.content))
    let sound = Set((known?.memory.folders ?? []).flatMap(\.entries).compactMap(\.content))
      .subtracting(changed)
    let doubtful = objects.subtracting(sound).filter { object in
      guard let status = try? files.status(of: store.path(of: object)) else { return true }
      return status.changed < Machine.start
    }
    let unread = Array(doubtful)
    let damage = Damage()
    concurrently(unread.count) { index in
      if (try? store.read(unread[index])) == nil { damage.note() }
    }
    return !damage.isFound
  }

  private func load() -> RunMemory? {
    guard let bytes = try? files.read(slot) else { return nil }
    return RunMemory(decoding: bytes)
  }

  /// Reading an object checks it, and moves it out of the way if it is damaged.
  private func quarantine(_ changed: [RunMemory.Witness]) {
    guard !changed.isEmpty, let store = try? Store(at: store, files: files) else { return }
    for witness in changed {
      if let digest = witness.content, witness.path == store.path(of: digest) {
        _ = try? store.read(digest)
      }
    }
  }
}

/// Whether any thread found damage.
private final class Damage: Sendable {
  private let found = Atomic<Bool>(false)
  var isFound: Bool { found.load(ordering: .relaxed) }
  func note() { found.store(true, ordering: .relaxed) }
}
