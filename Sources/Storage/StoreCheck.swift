public import Core

/// Reads everything in a store and names what is damaged or gone, with the step that made it.
///
/// What is damaged is moved to `tmp/quarantine`, so that the next run of the study that needs it
/// makes it again. Other processes may use the store meanwhile.
public struct StoreCheck {
  /// What was looked at, and what was wrong.
  public struct Outcome: Sendable {
    public var objects = 0
    public var records = 0
    /// Source files whose bytes were compared with what the index remembers.
    public var sources = 0
    public var findings: [StoreFinding] = []
  }

  let store: Store
  let index: StoreIndex
  /// The ids of steps whose keys someone else knows, such as a lock file.
  let steps: [Digest: String]

  public init(of store: Store, index: StoreIndex, steps: [Digest: String] = [:]) {
    self.store = store
    self.index = index
    self.steps = steps
  }

  public func run() throws(StoreError) -> Outcome {
    var outcome = Outcome()
    // Records before objects: whatever a record names was there before the record was.
    let records = try checkRecords(&outcome)
    try checkObjects(&outcome, records)
    outcome.findings += index.findings(in: store, records: records)
    try checkSources(&outcome)
    return outcome
  }

  private func checkRecords(_ outcome: inout Outcome) throws(StoreError) -> [ActionRecord] {
    let known = steps.merging(index.stepsByKey()) { lock, _ in lock }
    var records: [ActionRecord] = []
    let keys = try store.recordKeys()
    for key in keys {
      if let record = try store.record(for: key) {
        records.append(record)
      } else {
        outcome.findings.append(
          .init(
            .record, .damaged, digest: key, path: store.recordPath(key), maker: known[key]))
        try store.quarantine(recordOf: key)
      }
    }
    outcome.records = keys.count
    let present = Set(keys)
    for (key, step) in known.sorted(by: { $0.key < $1.key }) where !present.contains(key) {
      outcome.findings.append(
        .init(.record, .missing, digest: key, path: store.recordPath(key), maker: step))
    }
    return records
  }

  private func checkObjects(
    _ outcome: inout Outcome, _ records: [ActionRecord]
  ) throws(StoreError) {
    var makers: [Digest: (subject: StoreFinding.Subject, maker: String)] = [:]
    for record in records {
      makers[record.key] = (.action, record.step)
      for object in record.kept {
        makers[object.digest] = (.object, "\(record.step): \(object.name)")
      }
    }
    let objects = try store.objects()
    outcome.objects = objects.count
    for digest in objects {
      guard let finding = try check(digest, makers[digest]) else { continue }
      outcome.findings.append(finding)
      if finding.problem == .damaged { try store.quarantine(digest) }
    }
    for digest in Set(makers.keys).subtracting(objects).sorted() {
      let (subject, maker) = makers[digest]!
      outcome.findings.append(
        .init(subject, .missing, digest: digest, path: store.path(of: digest), maker: maker))
    }
  }

  private func check(
    _ digest: Digest, _ maker: (subject: StoreFinding.Subject, maker: String)?
  ) throws(StoreError) -> StoreFinding? {
    var finding = StoreFinding(
      maker?.subject ?? .object, .damaged, digest: digest, path: store.path(of: digest),
      maker: maker?.maker ?? steps[digest])
    do throws(FileError) {
      return try store.files.digest(of: finding.path) == digest ? nil : finding
    } catch {
      // Another process has just moved or freed it.
      if try store.size(of: digest) == nil { return nil }
      finding.problem = .unreadable
      finding.detail = error.reason
      return finding
    }
  }

  private func checkSources(_ outcome: inout Outcome) throws(StoreError) {
    for source in index.sources() {
      // A file that is gone or was changed since is hashed anew by the next run.
      guard let status = try? store.files.status(of: source.path), status == source.status,
        let digest = try? store.files.digest(of: source.path)
      else { continue }
      outcome.sources += 1
      if digest != source.digest {
        outcome.findings.append(
          .init(
            .source, .differs, digest: source.digest, path: source.path,
            detail: "its size and times are as they were, its bytes hash to \(digest)"))
      }
    }
  }
}
