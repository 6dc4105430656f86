internal import Evaluation
internal import Execution
internal import Imaging
internal import ManifestModel
internal import Planning

/// What the metrics of nuclei are made of, for one image, besides what those of objects are made of.
struct NucleusMeasures {
  /// By class, each matched on its own; the tissue is the sample's stratum. `nil` where no metric needs
  /// types.
  var tissue: MultiClassPanopticQuality.TissueImage?
  /// `nil` where no metric pairs centres.
  var detection: Detection?

  /// - Parameters:
  ///   - objects: The true and the predicted nuclei of an image.
  ///   - table: Their overlaps.
  ///   - types: The type of each predicted nucleus, by its number, 0 where none was found; `nil` where no
  ///     metric needs types.
  ///   - classes: How many the dataset has.
  init(
    _ metrics: [Metric], objects: (truth: LabelMap, prediction: LabelMap), table: OverlapTable,
    types: [Int]?, sample: SplitIndex.Sample, classes: Int
  ) throws {
    // Classes count from 1 in files and predictions.
    func byLabel(_ types: [Int], less: Int) -> [UInt16: Int] {
      Dictionary(
        uniqueKeysWithValues: types.enumerated().map { (UInt16($0.offset + 1), $0.element - less) })
    }
    var trueTypes: [Int] = []
    if let types {
      guard let known = sample.objectClasses else {
        throw StepFailure(
          "measure.no-types", "image \(sample.id) has no types of nuclei",
          hint: "use a dataset with types, or metrics of objects alone")
      }
      trueTypes = known
      tissue = .init(
        tissue: sample.stratum ?? "",
        classes: MultiClassPanopticQuality.counts(
          of: table, truth: byLabel(trueTypes, less: 1), prediction: byLabel(types, less: 1),
          classes: classes))
    }
    guard metrics.contains(where: \.needsPixelSize) else { return }
    guard let pixelSize = sample.pixelSize else {
      throw StepFailure(
        "measure.no-pixel-size",
        "image \(sample.id) has no pixel size, and centres are paired within micrometres",
        hint: "declare the dataset's pixel size")
    }
    detection = Detection(
      truth: Detection.nuclei(of: objects.truth, types: byLabel(trueTypes, less: 0)),
      prediction: Detection.nuclei(of: objects.prediction, types: byLabel(types ?? [], less: 0)),
      pixelSize: pixelSize)
  }
}

extension Metric {
  /// Whether `NucleusMeasures` holds what the metric is made of.
  var isOfNuclei: Bool { requirement == .types || needsPixelSize }

  /// This metric of the nuclei of all images of a test set.
  ///
  /// - Precondition: It is one of nuclei, and was among those that they were measured for.
  func value(ofNuclei images: [NucleusMeasures]) -> MetricValue {
    switch self {
    case .mpq: MultiClassPanopticQuality.pannuke(images.map { $0.tissue! }).quality
    case .mpqPlus: MultiClassPanopticQuality.conic(images.map { $0.tissue!.classes }).quality
    case .detectionF1: Detection.pooled(images.map { $0.detection! }).f1
    case .typeF1: Detection.pooled(images.map { $0.detection! }).meanTypeF1
    case .dice, .iou, .dicePooled, .iouPooled, .dice2, .aji, .ajiPlus, .dq, .sq, .pq, .sqEpsilon,
      .pqEpsilon, .dqPooled, .sqPooled, .pqPooled, .objectF1, .objectDice, .objectHausdorff,
      .objectF1Pooled, .objectDicePooled, .objectHausdorffPooled:
      preconditionFailure("\(self) is no metric of nuclei")
    }
  }
}
