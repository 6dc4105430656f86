private import Evaluation

/// All figures of the comparisons of one pair and metric, by test set and size.
struct SignificanceTable {
  /// At least one row, of one experiment, pair and metric.
  let rows: [ComparisonRow]

  /// What is decided, and by what.
  var primary: Table {
    let result = rows[0].result
    let corrected = Wording.correction(result.correction).map { ", \($0)" } ?? ""
    let level = Wording.percent(1 - result.alpha)
    return table(
      caption: "\(Figures.comparisonTitle(rows[0])). \(rows[0].metric); alpha "
        + "\(Wording.number(result.alpha))\(corrected). Lines in bold with a dot are significant.",
      columns: [
        "pairs", rows[0].baseline, rows[0].candidate, "difference", "\(level) interval", "p",
        "adjusted p", "smallest adj. p",
      ]
    ) { size in
      [
        "\(size.replicates.count)", Wording.value(size.baselineMean),
        Wording.value(size.candidateMean), Wording.signed(size.difference),
        Wording.interval(size.interval), Wording.p(size.p), Wording.p(size.adjustedP),
        size.smallestAdjustedP < 0.001
          ? "< 0.001" : Wording.value(size.smallestAdjustedP, digits: 4),
      ]
    }
  }

  /// What is reported besides and decides nothing.
  var secondary: Table {
    let hasMargin = rows.contains { $0.result.equivalenceMargin != nil }
    return table(
      caption: "\(Figures.comparisonTitle(rows[0])): effect sizes, and tests that decide nothing.",
      columns: [
        "d_z", "rank-biserial", "P(better)", "t", "t-test p", "t-test interval", "Wilcoxon p",
        "bootstrap interval",
      ] + (hasMargin ? ["equivalence p"] : [])
    ) { size in
      let equivalence = size.equivalence.map {
        Wording.p($0.p) + ($0.passes ? ", within ±" + Wording.number($0.margin) : "")
      }
      return [
        Wording.signed(size.effects?.cohenDz, digits: 2),
        Wording.signed(size.effects?.rankBiserial, digits: 2),
        Wording.value(size.effects.map(better), digits: 2),
        Wording.signed(size.tTest?.t, digits: 2), Wording.p(size.tTest?.p),
        Wording.interval(size.tTest?.interval), Wording.p(size.wilcoxon?.p),
        Wording.interval(size.bootstrap),
      ] + (hasMargin ? [equivalence ?? "–"] : [])
    }
  }

  /// The share of replicates in which the candidate is better; equal ones count half either way.
  private func better(_ effects: EffectSizes) -> Double {
    Wording.isLowerBetter(rows[0].metric) ? 1 - effects.candidateHigher : effects.candidateHigher
  }

  private func table(
    caption: String, columns: [String], numbers: (SizeResult) -> [String]
  ) -> Table {
    Table(
      caption: caption, columns: [Table.Cell("n")] + columns.map { Table.Cell.number($0) },
      sections: rows.map { row in
        Table.Section(
          heading: "\(row.testSet), \(row.inDomain ? "in domain" : "out of domain") · family of "
            + "\(row.result.familySize): \(row.family)",
          rows: row.result.sizes.map { size in
            let found = size.isSignificant(alpha: row.result.alpha)
            let label = Wording.size(size.label, size.images).dropFirst(4)
            return Table.Row(
              cells: [Table.Cell((found ? "● " : "") + label, style: "nowrap")]
                + numbers(size).map { Table.Cell.number($0) },
              style: found ? "found" : "")
          })
      })
  }
}
