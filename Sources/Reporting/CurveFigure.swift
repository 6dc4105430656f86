/// Losses or hold-out values against the optimiser step; one thin line for each run.
struct CurveFigure {
  /// One run's line.
  struct Run {
    var initialization: String
    var points: [CurvePoint]
    /// The step whose weights were kept, marked on the line.
    var selected: Int?
  }

  let title: String
  let label: String
  let runs: [Run]
  let legend: Legend

  /// The drawing, small enough to stand beside its siblings.
  func draw() -> SVG {
    var svg = SVG(width: 250, height: 196, title: "\(title), \(label) against optimiser step.")
    svg.text(title, 8, 15, class: "heading")
    svg.text(label, 8, 33, class: "label")
    let runs = runs.map { Self.thinned($0) }
    let points = runs.flatMap(\.points)
    let axes = Axes(
      left: 42, top: 42, width: 198, height: 110, range: Axes.range(points.map(\.value)))
    axes.drawGrid(&svg)
    let last = max(1, points.map(\.step).max() ?? 1)
    let first = min(points.map(\.step).min() ?? 0, last - 1)
    func x(_ step: Int) -> Double {
      axes.left + Double(step - first) / Double(last - first) * axes.width
    }
    for (step, anchor) in [(first, "start"), (last, "end")] {
      svg.text("\(step)", x(step), axes.bottom + 16, class: "tick", anchor: anchor)
    }
    svg.text(
      "optimiser step", axes.left + axes.width / 2, axes.bottom + 32, class: "label",
      anchor: "middle")
    for run in runs {
      let style = legend.style(run.initialization)
      svg.polyline(
        run.points.map { (x($0.step), axes.y($0.value)) }, class: "run \(style.series)")
    }
    // Marks go over every line, or later runs would hide them.
    for run in runs {
      guard let kept = run.points.last(where: { $0.step == run.selected }) else { continue }
      let style = legend.style(run.initialization)
      svg.marker(
        style.marker, x(kept.step), axes.y(kept.value), radius: 3.4, class: "dot \(style.series)")
    }
    return svg
  }

  /// At most this many points to a line: more than its width shows.
  private static let mostPoints = 120

  /// Long curves become means of equal stretches; the selected step of a short one stays findable.
  private static func thinned(_ run: Run) -> Run {
    let finite = run.points.filter(\.value.isFinite)
    guard finite.count > mostPoints else {
      return Run(initialization: run.initialization, points: finite, selected: run.selected)
    }
    let points = (0..<mostPoints).map { bucket in
      let start = bucket * finite.count / mostPoints
      let end = (bucket + 1) * finite.count / mostPoints
      let stretch = finite[start..<end]
      let sum = stretch.reduce(0) { $0 + $1.value }
      return CurvePoint(step: stretch.last!.step, value: sum / Double(stretch.count))
    }
    return Run(initialization: run.initialization, points: points, selected: run.selected)
  }
}
