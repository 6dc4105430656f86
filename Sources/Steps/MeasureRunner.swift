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
    let needsTypes = metrics.contains { $0.requirement == .types }
    var images: [ImageMeasures] = []
    var nuclei: [NucleusMeasures] = []
    for sample in split.samples {
      let truth = try context.labels(of: sample)
      let prediction = try predictions.map(of: sample)
      let objects =
        metrics.contains { $0.requirement > .pixels }
        ? try Self.objects(truth, isMask: !hasInstances, prediction, rule, of: sample) : nil
      let image = Self.measure(metrics, truth: truth, prediction: prediction, objects: objects)
      images.append(image)
      if let objects, metrics.contains(where: \.isOfNuclei) {
        nuclei.append(
          try NucleusMeasures(
            metrics, objects: objects, table: image.table,
            types: needsTypes ? predictions.types(of: sample) : nil,
            sample: sample, classes: split.classes?.count ?? 0))
      }
    }
    for metric in metrics {
      let values = Self.values(of: metric, samples: split.samples, images: images, nuclei: nuclei)
      try context.write(
        output: "values/\(metric.fullName)",
        JSON.encode(MeasuredValues(metric: metric.fullName, values: values)))
    }
  }

  /// Whether a test set's truth tells objects apart: one image with two labels, or with an object in
  /// two pieces, is enough, since the others may show a single object.
  private static func hasInstances(
    _ samples: [SplitIndex.Sample], _ context: StepContext
  ) throws -> Bool {
    try samples.contains { sample in
      if sample.objectClasses != nil { return true }
      let labels = try context.labels(of: sample)
      let count = labels.distinctLabels.count
      return count > 1 || count == 1 && sample.objects == 1 && labels.objectCount > 1
    }
  }

  /// The true and the predicted objects of an image.
  ///
  /// A predicted mask is taken apart by the rule, and a truth that is a mask the same way. A truth with
  /// as many labels as the import counted objects names them; else its labels are a mask.
  private static func objects(
    _ truth: LabelMap, isMask: Bool, _ prediction: PredictedMap, _ rule: ObjectRule,
    of sample: SplitIndex.Sample
  ) throws -> (truth: LabelMap, prediction: LabelMap) {
    let namesObjects =
      sample.objectClasses != nil || sample.objects == truth.distinctLabels.count
    let trueObjects =
      isMask ? rule.objects(of: Mask(truth)) : namesObjects ? truth : truth.objects
    guard let trueObjects, let predictedObjects = prediction.objects(rule) else {
      throw StepFailure.tooManyObjects(in: sample.id)
    }
    return (trueObjects, predictedObjects)
  }

  /// Metrics of pixels are those of the masks as they are, whatever making objects of them has changed.
  private static func measure(
    _ metrics: [Metric], truth: LabelMap, prediction: PredictedMap,
    objects: (truth: LabelMap, prediction: LabelMap)?
  ) -> ImageMeasures {
    guard let objects else {
      return ImageMeasures(truth: truth, prediction: prediction.labels, withDistances: false)
    }
    return ImageMeasures(
      truth: objects.truth, prediction: objects.prediction,
      pixels: PixelCounts(
        truth: truth.labels.map { $0 != 0 }, prediction: prediction.labels.labels.map { $0 != 0 }),
      withDistances: metrics.contains(where: \.needsDistances))
  }

  private static func values(
    of metric: Metric, samples: [SplitIndex.Sample], images: [ImageMeasures],
    nuclei: [NucleusMeasures]
  ) -> [MeasuredValues.Value] {
    if metric.isPooled {
      let value =
        metric.isOfNuclei ? metric.value(ofNuclei: nuclei) : metric.value(ofAll: images)
      return [.init(image: "*", patient: "*", value: value.value, reason: value.reason)]
    }
    return zip(samples, images).map { sample, image in
      let value = metric.value(of: image)
      return .init(
        image: sample.id, patient: sample.patient, value: value.value, reason: value.reason)
    }
  }
}
