private import Evaluation

/// The sections that show what was found.
extension HTMLReport {
  /// The metric against size; nothing without measurements.
  static func learningCurves(_ report: StudyReport) -> Section? {
    let groups = Figures.learningCurves(report)
    guard !groups.isEmpty, !report.measurements.isEmpty else { return nil }
    let note = Markup.text(
      "p", [:],
      "Large markers are means over replicates, small hollow ones single replicates, and bars "
        + "Student's 95 % intervals over replicates; positions are set side by side for legibility. "
        + "The size axis is logarithmic; panels of one metric share their vertical axis.")
    let panels = groups.map { group in
      Markup.text("h3", [:], group.title) + "\n" + Self.panels(group.panels.map(\.svg))
    }
    return Section(
      id: "learning-curves", title: "Learning curves",
      content: note + "\n" + panels.joined(separator: "\n"))
  }

  /// The paired differences by size; nothing without comparisons.
  static func differences(_ report: StudyReport) -> Section? {
    let groups = Figures.differences(report)
    guard !groups.isEmpty else { return nil }
    let level = Wording.percent(1 - report.comparisons[0].result.alpha)
    let note = Markup.text(
      "p", [:],
      "Diamonds are mean paired differences, filled where significant after correction; bars are "
        + "the \(level) intervals that invert the sign-flip test, one size at a time, and small "
        + "circles single replicates. A dotted bar across the whole panel means that so few "
        + "replicates bound nothing. A shaded band is the declared margin of equivalence.")
    let panels = groups.map { group in
      Markup.text("h3", [:], group.title) + "\n" + Self.panels(group.panels.map(\.svg))
    }
    return Section(
      id: "differences", title: "Paired differences",
      content: note + "\n" + panels.joined(separator: "\n"))
  }

  /// The tables of tests; secondary figures are folded away.
  static func significance(_ report: StudyReport) -> Section? {
    guard !report.comparisons.isEmpty else { return nil }
    let tables = Figures.grouped(report.comparisons).map { rows in
      let table = SignificanceTable(rows: rows)
      return table.primary.html
        + Markup.element(
          "details", [:],
          Markup.text("summary", [:], "Effect sizes and secondary tests") + table.secondary.html)
        + "\n"
    }
    return Section(id: "significance", title: "Significance", content: tables.joined())
  }

  /// Means on every test set and the change outside the training domain.
  static func domains(_ report: StudyReport) -> Section? {
    let summaries = Summaries(report.measurements)
    let tables = report.experiments.flatMap { experiment in
      experiment.metrics.compactMap {
        DomainTable(experiment: experiment, metric: $0, summaries: summaries).table?.html
      }
    }
    guard !tables.isEmpty else { return nil }
    return Section(
      id: "domains", title: "In domain and out of domain", content: tables.joined())
  }

  /// Pictures of predictions, as they were made.
  static func overlays(_ report: StudyReport) -> Section? {
    guard !report.overlays.isEmpty else { return nil }
    let figures = report.overlays.map { overlay in
      let caption = [
        overlay.caption, overlay.choice, overlay.image.map { report.shown(image: $0) },
      ].compactMap(\.self).joined(separator: " · ")
      let image =
        "<img loading=\"lazy\" alt=\"\(Markup.escape("Predicted outline over the image: " + caption))\" "
        + "src=\"data:image/png;base64,\(Base64.encode(overlay.png))\">"
      return Markup.element(
        "figure", [:], image + Markup.text("figcaption", [:], caption))
    }
    let note = Markup.text(
      "p", [:],
      "True outlines are blue, predicted ones yellow. A caption says by what its image was chosen: the "
        + "best one of a test set is not typical of it.")
    return Section(
      id: "predictions", title: "Predictions",
      content: note + "\n"
        + Markup.element(
          "div", ["class": "panels pictures"], "\n" + figures.joined(separator: "\n") + "\n"))
  }
}
