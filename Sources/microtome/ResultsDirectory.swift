internal import Core
internal import Execution
internal import ManifestModel
internal import Planning
internal import Reporting
internal import Steps
internal import Storage

/// The committed results of a study: tables, lock file, figures and the report.
struct ResultsDirectory {
  private let session: Session
  private let files: any FileSystem
  private let manifestName: String

  /// Refuses a directory whose lock names another manifest, unless told to replace it.
  init(_ session: Session, replace: Bool, files: any FileSystem = LocalFileSystem()) throws {
    self.session = session
    self.files = files
    let manifest = Session.absolute(session.options.manifest)
    let prefix = session.workspace.root.text + "/"
    manifestName =
      manifest.text.hasPrefix(prefix)
      ? String(manifest.text.dropFirst(prefix.count)) : manifest.name
    let lock = session.workspace.results / "study.lock.json"
    if !replace, let bytes = try? files.read(lock),
      let owner = StudyLock.manifest(ofLock: bytes), owner != manifestName
    {
      throw CommandFailure(
        status: 2, code: "results.of-another-manifest",
        message: "\(session.workspace.results) holds the results of \(owner)",
        subject: session.workspace.results.text,
        hint: "rename the study, choose another --results, or pass --replace")
    }
    // A place that cannot be written is better known before the steps than after them.
    try files.createDirectory(session.workspace.results)
  }

  /// What was written, and what the study found in one sentence for each comparison.
  struct Outcome: Codable {
    /// Files whose bytes differ from what was there; the others are left alone.
    var changed: [String] = []
    var answers: [String] = []
    /// What a reader must know before believing them.
    var warnings: [String] = []
    /// Whether some records were made with other numerics, which every run says anew.
    var hasOtherNumerics = false
    /// The content of every file, changed or not.
    var contents: [Path: Digest] = [:]

    enum CodingKeys: String, CodingKey { case changed, answers, warnings, hasOtherNumerics }
  }

  /// Renders the results from records and writes what differs.
  func write(records: [StepID: ActionRecord], externals: Externals) throws -> Outcome {
    let workspace = session.workspace
    let lock = StudyLock(
      plan: session.plan, records: records,
      datasets: externals.listingDigests,
      manifest: manifestName, keep: keep)
    let hasOtherNumerics = warnOfOtherNumerics(lock)
    let report = try ReportAssembly(
      study: session.study, plan: session.plan, records: records, store: workspace.store,
      warnings: session.warnings
    ).report()
    var texts: [(name: String, text: String)] = [
      ("study.lock.json", lock.text),
      ("measurements.csv", MeasurementsCSV.render(report)),
      ("comparisons.csv", ComparisonsCSV.render(report)),
      ("report.html", HTMLReport.render(report)),
    ]
    texts += Figures.all(report).map { ("figures/\($0.name)", $0.svg) }
    var changed: [String] = []
    var contents: [Path: Digest] = [:]
    for (name, text) in texts {
      let path = workspace.results / name
      let bytes = Array(text.utf8)
      contents[path] = SHA256.digest(of: bytes)
      if let old = try? files.read(path), old == bytes { continue }
      try files.createDirectory(path.parent)
      try files.write(bytes, to: path)
      changed.append(name)
    }
    try removeStaleFigures(keeping: Set(texts.map(\.name)))
    // From now on garbage collection keeps what the lock file names.
    try workspace.store.register(lock: workspace.results / "study.lock.json")
    return Outcome(
      changed: changed, answers: report.comparisons.map { AnswerSentence($0).text },
      warnings: report.warnings, hasOtherNumerics: hasOtherNumerics, contents: contents)
  }

  /// What garbage collection keeps, where the manifest says less than everything.
  private var keep: [String]? {
    let keep = session.study.keep
    return Set(keep).count < Keepable.allCases.count ? keep.map(\.rawValue).sorted() : nil
  }

  private func removeStaleFigures(keeping names: Set<String>) throws {
    let directory = session.workspace.results / "figures"
    for name in (try? files.list(directory)) ?? [] where name.hasSuffix(".svg") {
      if !names.contains("figures/\(name)") { try files.remove(directory / name) }
    }
  }

  /// Bits are promised within one numerics id; results that mix several say so.
  private func warnOfOtherNumerics(_ lock: StudyLock) -> Bool {
    let others = lock.numerics.filter { $0 != NumericsIdentity.current }
    guard let other = others.first else { return false }
    session.console.say(
      "warning[numerics.other]: some records were made with other numerics (\(other)); "
        + "`microtome run --store` with an empty store makes all of them here")
    return true
  }
}
