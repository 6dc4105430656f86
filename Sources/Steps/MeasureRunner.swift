internal import Core
internal import Evaluation
internal import Execution
internal import Imaging
internal import ManifestModel
internal import Planning

/// Measures the predictions of a test set: one output for each metric.
struct MeasureRunner: StepRunner {
  func run(_ context: StepContext) throws {
    let predictions = try context.predictions()
    let split = try context.split(input: "split")
    let metrics = context.parameter("metrics").list!.compactMap(\.text).map {
      Metric(fullName: $0)!
    }
    let rule = ObjectRule(context.action.parameters)
    let hasInstances = try Self.hasInstances(split.samples, context)
    var images: [ImageMeasures] = []
    var types: [TypedMeasures] = []
    for sample in split.samples {
      let truth = try context.labels(of: sample)
      let prediction = try predictions.map(of: sample)
      images.append(
        try measure(
          metrics, truth: truth, isMask: !hasInstances, prediction: prediction, rule: rule,
          of: sample))
      if metrics.contains(where: { $0.requirement == .types }) {
        types.append(
          try TypedMeasures(
            truth: truth, prediction: prediction.labels, table: images[images.count - 1].table,
            types: predictions.types(of: sample),
            sample: sample, classes: split.classes?.count ?? 0))
      }
    }
    for metric in metrics {
      let values = Self.values(of: metric, samples: split.samples, images: images, types: types)
      try context.write(
        output: "values/\(metric.fullName)",
        JSON.encode(MeasuredValues(metric: metric.fullName, values: values)))
    }
  }

  /// Whether a test set's truth tells objects apart: one image with two labels is enough, since the
  /// others may show a single object.
  private static func hasInstances(
    _ samples: [SplitIndex.Sample], _ context: StepContext
  ) throws -> Bool {
    try samples.contains { sample in
      try sample.objectClasses != nil || context.labels(of: sample).distinctLabels.count > 1
    }
  }

  /// Where metrics of objects are asked for, a predicted mask is taken apart by the rule, and a truth
  /// that is a mask the same way. Metrics of pixels are those of the masks as they are.
  private func measure(
    _ metrics: [Metric], truth: LabelMap, isMask: Bool, prediction: PredictedMap, rule: ObjectRule,
    of sample: SplitIndex.Sample
  ) throws -> ImageMeasures {
    guard metrics.contains(where: { $0.requirement > .pixels }) else {
      return ImageMeasures(truth: truth, prediction: prediction.labels, withDistances: false)
    }
    let trueObjects =
      isMask
      ? rule.objects(of: Mask(truth)) : sample.objectClasses == nil ? truth.objects : truth
    guard let trueObjects, let predictedObjects = prediction.objects(rule) else {
      throw StepFailure.tooManyObjects(in: sample.id)
    }
    return ImageMeasures(
      truth: trueObjects, prediction: predictedObjects,
      pixels: PixelCounts(
        truth: truth.labels.map { $0 != 0 }, prediction: prediction.labels.labels.map { $0 != 0 }),
      withDistances: metrics.contains(where: \.needsDistances))
  }

  private static func values(
    of metric: Metric, samples: [SplitIndex.Sample], images: [ImageMeasures],
    types: [TypedMeasures]
  ) -> [MeasuredValues.Value] {
    if metric.isPooled {
      let value =
        metric.requirement == .types ? metric.value(ofTypes: types) : metric.value(ofAll: images)
      return [.init(image: "*", patient: "*", value: value.value, reason: value.reason)]
    }
    return zip(samples, images).map { sample, image in
      let value = metric.value(of: image)
      return .init(
        image: sample.id, patient: sample.patient, value: value.value, reason: value.reason)
    }
  }
}
