internal import Core
internal import Planning
internal import Storage

extension Plan {
  /// Splits that some step reads and that a dataset turned out not to have; known as soon as the
  /// dataset is indexed, before anything is trained on it.
  func splitsMissing(from id: StepID, _ record: ActionRecord) -> [Diagnostic] {
    guard self[id]?.kind == .import else { return [] }
    let given = Set(record.outputs.map(\.name))
    let splits = given.filter { $0.hasPrefix("images/") }.map { $0.dropFirst("images/".count) }
    var found: [String: Diagnostic] = [:]
    for step in steps {
      for input in step.inputs {
        guard case .output(id, let name) = input.origin, !given.contains(name) else { continue }
        let split = name.split(separator: "/").last ?? ""
        let problem = Diagnostic.error(
          "data.no-such-split", "\(id): the dataset has no split `\(split)`", at: step.location,
          hint: "the dataset has the splits \(splits.sorted().joined(separator: ", "))")
        found["\(split) \(step.location?.description ?? "")"] = problem
      }
    }
    return found.sorted { $0.key < $1.key }.map(\.value)
  }
}
