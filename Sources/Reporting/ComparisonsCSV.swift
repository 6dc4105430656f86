private import Evaluation

/// `comparisons.csv`: one line per paired comparison and size.
///
/// An interval's end without bound is `-inf` or `inf`; an empty field is a figure that does not exist.
public enum ComparisonsCSV {
  /// The table's bytes as text; lines ascend by comparison, then by number of images.
  public static func render(_ report: StudyReport) -> String {
    var csv = CSV(columns: columns)
    for row in report.comparisons.sorted(by: precedes) {
      for size in row.result.sizes { csv.append(fields(row, size)) }
    }
    return csv.text
  }

  private static let columns = [
    "experiment", "candidate", "baseline", "metric", "test_set", "in_domain", "size", "n",
    "replicates", "image_pairs", "dropped_image_pairs", "dropped_replicates", "candidate_mean",
    "baseline_mean", "difference", "interval_low", "interval_high", "interval_level", "p",
    "p_exact", "adjusted_p", "correction", "family", "family_size", "alpha", "significant",
    "smallest_p", "smallest_adjusted_p", "can_reject", "cohen_dz", "rank_biserial",
    "candidate_higher", "t", "t_df", "t_p", "t_low", "t_high", "wilcoxon_statistic", "wilcoxon_p",
    "bootstrap_low", "bootstrap_high", "equivalence_margin", "equivalence_low",
    "equivalence_high", "equivalence_p", "equivalent",
  ]

  private static func fields(_ row: ComparisonRow, _ size: SizeResult) -> [String] {
    let result = row.result
    let level = size.interval.map { CSV.number($0.level) } ?? ""
    return [
      row.experiment, row.candidate, row.baseline, row.metric, row.testSet, "\(row.inDomain)",
      size.label, "\(size.images)", "\(size.replicates.count)", "\(size.imagePairs)",
      "\(size.droppedImagePairs)", "\(size.droppedReplicates)", CSV.number(size.candidateMean),
      CSV.number(size.baselineMean), CSV.number(size.difference),
    ] + ends(size.interval) + [
      level, CSV.number(size.p), size.p == nil ? "" : "\(size.isExact)",
      CSV.number(size.adjustedP), result.correction.rawValue, row.family, "\(result.familySize)",
      CSV.number(result.alpha), "\(size.isSignificant(alpha: result.alpha))",
      CSV.number(size.smallestP), CSV.number(size.smallestAdjustedP), "\(size.canReject)",
      CSV.number(size.effects?.cohenDz), CSV.number(size.effects?.rankBiserial),
      CSV.number(size.effects?.candidateHigher), CSV.number(size.tTest?.t),
      size.tTest.map { "\($0.degreesOfFreedom)" } ?? "", CSV.number(size.tTest?.p),
    ] + ends(size.tTest?.interval) + [
      CSV.number(size.wilcoxon?.statistic), CSV.number(size.wilcoxon?.p),
    ] + ends(size.bootstrap) + [CSV.number(result.equivalenceMargin)]
      + ends(size.equivalence?.interval) + [
        CSV.number(size.equivalence?.p), size.equivalence.map { "\($0.passes)" } ?? "",
      ]
  }

  private static func ends(_ interval: Interval?) -> [String] {
    guard let interval else { return ["", ""] }
    return [CSV.end(interval.low, isLow: true), CSV.end(interval.high, isLow: false)]
  }

  private static func precedes(_ a: ComparisonRow, _ b: ComparisonRow) -> Bool {
    if a.experiment != b.experiment { return a.experiment < b.experiment }
    if a.candidate != b.candidate { return a.candidate < b.candidate }
    if a.baseline != b.baseline { return a.baseline < b.baseline }
    if a.metric != b.metric { return a.metric < b.metric }
    return a.testSet < b.testSet
  }
}
