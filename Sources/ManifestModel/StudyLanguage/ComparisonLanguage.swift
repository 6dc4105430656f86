internal import Core

/// The `comparisons` of a manifest.
enum ComparisonLanguage {
  /// One comparison.
  static let comparison = Language<Comparison>.object(
    "comparison",
    .required("experiment", .experiment, "The experiment whose measurements are compared."),
    .required("candidate", .initialization, "The initialization that may be better."),
    .required("baseline", .initialization, "The initialization that it is compared with."),
    .required("metric", .word(Metric.self), "A metric that the experiment measures."),
    .standard(
      "alpha", .number(NumberRange(lower: 0, upper: 0.5, excludesLower: true, excludesUpper: true)),
      "0.05", "The level of the test."),
    .standard("correction", .word(), "holm", "How several sizes are corrected for."),
    .standard("family", .word(), "sizes", "What is corrected together."),
    .optional(
      "equivalence_margin",
      .number(NumberRange(lower: 0, upper: 1, excludesLower: true)),
      "Differences inside plus or minus this margin count as equality, if its test passes."),
    make: { _, experiment, candidate, baseline, metric, alpha, correction, family, margin in
      Comparison(
        experiment: experiment, candidate: candidate, baseline: baseline, metric: metric,
        alpha: alpha, correction: correction, family: family, equivalenceMargin: margin)
    }
  )
  .checked(check)

  private static func check(
    _ comparison: Comparison, _ node: YAMLNode, _ reading: inout Reading
  ) {
    if comparison.candidate == comparison.baseline {
      reading.error(
        "manifest.compared-with-itself",
        "`\(comparison.candidate.value.excerpt)` is compared with itself",
        at: comparison.baseline.location, hint: "name another initialization as the baseline")
    }
    guard let experiment = reading.declared.experimentValues[comparison.experiment.value] else {
      return
    }
    let trained = experiment.initializations.map(\.value)
    for side in [comparison.candidate, comparison.baseline]
    where !trained.contains(side.value) && reading.declared.initializations.contains(side.value) {
      reading.error(
        "manifest.not-in-experiment",
        "the experiment `\(experiment.name.value)` does not train `\(side.value)`",
        at: side.location,
        hint: "add it to the experiment's `initialization`, or name one of "
          + Suggestion.list(trained))
    }
    let measured = experiment.metrics.map(\.value)
    if !measured.contains(comparison.metric.value) {
      reading.error(
        "manifest.unknown-metric",
        "the experiment `\(experiment.name.value)` does not measure "
          + "`\(comparison.metric.value.rawValue)`",
        at: comparison.metric.location,
        hint: "add it to the experiment's `metrics`, or name one of "
          + Suggestion.list(measured.map(\.rawValue)))
    }
  }

  /// Reports comparisons that ask the same question twice.
  static func checkRepetitions(_ comparisons: [Comparison], _ reading: inout Reading) {
    var seen: Set<[String]> = []
    for comparison in comparisons {
      let question = [
        comparison.experiment.value, comparison.candidate.value, comparison.baseline.value,
        comparison.metric.value.rawValue,
      ]
      if !seen.insert(question).inserted {
        reading.error(
          "manifest.repeated-comparison", "this comparison is in the list already",
          at: comparison.location, hint: "remove one of the two")
      }
    }
  }
}
