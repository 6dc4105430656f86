internal import Core
internal import Evaluation
internal import Execution
internal import Imaging
internal import ManifestModel
internal import Planning
internal import Storage

/// Measures the predictions of a test set: one output for each metric.
struct MeasureRunner: StepRunner {
  func run(_ context: StepContext) throws {
    let predictions = try Tree(decoding: context.read(input: "predictions"))
    let samples = try context.split(input: "split").samples
    var counts: [PixelCounts] = []
    for sample in samples {
      counts.append(
        PixelCounts(
          truth: try context.labels(of: sample).labels,
          prediction: try context.prediction(for: sample, in: predictions).labels))
    }
    for name in context.parameter("metrics").list!.compactMap(\.text) {
      let metric = Metric.allCases.first { $0.fullName == name }!
      let values = Self.values(of: metric, samples: samples, counts: counts)
      try context.write(
        output: "values/\(name)", JSON.encode(MeasuredValues(metric: name, values: values)))
    }
  }

  private static func values(
    of metric: Metric, samples: [SplitIndex.Sample], counts: [PixelCounts]
  ) -> [MeasuredValues.Value] {
    let measure: (PixelCounts) -> MetricValue =
      switch metric {
      case .dice, .dicePooled: Overlap.dice
      case .iou, .iouPooled: Overlap.iou
      }
    if metric.isPooled {
      let value = measure(PixelCounts.pooled(counts))
      return [.init(image: "*", patient: "*", value: value.value, reason: value.reason)]
    }
    return zip(samples, counts).map { sample, counts in
      let value = measure(counts)
      return .init(
        image: sample.id, patient: sample.patient, value: value.value, reason: value.reason)
    }
  }
}
