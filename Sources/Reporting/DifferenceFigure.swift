private import Evaluation

/// The paired difference of one comparison at every size, with the interval of its test.
struct DifferenceFigure {
  let row: ComparisonRow

  /// The drawing; filled markers are significant after correction, hollow ones are not.
  ///
  /// The vertical axis is shared by the panels of one pair and metric.
  func draw(range: ClosedRange<Double>) -> SVG {
    var svg = SVG(width: 470, height: 308, title: title)
    svg.text(
      "\(row.testSet) · \(row.inDomain ? "in domain" : "out of domain")", 10, 16, class: "heading")
    svg.text(
      "\(Wording.directedMetric(row.metric)): \(row.candidate) minus \(row.baseline)", 10, 36,
      class: "label")
    let axes = Axes(left: 56, top: 50, width: 398, height: 196, range: range)
    if let margin = row.result.equivalenceMargin {
      svg.rectangle(
        axes.left, axes.y(margin), axes.width, axes.y(-margin) - axes.y(margin), class: "margin")
    }
    axes.drawGrid(&svg, signed: true)
    svg.line(axes.left, axes.y(0), axes.right, axes.y(0), class: "zero")
    let positions = axes.logarithmic(row.result.sizes.map(\.images), inset: 34)
    for size in row.result.sizes { draw(size, at: positions[size.images]!, &svg, axes) }
    svg.text("p", axes.left - 7, axes.bottom + 32, class: "small italic", anchor: "end")
    svg.text(
      "labelled training images" + (row.result.correction == .none ? "" : " · adjusted p"),
      axes.left + axes.width / 2, axes.bottom + 54, class: "label", anchor: "middle")
    return svg
  }

  private func draw(_ size: SizeResult, at x: Double, _ svg: inout SVG, _ axes: Axes) {
    svg.text(size.label, x, axes.bottom + 17, class: "tick", anchor: "middle")
    svg.text(
      Wording.p(size.adjustedP), x, axes.bottom + 32, class: "small", anchor: "middle")
    guard let difference = size.difference, let interval = size.interval else { return }
    if interval.isBounded {
      let low = axes.y(interval.low!)
      let high = axes.y(interval.high!)
      svg.line(x, low, x, high, class: "interval")
      for end in [low, high] { svg.line(x - 4, end, x + 4, end, class: "interval") }
    } else {
      // The test cannot reject any shift: the interval runs off both ends.
      svg.line(x, axes.bottom, x, axes.top, class: "interval unbounded")
    }
    for replicate in size.replicates {
      svg.marker(.circle, x + 11, axes.y(replicate.difference), radius: 2.2, class: "pair")
    }
    let isSignificant = size.isSignificant(alpha: row.result.alpha)
    svg.marker(
      .diamond, x, axes.y(difference), radius: 5, class: isSignificant ? "found" : "open")
  }

  /// Everything that the vertical axis should reach: 0, the margin, replicates and bounded ends.
  static func range(_ rows: [ComparisonRow]) -> ClosedRange<Double> {
    let values = rows.flatMap(\.result.sizes).flatMap { size in
      size.replicates.map(\.difference)
        + [size.interval?.low, size.interval?.high].compactMap(\.self)
    }
    let margins = rows.compactMap(\.result.equivalenceMargin)
    return Axes.range(values, including: [0] + margins + margins.map { -$0 })
  }

  private var title: String {
    let sizes = row.result.sizes.map {
      "\(Wording.signed($0.difference)) \(Wording.interval($0.interval)) at \($0.label), "
        + "adjusted p \(Wording.p($0.adjustedP))"
    }
    return "Difference in \(Wording.directedMetric(row.metric)) on \(row.testSet), "
      + "\(row.candidate) minus \(row.baseline): " + sizes.joined(separator: "; ") + "."
  }
}
