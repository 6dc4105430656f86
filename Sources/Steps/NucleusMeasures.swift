internal import Evaluation
internal import Execution
internal import Imaging
internal import ManifestModel
internal import Planning

/// What the metrics of types of nuclei are made of, for one image.
struct TypedMeasures {
  /// By class, each matched on its own; the tissue is the sample's stratum.
  var tissue: MultiClassPanopticQuality.TissueImage
  var detection: Detection

  /// - Parameters:
  ///   - table: The overlaps of both maps.
  ///   - types: The type of each predicted nucleus, by its number; 0 where none was found.
  ///   - classes: How many the dataset has.
  init(
    truth: LabelMap, prediction: LabelMap, table: OverlapTable, types: [Int],
    sample: SplitIndex.Sample, classes: Int
  ) throws {
    guard let trueTypes = sample.objectClasses else {
      throw StepFailure(
        "measure.no-types", "image \(sample.id) has no types of nuclei",
        hint: "use a dataset with types, or metrics of objects alone")
    }
    guard let pixelSize = sample.pixelSize else {
      throw StepFailure(
        "measure.no-pixel-size",
        "image \(sample.id) has no pixel size, and centres are paired within micrometres",
        hint: "declare the dataset's pixel size")
    }
    // Classes count from 1 in files and predictions.
    func byLabel(_ types: [Int], less: Int) -> [UInt16: Int] {
      Dictionary(
        uniqueKeysWithValues: types.enumerated().map { (UInt16($0.offset + 1), $0.element - less) })
    }
    tissue = .init(
      tissue: sample.stratum ?? "",
      classes: MultiClassPanopticQuality.counts(
        of: table, truth: byLabel(trueTypes, less: 1), prediction: byLabel(types, less: 1),
        classes: classes))
    detection = Detection(
      truth: Detection.nuclei(of: truth, types: byLabel(trueTypes, less: 0)),
      prediction: Detection.nuclei(of: prediction, types: byLabel(types, less: 0)),
      pixelSize: pixelSize)
  }
}

extension Metric {
  /// This metric of the types of all images of a test set.
  ///
  /// - Precondition: It needs types.
  func value(ofTypes images: [TypedMeasures]) -> MetricValue {
    switch self {
    case .mpq: MultiClassPanopticQuality.pannuke(images.map(\.tissue)).quality
    case .mpqPlus: MultiClassPanopticQuality.conic(images.map(\.tissue.classes)).quality
    case .detectionF1: Detection.pooled(images.map(\.detection)).f1
    case .typeF1: Detection.pooled(images.map(\.detection)).meanTypeF1
    case .dice, .iou, .dicePooled, .iouPooled, .dice2, .aji, .ajiPlus, .dq, .sq, .pq, .sqEpsilon,
      .pqEpsilon, .dqPooled, .sqPooled, .pqPooled, .objectF1, .objectDice, .objectHausdorff,
      .objectF1Pooled, .objectDicePooled, .objectHausdorffPooled:
      preconditionFailure("\(self) needs no types")
    }
  }
}
