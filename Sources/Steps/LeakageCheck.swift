public import Core
public import ManifestModel
public import Planning
public import Storage

/// Looks for images that are trained on and tested on once both datasets are indexed.
///
/// The step itself knows no names of datasets, which enter no action; here they are known, and the line
/// that refuses.
public struct LeakageCheck: Sendable {
  let study: Study
  let store: Store

  public init(study: Study, store: Store) {
    self.study = study
    self.store = store
  }

  static let code: Diagnostic.Code = "leakage.test-image-seen"
  static let hint = "remove them from one of the two, or write `leakage: warn`"

  static func list(_ shared: [(here: String, there: String)]) -> String {
    shared.map { "`\($0.here)` is `\($0.there)`" }.listed()
  }

  /// Problems of a step that is about to start; only leakage steps have any.
  public func problems(of step: Step, inputs: [String: Digest]) -> [Diagnostic] {
    guard step.kind == .leakage, let seen = split(behind: "seen", of: step, inputs) else {
      return []
    }
    return step.inputs.filter { $0.name.hasPrefix("test/") }.compactMap { input in
      guard let test = split(behind: input.name, of: step, inputs) else { return nil }
      let shared = test.index.images(alsoIn: seen.index)
      guard !shared.isEmpty else { return nil }
      let refusing = [test.dataset, seen.dataset].first(where: \.refusesLeakage)
      return .error(
        Self.code,
        "\(step.id): \(shared.count) \(shared.count == 1 ? "image" : "images") of \(test.name) "
          + "\(shared.count == 1 ? "is" : "are") also in \(seen.name): \(Self.list(shared))",
        at: refusing?.reading.leakage?.location ?? step.location, hint: Self.hint)
    }
  }

  private struct Split {
    var dataset: Dataset
    var index: SplitIndex
    var name: String { "\(dataset.name.value)/\(index.split)" }
  }

  private func split(
    behind name: String, of step: Step, _ inputs: [String: Digest]
  ) -> Split? {
    guard case .output(let id, _)? = step.inputs.first(where: { $0.name == name })?.origin,
      let dataset = study.datasets.first(where: { StepNames.images(of: $0) == id }),
      let bytes = inputs[name].flatMap({ try? store.read($0) }),
      let index = try? JSON.decode(SplitIndex.self, from: bytes)
    else { return nil }
    return Split(dataset: dataset, index: index)
  }
}
