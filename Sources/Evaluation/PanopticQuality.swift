/// How many objects were found, and how well the found ones agree: what DQ, SQ and PQ are made of.
///
/// A true and a predicted object match if their IoU is over 0.5, which no two matches can share
/// (Kirillov et al., CVPR 2019; `get_fast_pq` of the published HoVer-Net code). Sums over images give
/// the pooled metrics. No object on either side is undefined; otherwise no match is 0.
public struct PanopticQuality: Hashable, Sendable {
  /// Objects that match.
  public var truePositives: Int
  /// Predicted objects without a match.
  public var falsePositives: Int
  /// True objects without a match.
  public var falseNegatives: Int
  /// The IoU of all matches together.
  public var iouSum: Double

  public init(
    truePositives: Int = 0, falsePositives: Int = 0, falseNegatives: Int = 0, iouSum: Double = 0
  ) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.falseNegatives = falseNegatives
    self.iouSum = iouSum
  }

  public init(_ table: OverlapTable) {
    self.init()
    for pair in table.pairs where 2 * pair.shared > table.union(pair) {
      truePositives += 1
      iouSum += table.iou(pair)
    }
    falsePositives = table.prediction.count - truePositives
    falseNegatives = table.truth.count - truePositives
  }

  public static func + (a: Self, b: Self) -> Self {
    Self(
      truePositives: a.truePositives + b.truePositives,
      falsePositives: a.falsePositives + b.falsePositives,
      falseNegatives: a.falseNegatives + b.falseNegatives, iouSum: a.iouSum + b.iouSum)
  }

  /// The sums over all images of a test set.
  public static func pooled(_ images: [Self]) -> Self { images.reduce(Self(), +) }

  /// What divides the sum of IoU.
  public enum Divisor: Sendable {
    /// The number of matches.
    case matches
    /// The number of matches plus 1e-6, as the published code divides: a perfect image with one object
    /// has 0.999999.
    case published
  }

  /// DQ: the F1 of matching, TP / (TP + FP/2 + FN/2).
  public var detection: MetricValue {
    Overlap.ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives)
  }

  /// SQ: the mean IoU of the matches.
  public func segmentation(_ divisor: Divisor = .matches) -> MetricValue {
    guard detection.value != nil else { return detection }
    guard truePositives > 0 else { return .defined(0) }
    let added = divisor == .published ? 1e-6 : 0
    return .defined(iouSum / (Double(truePositives) + added))
  }

  /// PQ: DQ times SQ.
  public func quality(_ divisor: Divisor = .matches) -> MetricValue {
    guard let detected = detection.value, let segmented = segmentation(divisor).value else {
      return detection
    }
    return .defined(detected * segmented)
  }
}
