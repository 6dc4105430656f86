private import Evaluation

/// A metric against the training-subset size on one test set, one series for each initialization.
struct LearningCurveFigure {
  let experiment: ExperimentSummary
  let metric: String
  let testSet: ExperimentSummary.TestSet
  let summaries: Summaries
  let legend: Legend

  /// The drawing, on a vertical axis that the panels of one experiment and metric share.
  func draw(range: ClosedRange<Double>) -> SVG {
    let legendHeight = Legend.height(experiment.initializations, width: 404)
    var svg = SVG(width: 470, height: 290 + legendHeight, title: title)
    svg.text(
      "\(testSet.name) · \(testSet.inDomain ? "in domain" : "out of domain")", 10, 16,
      class: "heading")
    legend.draw(experiment.initializations, &svg, x: 10, y: 26, width: 450)
    let axes = Axes(left: 56, top: 50 + legendHeight, width: 398, height: 196, range: range)
    svg.text(Wording.directedMetric(metric), 10, 42 + legendHeight, class: "label")
    axes.drawGrid(&svg)
    let positions = axes.logarithmic(experiment.sizes.map(\.images), inset: 34)
    for size in experiment.sizes {
      svg.text(
        size.label, positions[size.images]!, axes.bottom + 17, class: "tick", anchor: "middle")
    }
    svg.text(
      "labelled training images", axes.left + axes.width / 2, axes.bottom + 36, class: "label",
      anchor: "middle")
    for (index, name) in experiment.initializations.enumerated() {
      let dodge = (Double(index) - Double(experiment.initializations.count - 1) / 2) * 11
      drawSeries(name, &svg, axes, positions.mapValues { $0 + dodge })
    }
    return svg
  }

  /// Everything that the vertical axis should reach: replicates, and intervals within reason.
  static func range(
    _ experiment: ExperimentSummary, metric: String, _ summaries: Summaries
  ) -> ClosedRange<Double> {
    var values: [Double] = []
    var ends: [Double] = []
    for key in keys(experiment, metric: metric) {
      let means = summaries[key].map(\.mean)
      values += means
      if let interval = ReplicateSummary(means)?.interval {
        ends += [interval.low, interval.high].compactMap(\.self)
      }
    }
    guard let low = values.min(), let high = values.max() else { return 0...1 }
    // With few replicates an interval may dwarf the data; beyond half their span it is cut off.
    let reach = max(high - low, 0.02) / 2
    return Axes.range(values, including: ends.map { min(high + reach, max(low - reach, $0)) })
  }

  private static func keys(
    _ experiment: ExperimentSummary, metric: String
  ) -> [Summaries.Key] {
    experiment.testSets.flatMap { testSet in
      experiment.initializations.flatMap { name in
        experiment.sizes.map {
          Summaries.Key(
            experiment: experiment.name, metric: metric, testSet: testSet.name,
            initialization: name, images: $0.images)
        }
      }
    }
  }

  private func drawSeries(
    _ name: String, _ svg: inout SVG, _ axes: Axes, _ positions: [Int: Double]
  ) {
    let style = legend.style(name)
    var means: [(x: Double, y: Double)] = []
    for size in experiment.sizes {
      let points = summaries[
        Summaries.Key(
          experiment: experiment.name, metric: metric, testSet: testSet.name,
          initialization: name, images: size.images)]
      guard let summary = ReplicateSummary(points.map(\.mean)) else { continue }
      let x = positions[size.images]!
      means.append((x, axes.y(summary.mean)))
      for point in points {
        svg.marker(
          style.marker, x, axes.y(point.mean), radius: 2.3, class: "replicate \(style.series)")
      }
      if let interval = summary.interval, let low = interval.low, let high = interval.high {
        svg.line(x, axes.y(low), x, axes.y(high), class: "bar \(style.series)")
        for end in [low, high] where axes.range.contains(end) {
          svg.line(x - 4.5, axes.y(end), x + 4.5, axes.y(end), class: "bar \(style.series)")
        }
      }
    }
    svg.polyline(means, class: "line \(style.series)")
    for mean in means {
      svg.marker(style.marker, mean.x, mean.y, radius: 4.2, class: "dot \(style.series)")
    }
  }

  private var title: String {
    let series = experiment.initializations.map { name in
      let means = experiment.sizes.map { size in
        let points = summaries[
          Summaries.Key(
            experiment: experiment.name, metric: metric, testSet: testSet.name,
            initialization: name, images: size.images)]
        let mean = ReplicateSummary(points.map(\.mean))?.mean
        return "\(Wording.value(mean)) at \(size.label)"
      }
      return "\(name): \(means.joined(separator: ", "))"
    }
    return "\(Wording.directedMetric(metric)) on \(testSet.name) against training-subset size, "
      + "mean over replicates. " + series.joined(separator: ". ") + "."
  }
}
