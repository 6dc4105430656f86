internal import Core
internal import Storage

/// What `verify --json` prints.
struct VerifyShape: Encodable {
  struct Counts: Encodable { var checked, damaged: Int }
  struct Finding: Encodable {
    var subject, problem: String
    var digest: String?
    var path: String
    var step, detail: String?
  }
  struct Rebuilt: Encodable {
    var steps = 0
    var identical = 0
    /// The ids of steps that gave other bytes, or did not run to their end.
    var different: [String] = []
  }
  var study: String
  var objects, records: Counts
  var sources: Counts
  var restored: Int
  var rebuilt: Rebuilt
  var findings: [Finding]

  init(study: String, _ outcome: StoreCheck.Outcome, restored: Int, rebuilt: Rebuilt) {
    func count(_ subjects: Set<StoreFinding.Subject>) -> Int {
      outcome.findings.count { subjects.contains($0.subject) }
    }
    self.study = study
    objects = Counts(checked: outcome.objects, damaged: count([.object, .action]))
    records = Counts(checked: outcome.records, damaged: count([.record]))
    sources = Counts(checked: outcome.sources, damaged: count([.source]))
    self.restored = restored
    self.rebuilt = rebuilt
    findings = outcome.findings.map {
      Finding(
        subject: $0.subject.rawValue, problem: $0.problem.rawValue, digest: $0.digest?.hex,
        path: $0.path.text, step: $0.maker, detail: $0.detail)
    }
  }
}
