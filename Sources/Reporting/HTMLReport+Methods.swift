internal import Evaluation

/// The section that says what was done and what the numbers mean.
extension HTMLReport {
  /// What was declared, and what the tests are and leave open.
  static func methods(_ report: StudyReport) -> Section {
    let items = MethodNotes.notes(report).map { Markup.element("li", [:], Markup.prose($0)) }
    return Section(
      id: "methods", title: "Methods",
      content: report.experiments.map(design).joined()
        + Markup.element("ul", [:], "\n" + items.joined(separator: "\n") + "\n"))
  }

  private static func design(_ experiment: ExperimentSummary) -> String {
    let sizes = experiment.sizes.map { Wording.size($0.label, $0.images).dropFirst(4) }
    let rows: [(String, String)] = [
      ("task", experiment.task), ("model", experiment.model), ("training", experiment.training),
      ("training split", experiment.dataset),
      ("subset sizes", sizes.joined(separator: ", ")),
      ("initializations", experiment.initializations.joined(separator: ", ")),
      ("replicates", "\(experiment.replicates)"),
      (
        "test sets",
        experiment.testSets.map { $0.name + ($0.inDomain ? "" : " (out of domain)") }
          .joined(separator: ", ")
      ), ("metrics", experiment.metrics.joined(separator: ", ")),
    ]
    return Table(
      caption: "Experiment \(experiment.name).",
      columns: [Table.Cell("what"), Table.Cell("declared")],
      sections: [
        Table.Section(
          heading: nil,
          rows: rows.map {
            Table.Row(cells: [Table.Cell($0.0, style: "nowrap"), Table.Cell($0.1)])
          })
      ]
    ).html
  }
}

/// What the tests are and what they leave open, as far as it applies to a report.
enum MethodNotes {
  /// In reading order; those that the report is handed come last.
  static func notes(_ report: StudyReport) -> [String] {
    var notes: [String] = []
    if !report.comparisons.isEmpty {
      notes += comparisons(report.comparisons)
    }
    if report.experiments.contains(where: { $0.sizes.contains { $0.label == "all" } }) {
      notes.append(
        "At the size `all` every replicate trains on the whole pool, so replicates differ in the "
          + "hold-out and in training noise only.")
    }
    notes.append(
      "Image-mean metrics are means over the images on which they are defined; an image whose "
        + "truth and prediction are both empty has no overlap and is left out, one empty side counts "
        + "as 0.")
    notes.append(
      "Inference is conditional on the one pretraining run, the pool and the fixed test images.")
    return notes + report.notes
  }

  private static func comparisons(_ rows: [ComparisonRow]) -> [String] {
    let sizes = rows.flatMap(\.result.sizes)
    let corrections = MultiplicityCorrection.allCases.filter { correction in
      rows.contains { $0.result.correction == correction }
    }.map { Wording.correction($0) ?? "no correction" }
    var notes = [
      "The unit is the replicate: it fixes the subset, the order of the data, the augmentation and "
        + "the decoder's first weights, the same for both arms. Its difference is the mean over the "
        + "images that are defined in both arms.",
      "p is the two-sided sign-flip test over replicates' mean differences, exact up to "
        + "\(SignFlipTest.exactLimit) replicates; its smallest value with n replicates is 2/2ⁿ. "
        + "Adjusted p: \(Wording.list(corrections)) within the named family. Significant means an "
        + "adjusted p under alpha.",
      "The interval inverts the same test at the same alpha, without correction for the family, so "
        + "an interval may leave out 0 where the adjusted p is not under alpha.",
      "Secondary figures: Student's paired t-test, Wilcoxon's signed-rank test, Cohen's d_z, the "
        + "matched-pairs rank-biserial correlation, and P(better), the share of replicates in which "
        + "the candidate is better.",
      "A size up to which a difference holds is named only where the significant sizes are the "
        + "smallest ones without a gap and have one sign. A difference that is not significant is not "
        + "called equality.",
    ]
    if rows.contains(where: { Wording.isLowerBetter($0.metric) }) {
      notes.append(
        "Differences are candidate minus baseline for every metric: of a distance, of which lower is "
          + "better, a negative one speaks for the candidate.")
    }
    if sizes.contains(where: { $0.bootstrap != nil }) {
      notes.append(
        "The bootstrap interval draws replicates, then patients, then images "
          + "(10,000 times, percentiles) and is secondary: with few "
          + "replicates it is too narrow.")
    } else {
      notes.append(
        "No bootstrap interval is given below \(HierarchicalBootstrap.fewestReplicates) replicates."
      )
    }
    if sizes.contains(where: { $0.equivalence != nil }) {
      notes.append(
        "Equivalence is shown where the sign-flip interval at 1 - 2 alpha lies inside the declared "
          + "margin (two one-sided tests), one size at a time.")
    }
    return notes
  }
}
