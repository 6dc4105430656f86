private import Evaluation

/// Means on every test set, and how much is lost outside the training domain.
struct DomainTable {
  let experiment: ExperimentSummary
  let metric: String
  let summaries: Summaries

  /// `nil` where nothing was measured.
  var table: Table? {
    let inside = experiment.testSets.filter(\.inDomain)
    let outside = experiment.testSets.filter { !$0.inDomain }
    let ordered = inside + outside
    let hasDrop = !inside.isEmpty && !outside.isEmpty
    let sections = experiment.sizes.map { size in
      Table.Section(
        heading: Wording.size(size.label, size.images),
        rows: experiment.initializations.map { name in
          let cells = ordered.map { Table.Cell.number(mean(summary($0, name, size.images))) }
          let drops = outside.map { set in
            Table.Cell.number(mean(drop(from: inside, to: set, name, size.images), signed: true))
          }
          return Table.Row(cells: [Table.Cell(name)] + cells + (hasDrop ? drops : []))
        })
    }
    guard
      ordered.contains(where: { set in
        experiment.initializations.contains { name in
          experiment.sizes.contains { summary(set, name, $0.images) != nil }
        }
      })
    else { return nil }
    let explained =
      hasDrop
      ? " A change is the test set minus the mean of the in-domain sets, paired by replicate."
      : " No out-of-domain set was declared."
    return Table(
      caption: "\(experiment.name), \(Wording.directedMetric(metric)): mean ± standard deviation "
        + "over replicates.\(explained)",
      columns: [Table.Cell("initialization")]
        + ordered.map { .number($0.name + ($0.inDomain ? "" : " (out)")) }
        + (hasDrop ? outside.map { .number("change on \($0.name)") } : []),
      sections: sections)
  }

  private func points(
    _ set: ExperimentSummary.TestSet, _ name: String, _ images: Int
  ) -> [Summaries.Point] {
    summaries[
      Summaries.Key(
        experiment: experiment.name, metric: metric, testSet: set.name, initialization: name,
        images: images)]
  }

  private func summary(
    _ set: ExperimentSummary.TestSet, _ name: String, _ images: Int
  ) -> ReplicateSummary? {
    ReplicateSummary(points(set, name, images).map(\.mean))
  }

  /// The change of each replicate that has a value on the set and on every in-domain set.
  private func drop(
    from inside: [ExperimentSummary.TestSet], to set: ExperimentSummary.TestSet, _ name: String,
    _ images: Int
  ) -> ReplicateSummary? {
    let reference = inside.map { points($0, name, images) }
    let changes = points(set, name, images).compactMap { point -> Double? in
      let values = reference.compactMap { set in
        set.first { $0.replicate == point.replicate }?.mean
      }
      guard values.count == inside.count, !values.isEmpty else { return nil }
      return point.mean - values.reduce(0, +) / Double(values.count)
    }
    return ReplicateSummary(changes)
  }

  private func mean(_ summary: ReplicateSummary?, signed: Bool = false) -> String {
    guard let summary else { return "–" }
    let text = signed ? Wording.signed(summary.mean) : Wording.value(summary.mean)
    return text + (summary.standardDeviation.map { " ± \(Wording.value($0))" } ?? "")
  }
}
