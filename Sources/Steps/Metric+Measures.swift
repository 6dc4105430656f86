public import Evaluation
public import ManifestModel

extension Metric {
  /// This metric of one image.
  ///
  /// - Precondition: It is not pooled, and distances were measured if it is one.
  public func value(of image: ImageMeasures) -> MetricValue {
    switch self {
    case .dice: Overlap.dice(image.pixels)
    case .iou: Overlap.iou(image.pixels)
    case .dice2: AggregatedJaccard.dice2(image.table)
    case .aji: AggregatedJaccard.aji(image.table)
    case .ajiPlus: AggregatedJaccard.ajiPlus(image.table)
    case .dq: image.panoptic.detection
    case .sq: image.panoptic.segmentation()
    case .pq: image.panoptic.quality()
    case .sqEpsilon: image.panoptic.segmentation(.published)
    case .pqEpsilon: image.panoptic.quality(.published)
    case .objectF1: image.glands.f1
    case .objectDice: image.glands.dice
    case .objectHausdorff: image.hausdorff!.distance
    case .dicePooled, .iouPooled, .dqPooled, .sqPooled, .pqPooled, .objectF1Pooled,
      .objectDicePooled, .objectHausdorffPooled, .mpq, .mpqPlus, .detectionF1, .typeF1:
      preconditionFailure("\(self) is no metric of one image")
    }
  }

  /// This pooled metric of all images of a test set.
  ///
  /// - Precondition: It is pooled, not of nuclei, and distances were measured if it is one.
  public func value(ofAll images: [ImageMeasures]) -> MetricValue {
    switch self {
    case .dicePooled: Overlap.dice(.pooled(images.map(\.pixels)))
    case .iouPooled: Overlap.iou(.pooled(images.map(\.pixels)))
    case .dqPooled: PanopticQuality.pooled(images.map(\.panoptic)).detection
    case .sqPooled: PanopticQuality.pooled(images.map(\.panoptic)).segmentation()
    case .pqPooled: PanopticQuality.pooled(images.map(\.panoptic)).quality()
    case .objectF1Pooled: GlandObjects.pooled(images.map(\.glands)).f1
    case .objectDicePooled: GlandObjects.pooled(images.map(\.glands)).dice
    case .objectHausdorffPooled: ObjectHausdorff.pooled(images.map { $0.hausdorff! }).distance
    case .dice, .iou, .dice2, .aji, .ajiPlus, .dq, .sq, .pq, .sqEpsilon, .pqEpsilon, .objectF1,
      .objectDice, .objectHausdorff, .mpq, .mpqPlus, .detectionF1, .typeF1:
      preconditionFailure("\(self) is no pooled metric of objects")
    }
  }

  /// Whether distances between objects must be measured.
  public var needsDistances: Bool { self == .objectHausdorff || self == .objectHausdorffPooled }
}
