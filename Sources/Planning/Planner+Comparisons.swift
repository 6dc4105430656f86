internal import Core
internal import ManifestModel

extension Planner {
  /// Adds a step for each comparison and test set, and one that corrects the pooled ones together.
  mutating func addComparisons() {
    var pooled: [(id: StepID, alpha: Located<Double>, correction: Located<Correction>)] = []
    for comparison in study.comparisons {
      guard
        let experiment = study.experiments.first(where: {
          $0.name.value == comparison.experiment.value
        })
      else { preconditionFailure("a valid study compares experiments that it has") }
      for test in (experiment.test + experiment.outOfDomain).map(\.value) {
        let id = addComparison(comparison, of: experiment, on: test)
        if comparison.family.value == .study {
          pooled.append((id, comparison.alpha, comparison.correction))
        }
      }
    }
    guard let first = pooled.first else { return }
    add(
      "study/adjust", .adjust,
      [
        .init("alpha", .number(first.alpha.value), at: first.alpha.location),
        .init(
          "correction", .text(first.correction.value.rawValue), at: first.correction.location),
      ],
      pooled.map { .init($0.id.text, .output($0.id, "comparison")) }, group: "study",
      at: first.alpha.location)
  }

  private mutating func addComparison(
    _ comparison: Comparison, of experiment: Experiment, on test: SplitReference
  ) -> StepID {
    let metric = comparison.metric.value
    var inputs: [Step.Input] = []
    for size in experiment.subsetSizes {
      // The subset says how many images `25%` or `all` came to.
      inputs.append(
        .init("subset/n=\(size.value)", .output(Self.subset(experiment, size, 1), "size")))
      for replicate in 1...experiment.replicates.value {
        for (arm, name) in [
          ("candidate", comparison.candidate.value), ("baseline", comparison.baseline.value),
        ] {
          let measure = Self.cell(
            experiment, name, size, replicate, "measure/\(Self.short(test))")
          inputs.append(
            .init(
              "\(arm)/n=\(size.value)/r=\(replicate)",
              .output(measure, "values/\(metric.fullName)")))
        }
      }
    }
    // Pooled comparisons are corrected by the step that sees all of them.
    let correction =
      comparison.family.value == .study ? Correction.none : comparison.correction.value
    return add(
      StepID(
        "\(experiment.name.value)/\(comparison.candidate.value)-\(comparison.baseline.value)"
          + "/\(metric.rawValue)/\(Self.short(test))/compare"),
      .compare,
      [
        .init("alpha", .number(comparison.alpha.value), at: comparison.alpha.location),
        .init("correction", .text(correction.rawValue), at: comparison.correction.location),
        .init(
          "equivalence_margin",
          comparison.equivalenceMargin.map { .number($0.value) } ?? .null,
          at: comparison.equivalenceMargin?.location ?? comparison.location),
        .init(
          "replicates", CanonicalValue(experiment.replicates.value),
          at: experiment.replicates.location),
        .init(
          "sizes", .list(experiment.subsetSizes.map { .text($0.value.description) }),
          at: experiment.subsetSizes.first?.location),
      ],
      inputs, group: experiment.name.value, at: comparison.location)
  }
}
