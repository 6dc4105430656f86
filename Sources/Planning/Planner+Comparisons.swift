internal import Core
internal import ManifestModel

extension Planner {
  /// Adds a step for each comparison and test set, and one that corrects the pooled ones together.
  mutating func addComparisons() {
    var pooled: [StepID] = []
    for comparison in study.comparisons {
      guard let experiment = study.experiment(named: comparison.experiment.value) else {
        preconditionFailure("a valid study compares experiments that it has")
      }
      for test in experiment.testSets {
        let id = addComparison(comparison, of: experiment, on: test)
        if comparison.family.value == .study { pooled.append(id) }
      }
    }
    guard !pooled.isEmpty else { return }
    add(
      StepNames.adjust, .adjust, [],
      pooled.enumerated().map {
        .init(StepNames.pooled($0.offset), .output($0.element, "comparison"))
      },
      group: "study", at: study.comparisons.first?.location)
  }

  private mutating func addComparison(
    _ comparison: Comparison, of experiment: Experiment, on test: SplitReference
  ) -> StepID {
    let metric = comparison.metric.value
    var inputs: [Step.Input] = []
    for size in experiment.subsetSizes {
      // The subset says how many images `25%` or `all` came to.
      inputs.append(
        .init(
          "subset/n=\(size.value)", .output(StepNames.subset(experiment, size.value, 1), "size")))
      for replicate in 1...experiment.replicates.value {
        for (arm, name) in [
          ("candidate", comparison.candidate.value), ("baseline", comparison.baseline.value),
        ] {
          let measure = StepNames.test(
            .measure, experiment, name, size.value, replicate, on: test)
          inputs.append(
            .init(
              "\(arm)/n=\(size.value)/r=\(replicate)",
              .output(measure, "values/\(metric.fullName)")))
        }
      }
    }
    return add(
      StepNames.compare(comparison, on: test),
      .compare,
      [
        .init("alpha", .number(comparison.alpha.value), at: comparison.alpha.location),
        .init(
          "correction", .text(comparison.correction.value.rawValue),
          at: comparison.correction.location),
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
