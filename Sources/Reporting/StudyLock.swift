public import Core
public import Planning
public import Storage

/// What a study came to, for git: every step by id with its key and the digests of its outputs.
///
/// Deterministic bytes, one line for each step, so that a diff shows exactly what changed.
public struct StudyLock {
  let plan: Plan
  let records: [StepID: ActionRecord]
  let datasets: [String: Digest]
  let manifest: String
  let keep: [String]?

  /// - Parameters:
  ///   - records: The record of every step of the plan.
  ///   - datasets: The digests of the listings of datasets that have files.
  ///   - manifest: The manifest's path relative to the root.
  ///   - keep: What garbage collection keeps of the study, where that is not everything.
  public init(
    plan: Plan, records: [StepID: ActionRecord], datasets: [String: Digest], manifest: String,
    keep: [String]? = nil
  ) {
    self.plan = plan
    self.records = records
    self.datasets = datasets
    self.manifest = manifest
    self.keep = keep
  }

  private struct Line: Encodable {
    var key: Digest
    var kind: String
    var outputs: [String: Digest]
    var version: Int
  }

  /// The numerics ids of all records, ascending.
  public var numerics: [String] { Set(records.values.map(\.numerics)).sorted() }

  public var text: String {
    let steps = plan.steps.sorted { $0.id < $1.id }.compactMap { step -> String? in
      guard let record = records[step.id] else { return nil }
      let line = Line(
        key: record.key, kind: record.kind,
        outputs: Dictionary(uniqueKeysWithValues: record.outputs.map { ($0.name, $0.digest) }),
        version: record.version)
      return "\(JSON.text(step.id.text)): \(JSON.text(line))"
    }
    let keep = keep.map { "\n\"keep\": \(JSON.text($0))," } ?? ""
    return """
      {
      "lock": 1,
      "study": \(JSON.text(plan.study)),
      "manifest": \(JSON.text(manifest)),
      "digest": \(JSON.text(plan.studyDigest)),\(keep)
      "numerics": \(JSON.text(numerics)),
      "datasets": \(JSON.text(datasets)),
      "steps": {
      \(steps.joined(separator: ",\n"))
      }
      }

      """
  }

  /// The manifest that wrote a lock file; `nil` if the text is none.
  public static func manifest(ofLock bytes: [UInt8]) -> String? {
    struct Head: Decodable { var manifest: String }
    return try? JSON.decode(Head.self, from: bytes).manifest
  }
}
