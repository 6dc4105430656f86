internal import Evaluation

/// Warnings that follow from what was measured, besides those that the report is handed.
enum ReportWarnings {
  /// In a fixed order: designs, missing values, training, weights.
  static func found(in report: StudyReport) -> [String] {
    report.comparisons.compactMap(powerless) + report.comparisons.compactMap(dropped)
      + report.experiments.compactMap { selectedLast($0, report.curves) }
      + report.loads.compactMap(partial)
  }

  private static func powerless(_ row: ComparisonRow) -> String? {
    let sizes = row.result.sizes.filter { !$0.canReject }
    // Where no size could show anything, the answer itself says so.
    let verdict = row.result.answer.verdict
    guard !sizes.isEmpty, verdict != .noData, verdict != .cannotReject else { return nil }
    let places = Wording.list(sizes.map { Wording.size($0.label, $0.images) })
    return "\(name(row)): at \(places) no outcome could have been significant at "
      + "\(Wording.number(row.result.alpha)); the smallest possible adjusted p is "
      + "\(Wording.number(sizes.map(\.smallestAdjustedP).min()!))."
  }

  private static func dropped(_ row: ComparisonRow) -> String? {
    let pairs = row.result.sizes.reduce(0) { $0 + $1.droppedImagePairs }
    let replicates = row.result.sizes.reduce(0) { $0 + $1.droppedReplicates }
    guard pairs + replicates > 0 else { return nil }
    var parts: [String] = []
    if pairs > 0 { parts.append(Wording.count(pairs, "image pair")) }
    if replicates > 0 { parts.append(Wording.count(replicates, "whole replicate")) }
    return
      "\(name(row)): \(Wording.list(parts)) left out, because the metric is undefined in one arm or both."
  }

  private static func selectedLast(
    _ experiment: ExperimentSummary, _ curves: [TrainingCurve]
  ) -> String? {
    let curves = curves.filter { $0.experiment == experiment.name && !$0.validation.isEmpty }
    let last = curves.count { $0.selectedTheLast }
    guard last > 0 else { return nil }
    return "\(experiment.name): the best checkpoint is the last one in \(last) of "
      + "\(Wording.count(curves.count, "training run")); longer training might change the result."
  }

  private static func partial(_ load: LoadReport) -> String? {
    guard load.source != LoadReport.none, load.share < 1 else { return nil }
    return
      "\(load.initialization): the weights fill \(Wording.percent(load.share)) of the encoder; "
      + "\(Wording.count(load.missing.count, "tensor")) keep random values."
  }

  private static func name(_ row: ComparisonRow) -> String {
    "\(row.experiment), \(row.candidate) against \(row.baseline), \(Wording.metric(row.metric)) on "
      + row.testSet
  }
}
