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
  ///   - types: The type of each predicted nucleus, by its number; 0 where none was found.
  ///   - classes: How many the dataset has.
  init(
    truth: LabelMap, prediction: LabelMap, types: [Int], sample: SplitIndex.Sample, classes: Int
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
    tissue = .init(
      tissue: sample.stratum ?? "",
      classes: (0..<classes).map { index in
        PanopticQuality(
          OverlapTable(
            truth: truth.keeping(trueTypes, index + 1),
            prediction: prediction.keeping(types, index + 1)))
      })
    detection = Detection(
      truth: truth.centres(trueTypes), prediction: prediction.centres(types), pixelSize: pixelSize)
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

extension LabelMap {
  /// The objects of one class; `classes` is by label, from 1.
  fileprivate func keeping(_ classes: [Int], _ one: Int) -> LabelMap {
    LabelMap(
      width: width, height: height,
      labels: labels.map { $0 != 0 && classes[Int($0) - 1] == one ? $0 : 0 })
  }

  /// The centres of mass of the objects, in order of their labels.
  fileprivate func centres(_ classes: [Int]) -> [Detection.Nucleus] {
    var sums = [(x: Int, y: Int, count: Int)](repeating: (0, 0, 0), count: classes.count + 1)
    for y in 0..<height {
      for x in 0..<width where self[x, y] != 0 {
        let label = Int(self[x, y])
        sums[label].x += x
        sums[label].y += y
        sums[label].count += 1
      }
    }
    return sums.enumerated().compactMap { label, sum in
      guard label > 0, sum.count > 0 else { return nil }
      let count = Double(sum.count)
      return .init(x: Double(sum.x) / count, y: Double(sum.y) / count, type: classes[label - 1])
    }
  }
}
