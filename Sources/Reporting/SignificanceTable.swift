private import Evaluation

/// All figures of the comparisons of one pair and metric, by test set and size.
struct SignificanceTable {
  /// At least one row, of one experiment, pair and metric.
  let rows: [ComparisonRow]

  var table: Table {
    let first = rows[0]
    let corrected = Wording.correction(first.result.correction).map { ", \($0)" } ?? ""
    return Table(
      caption: "\(Figures.comparisonTitle(first)). \(first.metric); alpha "
        + "\(Wording.number(first.result.alpha))\(corrected). Lines in bold with a dot are significant.",
      columns: columns,
      sections: rows.map { row in
        Table.Section(
          heading: "\(row.testSet), \(row.inDomain ? "in domain" : "out of domain") · family of "
            + "\(row.result.familySize): \(row.family)",
          rows: row.result.sizes.map { line($0, of: row) })
      })
  }

  private var hasMargin: Bool { rows.contains { $0.result.equivalenceMargin != nil } }

  private var columns: [Table.Cell] {
    let level = Wording.percent(1 - rows[0].result.alpha)
    let numbers = [
      "pairs", rows[0].baseline, rows[0].candidate, "difference", "\(level) interval", "p",
      "adjusted p", "smallest adj. p", "d_z", "rank-biserial", "P(higher)", "t-test p",
      "Wilcoxon p", "bootstrap interval",
    ]
    return [Table.Cell("n")] + numbers.map { Table.Cell.number($0) }
      + (hasMargin ? [Table.Cell.number("equivalence p")] : [])
  }

  private func line(_ size: SizeResult, of row: ComparisonRow) -> Table.Row {
    let found = size.isSignificant(alpha: row.result.alpha)
    let label = Wording.size(size.label, size.images).dropFirst(4)
    let numbers = [
      "\(size.replicates.count)", Wording.value(size.baselineMean),
      Wording.value(size.candidateMean), Wording.signed(size.difference),
      Wording.interval(size.interval), Wording.p(size.p), Wording.p(size.adjustedP),
      size.smallestAdjustedP < 0.001
        ? "< 0.001" : Wording.value(size.smallestAdjustedP, digits: 4),
      Wording.signed(size.effects?.cohenDz, digits: 2),
      Wording.signed(size.effects?.rankBiserial, digits: 2),
      Wording.value(size.effects?.candidateHigher, digits: 2), Wording.p(size.tTest?.p),
      Wording.p(size.wilcoxon?.p), Wording.interval(size.bootstrap),
    ]
    let equivalence = size.equivalence.map {
      Wording.p($0.p) + ($0.passes ? ", within ±" + Wording.number($0.margin) : "")
    }
    return Table.Row(
      cells: [Table.Cell((found ? "● " : "") + label, style: "nowrap")]
        + numbers.map { Table.Cell.number($0) }
        + (hasMargin ? [Table.Cell.number(equivalence ?? "–")] : []),
      style: found ? "found" : "")
  }
}
