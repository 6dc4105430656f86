public import Imaging

/// What the metrics of one image are made of, in the sums that pool over images.
public struct ImageMeasures: Hashable, Sendable {
  public let table: OverlapTable
  public let panoptic: PanopticQuality
  public let glands: GlandObjects
  /// `nil` where distances were not asked for: they cost more than everything else.
  public let hausdorff: ObjectHausdorff?

  /// The pixels that truth and prediction agree on.
  public let pixels: PixelCounts

  /// Measures two maps of objects.
  ///
  /// - Parameter pixels: Those of the masks that the objects were made from, if making them has changed
  ///   pixels.
  /// - Precondition: The maps have the same size.
  public init(
    truth: LabelMap, prediction: LabelMap, pixels: PixelCounts? = nil, withDistances: Bool
  ) {
    table = OverlapTable(truth: truth, prediction: prediction)
    self.pixels = pixels ?? table.pixels
    panoptic = PanopticQuality(table)
    glands = GlandObjects(table)
    hausdorff =
      withDistances ? ObjectHausdorff(truth: truth, prediction: prediction, table) : nil
  }
}
