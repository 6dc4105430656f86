public import Core
internal import Planning
public import Storage

/// A committed `study.lock.json`, read back.
public struct LockedStudy: Decodable, Sendable {
  /// What one step came to.
  public struct Step: Decodable, Sendable {
    public var key: Digest
    public var kind: String
    public var outputs: [String: Digest]
    public var version: Int
  }

  public var study: String
  public var manifest: String
  /// The digest of the study that was run, which an edited manifest no longer has.
  public var digest: Digest
  public var numerics: [String]
  public var steps: [String: Step]
  /// What garbage collection keeps, where that is not everything.
  public var keep: [String]?

  /// Throws for bytes that are no lock file of this release.
  public init(decoding bytes: [UInt8]) throws { self = try JSON.decode(Self.self, from: bytes) }

  /// The ids of the steps, by their keys.
  public var stepsByKey: [Digest: String] {
    Dictionary(steps.map { ($1.key, $0) }, uniquingKeysWith: min)
  }

  /// The outputs that garbage collection may free, by the keys of the steps that gave them.
  ///
  /// The curves of a training and what it loaded are a few kilobytes and part of the report.
  public var droppable: [Digest: Set<String>] {
    guard let keep else { return [:] }
    var droppable: [Digest: Set<String>] = [:]
    for step in steps.values {
      switch StepKind(rawValue: step.kind) {
      case .train, .pretrain, .load:
        if !keep.contains("weights") { droppable[step.key] = ["weights"] }
      case .predict:
        if !keep.contains("predictions") { droppable[step.key] = Set(step.outputs.keys) }
      default: continue
      }
    }
    return droppable
  }

  /// The steps whose records say something else than the lock; those without a record are not named.
  public func findings(against store: Store, at path: Path) throws(StoreError) -> [StoreFinding] {
    var findings: [StoreFinding] = []
    for (id, step) in steps.sorted(by: { $0.key < $1.key }) {
      guard let record = try store.record(for: step.key) else { continue }
      let given = Dictionary(
        record.outputs.map { ($0.name, $0.digest) }, uniquingKeysWith: { first, _ in first })
      let differing = Set(given.keys).union(step.outputs.keys).sorted()
        .first { given[$0] != step.outputs[$0] }
      guard let differing else { continue }
      let (locked, recorded) = (step.outputs[differing], given[differing])
      findings.append(
        .init(
          .lock, .differs, digest: step.key, path: path, maker: "\(id): \(differing)",
          detail: "\(locked.map(\.hex) ?? "absent") is locked, "
            + "\(recorded.map(\.hex) ?? "absent") is recorded"))
    }
    return findings
  }
}
