public import Imaging

/// What the metrics of one image are made of, in the sums that pool over images.
public struct ImageMeasures: Hashable, Sendable {
  public let table: OverlapTable
  public let panoptic: PanopticQuality
  public let glands: GlandObjects
  /// `nil` where distances were not asked for: they cost more than everything else.
  public let hausdorff: ObjectHausdorff?

  public var pixels: PixelCounts { table.pixels }

  /// Measures two maps of objects.
  ///
  /// - Precondition: The maps have the same size.
  public init(truth: LabelMap, prediction: LabelMap, withDistances: Bool) {
    table = OverlapTable(truth: truth, prediction: prediction)
    panoptic = PanopticQuality(table)
    glands = GlandObjects(table)
    hausdorff =
      withDistances ? ObjectHausdorff(truth: truth, prediction: prediction, table) : nil
  }
}
