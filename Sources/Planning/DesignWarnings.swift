internal import Core
internal import ManifestModel

/// What is wrong with the design of a study before anything runs.
///
/// With n replicates the smallest two-sided p of the exact sign-flip test is 2/2^n; a design whose
/// smallest p stays above alpha after its correction cannot reject whatever the data say.
func designWarnings(of study: Study) -> [Diagnostic] {
  let experiments = Dictionary(
    study.experiments.map { ($0.name.value, $0) }, uniquingKeysWith: { first, _ in first })
  func tests(_ experiment: Experiment) -> Int {
    experiment.test.count + experiment.outOfDomain.count
  }
  let pooled = study.comparisons.filter { $0.family.value == .study }.reduce(0) {
    total, comparison in
    let experiment = experiments[comparison.experiment.value]!
    return total + experiment.subsetSizes.count * tests(experiment)
  }
  var warnings: [Diagnostic] = study.comparisons.compactMap { comparison in
    let experiment = experiments[comparison.experiment.value]!
    let family = comparison.family.value == .study ? pooled : experiment.subsetSizes.count
    return cannotReject(comparison, experiment, family: family)
  }
  if study.comparisons.isEmpty {
    warnings.append(
      .warning(
        "design.no-comparison", "the study compares nothing: its report shows figures, no answer",
        at: study.name.location, hint: "add a `comparisons:` list with a candidate and a baseline"))
  }
  return warnings.inSourceOrder
}

private func cannotReject(
  _ comparison: Comparison, _ experiment: Experiment, family: Int
) -> Diagnostic? {
  let alpha = comparison.alpha.value
  // Where every p of the family is as small as it can be, Benjamini and Hochberg leave it as it is.
  let factor: Double =
    switch comparison.correction.value {
    case .holm, .bonferroni: Double(family)
    case .benjaminiHochberg, .none: 1
    }
  func smallest(_ replicates: Int) -> Double {
    min(1, factor * 2 / Double(sign: .plus, exponent: replicates, significand: 1))
  }
  let n = experiment.replicates.value
  // Significant means a p under alpha: one that equals it does not reject.
  guard smallest(n) >= alpha else { return nil }
  let enough = (n...1100).first { smallest($0) < alpha } ?? n
  let raw = min(1, 2 / Double(sign: .plus, exponent: n, significand: 1))
  let corrected =
    factor == 1
    ? "" : ", \(shortestDecimal(smallest(n))) after correction over \(family) comparisons"
  return .warning(
    "design.cannot-reject",
    "this comparison cannot reject at alpha \(shortestDecimal(alpha)): with \(n) replicate\(n == 1 ? "" : "s") the "
      + "smallest two-sided exact p is 2/2^\(n) = \(shortestDecimal(raw))\(corrected)",
    at: comparison.location,
    hint: "set `replicates: \(enough)` in experiment `\(experiment.name.value)`")
}
