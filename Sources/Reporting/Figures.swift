/// The figures of a report: inline on the page, and as SVG files of their own.
public enum Figures {
  /// Every figure by file name, `learning-gland-dice-glas-testa.svg`; deterministic bytes.
  public static func all(_ report: StudyReport) -> [(name: String, svg: String)] {
    let panels =
      learningCurves(report).flatMap(\.panels) + differences(report).flatMap(\.panels)
      + training(report).flatMap(\.panels) + pretraining(report)
    var used: Set<String> = []
    return panels.map { panel in
      var name = panel.name
      var copy = 2
      while !used.insert(name).inserted {
        name = "\(panel.name)-\(copy)"
        copy += 1
      }
      return ("\(name).svg", panel.svg.file)
    }
  }

  /// Panels that belong side by side under one heading.
  struct Group {
    var title: String
    var panels: [(name: String, svg: SVG)]
  }

  /// Metric against size: one group for each experiment and metric, one panel for each test set.
  static func learningCurves(_ report: StudyReport) -> [Group] {
    let summaries = Summaries(report.measurements)
    let legend = Legend(report)
    return report.experiments.flatMap { experiment in
      experiment.metrics.map { metric in
        let range = LearningCurveFigure.range(experiment, metric: metric, summaries)
        return Group(
          title: "\(experiment.name), \(Wording.directedMetric(metric))",
          panels: experiment.testSets.map { testSet in
            let figure = LearningCurveFigure(
              experiment: experiment, metric: metric, testSet: testSet, summaries: summaries,
              legend: legend)
            return (
              slug("learning", experiment.name, metric, testSet.name), figure.draw(range: range)
            )
          })
      }
    }
  }

  /// Paired differences: one group for each pair and metric, one panel for each test set.
  static func differences(_ report: StudyReport) -> [Group] {
    grouped(report.comparisons).map { rows in
      let range = DifferenceFigure.range(rows)
      return Group(
        title: comparisonTitle(rows[0]),
        panels: rows.map { row in
          let name = slug(
            "difference", row.experiment, "\(row.candidate)-\(row.baseline)", row.metric,
            row.testSet)
          return (name, DifferenceFigure(row: row).draw(range: range))
        })
    }
  }

  /// Losses of all sizes and, where something is held out, the hold-out values.
  static func training(_ report: StudyReport) -> [Group] {
    let legend = Legend(report)
    return report.experiments.compactMap { experiment in
      let panels = experiment.sizes.flatMap { size -> [(name: String, svg: SVG)] in
        let curves = report.curves
          .filter { $0.experiment == experiment.name && $0.size == size.label }
          .sorted { ($0.initialization, $0.replicate) < ($1.initialization, $1.replicate) }
        func figure(
          _ label: String, _ points: (TrainingCurve) -> [CurvePoint], marksSelected: Bool
        ) -> SVG {
          CurveFigure(
            title: Wording.size(size.label, size.images), label: label,
            runs: curves.map {
              CurveFigure.Run(
                initialization: $0.initialization, points: points($0),
                selected: marksSelected ? $0.selectedStep : nil)
            }, legend: legend
          ).draw()
        }
        guard !curves.isEmpty else { return [] }
        var panels = [
          (
            slug("training", experiment.name, size.label),
            figure("training loss", \.loss, marksSelected: false)
          )
        ]
        if let held = curves.first(where: { !$0.validation.isEmpty }) {
          panels.append(
            (
              slug("validation", experiment.name, size.label),
              figure(
                "hold-out \(held.validationMetric == "dice" ? "Dice" : held.validationMetric)",
                \.validation, marksSelected: true)
            ))
        }
        return panels
      }
      return panels.isEmpty ? nil : Group(title: experiment.name, panels: panels)
    }
  }

  /// One panel for each pretraining.
  static func pretraining(_ report: StudyReport) -> [(name: String, svg: SVG)] {
    let legend = Legend(report)
    return report.pretraining.map { curve in
      let figure = CurveFigure(
        title: curve.initialization, label: "pretraining loss",
        runs: [.init(initialization: curve.initialization, points: curve.loss)], legend: legend)
      return (slug("pretraining", curve.initialization), figure.draw())
    }
  }

  /// Comparisons of one experiment, pair and metric together, in the order of first appearance.
  static func grouped(_ rows: [ComparisonRow]) -> [[ComparisonRow]] {
    var groups: [[ComparisonRow]] = []
    for row in rows {
      let place = groups.firstIndex { comparisonTitle($0[0]) == comparisonTitle(row) }
      if let place { groups[place].append(row) } else { groups.append([row]) }
    }
    return groups
  }

  /// `gland, Dice: pathology minus imagenet`.
  static func comparisonTitle(_ row: ComparisonRow) -> String {
    "\(row.experiment), \(Wording.directedMetric(row.metric)): \(row.candidate) minus \(row.baseline)"
  }

  /// A file name of lower-case letters, digits and hyphens, whatever the names hold.
  private static func slug(_ parts: String...) -> String {
    parts.map { part in
      part.lowercased().utf8.map { byte in
        let isKept =
          (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        return isKept ? String(UnicodeScalar(byte)) : "-"
      }.joined().split(separator: "-").joined(separator: "-")
    }.filter { !$0.isEmpty }.joined(separator: "-")
  }
}
