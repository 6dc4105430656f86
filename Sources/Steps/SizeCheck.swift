public import Core
public import ManifestModel
public import Planning
public import Storage

/// Checks the sizes of an experiment once its pool is known: percentages and `all` say nothing before.
public struct SizeCheck: Sendable {
  let study: Study
  let store: Store

  public init(study: Study, store: Store) {
    self.study = study
    self.store = store
  }

  /// Problems of a step that is about to start; only subset steps have any.
  ///
  /// Two sizes that come to the same number of images would compare a size with itself.
  public func problems(of step: Step, inputs: [String: Digest]) -> [Diagnostic] {
    guard step.kind == .subset, let digest = inputs["split"],
      let experiment = study.experiment(named: step.group),
      let bytes = try? store.read(digest),
      let split = try? JSON.decode(SplitIndex.self, from: bytes)
    else { return [] }
    let pool = split.samples.count
    var seen: [Int: Located<SubsetSize>] = [:]
    var found: [Diagnostic] = []
    for size in experiment.subsetSizes {
      let images = size.value.images(ofPool: pool)
      if images > pool {
        found.append(
          .error(
            "subset.too-large",
            "\(images) images cannot be drawn from the \(pool) of `\(experiment.dataset.value)`",
            at: size.location, hint: "use at most \(pool), or `all`"))
      }
      if let other = seen.updateValue(size, forKey: images) {
        found.append(
          .error(
            "subset.same-size",
            "`\(other.value)` and `\(size.value)` are both \(images) of \(pool) images",
            at: size.location, hint: "remove one of the two"))
      }
    }
    return found
  }
}
