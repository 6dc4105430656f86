/// How much of the foreground of truth and prediction is shared.
///
/// Both empty: undefined, since 0/0 measures nothing (the published HoVer-Net code and TIAToolbox
/// give NaN there; others give 1). One empty: 0. Over `PixelCounts.pooled` these are the pooled
/// variants.
public enum Overlap {
  /// 2 TP / (2 TP + FP + FN) (Dice 1945).
  public static func dice(_ counts: PixelCounts) -> MetricValue {
    ratio(
      2 * counts.truePositives,
      2 * counts.truePositives + counts.falsePositives + counts.falseNegatives)
  }

  /// TP / (TP + FP + FN) (Jaccard 1901).
  public static func iou(_ counts: PixelCounts) -> MetricValue {
    ratio(
      counts.truePositives,
      counts.truePositives + counts.falsePositives + counts.falseNegatives)
  }

  /// The value where there is nothing on either side.
  static let nothing = MetricValue.undefined("truth and prediction are empty")

  static func ratio(_ shared: Int, _ all: Int) -> MetricValue {
    all == 0 ? nothing : .defined(Double(shared) / Double(all))
  }
}
