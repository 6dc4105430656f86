private import Core

/// The sections that show how the numbers came about.
extension HTMLReport {
  /// Curves of training, hold-out and pretraining.
  static func training(_ report: StudyReport) -> Section? {
    let groups = Figures.training(report)
    let pretraining = Figures.pretraining(report)
    guard !groups.isEmpty || !pretraining.isEmpty else { return nil }
    let legend = Legend(report)
    var content = ""
    if !groups.isEmpty {
      content += Markup.text(
        "p", [:],
        "One line for each training run, all replicates together. A marker is the checkpoint that "
          + "was kept, the best on the images held out of the subset; test images play no part.")
      content += key(legend)
    }
    for group in groups {
      content += Markup.text("h3", [:], group.title) + "\n"
      // Losses in one row and hold-out values in the next, so that sizes stand under each other.
      for kind in ["training", "validation"] {
        let panels = group.panels.filter { $0.name.hasPrefix(kind + "-") }
        if !panels.isEmpty { content += Self.panels(panels.map(\.svg), small: true) }
      }
    }
    if !pretraining.isEmpty {
      let descriptions = report.pretraining.map { "\($0.initialization): \($0.description)" }
      content += Markup.text("h3", [:], "Pretraining") + "\n"
      content += panels(pretraining.map(\.svg), small: true)
      content += Markup.text(
        "p", ["class": "small-print"], descriptions.joined(separator: ". ") + ".")
    }
    return Section(id: "training", title: "Training", content: content)
  }

  /// The shapes and colours of the initializations, for panels too small to hold a legend.
  private static func key(_ legend: Legend) -> String {
    var svg = SVG(
      width: 960, height: Legend.height(legend.names, width: 940) + 6,
      title: "Series: " + legend.names.joined(separator: ", "))
    legend.draw(legend.names, &svg, x: 0, y: 4, width: 940)
    return svg.inline.replacing("class=\"plot\"", with: "class=\"plot key\"") + "\n"
  }

  /// What was imported.
  static func datasets(_ report: StudyReport) -> Section? {
    guard !report.datasets.isEmpty else { return nil }
    let hasStrata = report.datasets.contains { !$0.strata.isEmpty }
    let rows = report.datasets.map { row in
      let strata = row.strata.map { "\($0.name) \($0.images)" }.joined(separator: ", ")
      return Table.Row(
        cells: [
          Table.Cell("\(row.name)/\(row.split)", style: "nowrap"), Table.Cell(row.format),
          .number("\(row.images)"), .number("\(row.patients)"),
        ] + (hasStrata ? [Table.Cell(strata.isEmpty ? "–" : strata)] : []) + [
          Table.Cell(row.sizes, style: "nowrap"), .number(row.objects.map { "\($0)" } ?? "–"),
          .number(row.pixelSize.map { Wording.number($0) } ?? "–"), .digest(row.listing.hex),
        ])
    }
    let table = Table(
      caption: "Datasets as imported, one line for each split.",
      columns: [
        Table.Cell("split"), Table.Cell("format"), .number("images"), .number("patients"),
      ] + (hasStrata ? [Table.Cell("strata")] : []) + [
        Table.Cell("image size, pixels"), .number("objects"), .number("µm/pixel"),
        Table.Cell("listing"),
      ], sections: [Table.Section(heading: nil, rows: rows)])
    let note =
      report.hashesImageIDs
      ? Markup.text(
        "p", ["class": "small-print"],
        "Images are named by the first 12 digits of a digest of their ids.") : ""
    return Section(id: "datasets", title: "Datasets", content: table.html + note)
  }

  /// What the weights filled, with the names of tensors folded away.
  static func initializations(_ report: StudyReport) -> Section? {
    guard !report.loads.isEmpty else { return nil }
    let rows = report.loads.map { load in
      Table.Row(cells: [
        Table.Cell(load.initialization), Table.Cell(load.source), Table.Cell(load.normalization),
        .number(Wording.percent(load.share)), .number("\(load.matched)"),
        .number("\(load.missing.count)"), .number("\(load.unexpected.count)"),
      ])
    }
    let table = Table(
      caption: "What each initialization's weights filled in the encoder.",
      columns: [
        Table.Cell("initialization"), Table.Cell("source"), Table.Cell("normalization"),
        .number("encoder filled"), .number("tensors matched"), .number("missing"),
        .number("unexpected"),
      ], sections: [Table.Section(heading: nil, rows: rows)])
    return Section(
      id: "initializations", title: "Initializations",
      content: table.html + report.loads.map(names).joined())
  }

  private static func names(_ load: LoadReport) -> String {
    let lists = [("missing", load.missing), ("unexpected", load.unexpected)].filter {
      !$0.1.isEmpty
    }
    guard !lists.isEmpty else { return "" }
    let content = lists.map { label, tensors in
      Markup.element(
        "p", ["class": "small-print"],
        Markup.escape("\(label): ") + Markup.text("code", [:], tensors.joined(separator: ", ")))
    }
    return Markup.element(
      "details", [:],
      Markup.text("summary", [:], "Tensor names of \(load.initialization)") + content.joined())
      + "\n"
  }

  /// Every step with its digests, folded away.
  static func provenance(_ report: StudyReport) -> Section? {
    guard !report.provenance.isEmpty else { return nil }
    let rows = report.provenance.map { row in
      var outputs = Table.Cell("", style: "wrap")
      outputs.markup = row.outputs.map {
        Markup.escape($0.name + " ")
          + Markup.text("code", ["title": $0.digest.hex], String($0.digest.hex.prefix(12)))
      }.joined(separator: ", ")
      return Table.Row(cells: [
        Table.Cell(row.step, style: "nowrap"), Table.Cell("\(row.kind) v\(row.version)"),
        .digest(row.key.hex), outputs,
      ])
    }
    let table = Table(
      caption: "Every step, the digest of what it was asked and the digests of what it gave.",
      columns: [
        Table.Cell("step"), Table.Cell("kind"), Table.Cell("key"), Table.Cell("outputs"),
      ], sections: [Table.Section(heading: nil, rows: rows)])
    let summary = Markup.text("summary", [:], Wording.count(rows.count, "step"))
    return Section(
      id: "provenance", title: "Provenance",
      content: Markup.element("details", [:], summary + table.html))
  }
}
