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
    let metrics = context.parameter("metrics").list!.compactMap(\.text).map { name in
      Metric.allCases.first { $0.fullName == name }!
    }
    var images: [ImageMeasures] = []
    for sample in samples {
      images.append(
        try measure(
          metrics, truth: context.labels(of: sample),
          prediction: context.prediction(for: sample, in: predictions), of: sample))
    }
    for metric in metrics {
      let values = Self.values(of: metric, samples: samples, images: images)
      try context.write(
        output: "values/\(metric.fullName)",
        JSON.encode(MeasuredValues(metric: metric.fullName, values: values)))
    }
  }

  /// Where metrics of objects are asked for, the prediction's are its connected components, and a
  /// truth that is a mask is taken apart the same way.
  private func measure(
    _ metrics: [Metric], truth: LabelMap, prediction: LabelMap, of sample: SplitIndex.Sample
  ) throws -> ImageMeasures {
    guard metrics.contains(where: { $0.requirement > .pixels }) else {
      return ImageMeasures(truth: truth, prediction: prediction, withDistances: false)
    }
    guard let trueObjects = truth.objects, let predictedObjects = prediction.objects else {
      throw StepFailure(
        "measure.too-many-objects",
        "image \(sample.id) falls into more than 65,535 objects")
    }
    return ImageMeasures(
      truth: trueObjects, prediction: predictedObjects,
      withDistances: metrics.contains(where: \.needsDistances))
  }

  private static func values(
    of metric: Metric, samples: [SplitIndex.Sample], images: [ImageMeasures]
  ) -> [MeasuredValues.Value] {
    if metric.isPooled {
      let value = metric.value(ofAll: images)
      return [.init(image: "*", patient: "*", value: value.value, reason: value.reason)]
    }
    return zip(samples, images).map { sample, image in
      let value = metric.value(of: image)
      return .init(
        image: sample.id, patient: sample.patient, value: value.value, reason: value.reason)
    }
  }
}
