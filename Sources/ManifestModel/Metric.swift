/// Metrics by their alias; files carry the full name with variant and version.
///
/// The one table of names. What a metric does where truth or prediction is empty stands with its
/// computation in `Evaluation`; undefined values are left out of means and counted.
public enum Metric: String, ManifestWord {
  case dice
  case iou
  case dicePooled = "dice_pooled"
  case iouPooled = "iou_pooled"
  case dice2
  case aji
  case ajiPlus = "aji_plus"
  case dq
  case sq
  case pq
  case sqEpsilon = "sq_epsilon"
  case pqEpsilon = "pq_epsilon"
  case dqPooled = "dq_pooled"
  case sqPooled = "sq_pooled"
  case pqPooled = "pq_pooled"
  case objectF1 = "object_f1"
  case objectDice = "object_dice"
  case objectHausdorff = "object_hausdorff"
  case objectF1Pooled = "object_f1_pooled"
  case objectDicePooled = "object_dice_pooled"
  case objectHausdorffPooled = "object_hausdorff_pooled"
  case mpq
  case mpqPlus = "mpq_plus"
  case detectionF1 = "detection_f1"
  case typeF1 = "type_f1"

  /// The name that files carry: metric, variant, version.
  public var fullName: String {
    switch self {
    case .dice: "dice.image_mean.v1"
    case .iou: "iou.image_mean.v1"
    case .dicePooled: "dice.pooled.v1"
    case .iouPooled: "iou.pooled.v1"
    case .dice2: "dice2.image_mean.v1"
    case .aji: "aji.image_mean.v1"
    case .ajiPlus: "aji_plus.image_mean.v1"
    case .dq: "dq.image_mean.v1"
    case .sq: "sq.image_mean.v1"
    case .pq: "pq.image_mean.v1"
    case .sqEpsilon: "sq.image_mean_epsilon.v1"
    case .pqEpsilon: "pq.image_mean_epsilon.v1"
    case .dqPooled: "dq.pooled.v1"
    case .sqPooled: "sq.pooled.v1"
    case .pqPooled: "pq.pooled.v1"
    case .objectF1: "object_f1.image_mean.v1"
    case .objectDice: "object_dice.image_mean.v1"
    case .objectHausdorff: "object_hausdorff.image_mean.v1"
    case .objectF1Pooled: "object_f1.pooled.v1"
    case .objectDicePooled: "object_dice.pooled.v1"
    case .objectHausdorffPooled: "object_hausdorff.pooled.v1"
    case .mpq: "mpq.pannuke.v1"
    case .mpqPlus: "mpq_plus.conic.v1"
    case .detectionF1: "detection_f1.hovernet_3um.v1"
    case .typeF1: "type_f1.hovernet_3um.v1"
    }
  }

  /// The metric that files call so; `nil` for names of no release.
  public init?(fullName: String) {
    guard let metric = Self.allCases.first(where: { $0.fullName == fullName }) else { return nil }
    self = metric
  }

  /// Whether there is one value for the whole test set instead of one for each image.
  public var isPooled: Bool {
    switch self {
    case .dicePooled, .iouPooled, .dqPooled, .sqPooled, .pqPooled, .objectF1Pooled,
      .objectDicePooled, .objectHausdorffPooled, .mpq, .mpqPlus, .detectionF1, .typeF1:
      true
    case .dice, .iou, .dice2, .aji, .ajiPlus, .dq, .sq, .pq, .sqEpsilon, .pqEpsilon, .objectF1,
      .objectDice, .objectHausdorff:
      false
    }
  }

  /// What a prediction must name for a metric to exist.
  public enum Requirement: Int, Comparable, Sendable {
    /// Foreground and background.
    case pixels
    /// Objects, which may be connected components.
    case objects
    /// Nuclei and their types.
    case types

    public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  }

  public var requirement: Requirement {
    switch self {
    case .dice, .iou, .dicePooled, .iouPooled: .pixels
    case .dice2, .aji, .ajiPlus, .dq, .sq, .pq, .sqEpsilon, .pqEpsilon, .dqPooled, .sqPooled,
      .pqPooled, .objectF1, .objectDice, .objectHausdorff, .objectF1Pooled, .objectDicePooled,
      .objectHausdorffPooled, .detectionF1:
      .objects
    case .mpq, .mpqPlus, .typeF1: .types
    }
  }

  /// Whether distances count in micrometres, so that a test set's pixel size has to be known.
  public var needsPixelSize: Bool { self == .detectionF1 || self == .typeF1 }

  /// Whether the lower of two values is the better one: distances, unlike all others.
  public var isLowerBetter: Bool {
    self == .objectHausdorff || self == .objectHausdorffPooled
  }

  public var summary: String {
    switch self {
    case .dice:
      "Dice of each image, then their mean; undefined where truth and prediction are empty"
    case .iou: "intersection over union of each image, then their mean; same rule for empty images"
    case .dicePooled: "Dice of the pixels of all images together"
    case .iouPooled: "intersection over union of the pixels of all images together"
    case .dice2: "Dice over all overlapping pairs of objects (Dice2, Ensemble Dice) of each image"
    case .aji: "aggregated Jaccard index of each image (Kumar 2017)"
    case .ajiPlus: "aggregated Jaccard index with objects paired one to one, of each image"
    case .dq: "detection quality of each image: F1 of objects matched at IoU over 0.5"
    case .sq: "segmentation quality of each image: mean IoU of matched objects"
    case .pq: "panoptic quality of each image: DQ times SQ"
    case .sqEpsilon: "SQ with 1e-6 added to the number of matches, as HoVer-Net's code has it"
    case .pqEpsilon: "PQ with 1e-6 added to the number of matches, as HoVer-Net's code has it"
    case .dqPooled: "DQ of the objects of all images together"
    case .sqPooled: "SQ of the objects of all images together"
    case .pqPooled: "PQ of the objects of all images together"
    case .objectF1: "GlaS object F1 of each image: over half of a true object covered counts"
    case .objectDice: "GlaS object Dice of each image, weighted with areas"
    case .objectHausdorff:
      "GlaS object Hausdorff distance of each image in pixels; undefined where one side is empty"
    case .objectF1Pooled: "GlaS object F1 of the objects of all images together"
    case .objectDicePooled: "GlaS object Dice of the objects of all images together"
    case .objectHausdorffPooled:
      "GlaS object Hausdorff distance of the objects of all images together, in pixels"
    case .mpq: "PanNuke's mPQ: mean over tissues of images' mean PQ over the classes they have"
    case .mpqPlus: "CoNIC's mPQ+: mean over classes of the PQ of all images together"
    case .detectionF1: "HoVer-Net's detection F1: centres paired within 3 um, all images together"
    case .typeF1: "mean over types of HoVer-Net's type F1 at 3 um, all images together"
    }
  }
}
