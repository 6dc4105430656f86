public import Imaging

/// How many nuclei were found, and with which type: the detection and type F1 of HoVer-Net.
///
/// True and predicted centres are paired such that the sum of all distances is smallest, and pairs no
/// further apart than a radius are kept (`compute_stats.py --mode type`; Graham et al., MedIA 2019:
/// 12 pixels at 0.25 um, or 3 um). Sums over images give the figures of a test set, as published.
///
/// The published pairing (`pair_coordinates`: SciPy's `linear_sum_assignment` on all distances, then the
/// radius) is one of all with all, and its time grows with the square of the nuclei and more. It cannot be
/// had from neighbours alone: as many as the shorter side has must be paired, so a nucleus that has no
/// partner within the radius takes one beyond it, and which is cheapest for it can move pairs within the
/// radius anywhere else in the image. True centres at 0 and 20 and predicted ones at 13 and 1000 (in
/// pixels, on a line) are paired 0 with 13, which is then dropped, although 20 with 13 is within the
/// radius: any pairing of candidates within it finds one nucleus, the published one none.
public struct Detection: Hashable, Sendable {
  /// The centre of a nucleus in pixels, and its type from 1 up; 0 where types are not known.
  public struct Nucleus: Hashable, Sendable {
    public var x: Double
    public var y: Double
    public var type: Int

    public init(x: Double, y: Double, type: Int = 0) {
      self.x = x
      self.y = y
      self.type = type
    }
  }

  /// The objects of a map by the mean of their pixels' places, in the order of their labels.
  ///
  /// - Parameter types: By label; objects without one have the type 0.
  public static func nuclei(of map: LabelMap, types: [UInt16: Int] = [:]) -> [Nucleus] {
    var sums = [(x: Int, y: Int, count: Int)](repeating: (0, 0, 0), count: 1 << 16)
    for y in 0..<map.height {
      for x in 0..<map.width {
        let label = Int(map[x, y])
        sums[label] = (sums[label].x + x, sums[label].y + y, sums[label].count + 1)
      }
    }
    return map.distinctLabels.map { label in
      let sum = sums[Int(label)]
      return Nucleus(
        x: Double(sum.x) / Double(sum.count), y: Double(sum.y) / Double(sum.count),
        type: types[label] ?? 0)
    }
  }

  /// Counts of pairs by their true and predicted type, and of nuclei without partner by their type.
  private var paired: [Types: Int] = [:]
  private var missed: [Int: Int] = [:]
  private var surplus: [Int: Int] = [:]

  private struct Types: Hashable {
    var truth: Int
    var prediction: Int
  }

  /// No nuclei.
  public init() {}

  /// Pairs the nuclei of one image.
  ///
  /// - Parameters:
  ///   - radius: The largest distance of a pair in micrometres.
  ///   - pixelSize: The side of a pixel in micrometres.
  public init(truth: [Nucleus], prediction: [Nucleus], radius: Double = 3, pixelSize: Double) {
    precondition(radius >= 0 && pixelSize > 0, "a radius and a pixel size are lengths")
    let reach = radius / pixelSize
    func squaredDistance(_ a: Nucleus, _ b: Nucleus) -> Double {
      (a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y)
    }
    var isPaired = [Bool](repeating: false, count: prediction.count)
    let columns = DenseAssignment.cheapest(rows: truth.count, columns: prediction.count) {
      squaredDistance(truth[$0], prediction[$1]).squareRoot()
    }
    for (nucleus, column) in zip(truth, columns) {
      if let column, squaredDistance(nucleus, prediction[column]).squareRoot() <= reach {
        isPaired[column] = true
        paired[Types(truth: nucleus.type, prediction: prediction[column].type), default: 0] += 1
      } else {
        missed[nucleus.type, default: 0] += 1
      }
    }
    for (nucleus, isPaired) in zip(prediction, isPaired) where !isPaired {
      surplus[nucleus.type, default: 0] += 1
    }
  }

  public static func + (a: Self, b: Self) -> Self {
    var sum = a
    sum.paired.merge(b.paired, uniquingKeysWith: +)
    sum.missed.merge(b.missed, uniquingKeysWith: +)
    sum.surplus.merge(b.surplus, uniquingKeysWith: +)
    return sum
  }

  /// The sums over all images of a test set.
  public static func pooled(_ images: [Self]) -> Self { images.reduce(Self(), +) }

  /// The types of true nuclei, ascending.
  public var trueTypes: [Int] {
    Set(paired.keys.map(\.truth)).union(missed.keys).sorted()
  }

  /// F_d: the F1 of finding nuclei of any type; undefined without nuclei.
  public var f1: MetricValue {
    let pairs = paired.values.reduce(0, +)
    let alone = missed.values.reduce(0, +) + surplus.values.reduce(0, +)
    return Overlap.ratio(2 * pairs, 2 * pairs + alone)
  }

  /// The share of pairs with the same type; undefined without pairs.
  public var typeAccuracy: MetricValue {
    let pairs = paired.values.reduce(0, +)
    guard pairs > 0 else { return .undefined("no nucleus was found") }
    let same = paired.reduce(0) { $0 + ($1.key.truth == $1.key.prediction ? $1.value : 0) }
    return .defined(Double(same) / Double(pairs))
  }

  /// F_c of a type: pairs of another type count twice, nuclei without partner once.
  ///
  /// 2 TP / (2 TP + 2 FP + 2 FN + FP_d + FN_d); undefined where neither side has the type.
  public func f1(ofType type: Int) -> MetricValue {
    var (same, other) = (0, 0)
    for (types, count) in paired where types.truth == type || types.prediction == type {
      if types.truth == types.prediction { same += count } else { other += count }
    }
    let alone = (missed[type] ?? 0) + (surplus[type] ?? 0)
    guard same + other + alone > 0 else {
      return .undefined("truth and prediction have no nucleus of type \(type)")
    }
    return .defined(Double(2 * same) / Double(2 * same + 2 * other + alone))
  }

  /// The mean of F_c over the types of the truth.
  public var meanTypeF1: MetricValue {
    let types = trueTypes
    guard !types.isEmpty else { return .undefined("the truth has no nucleus") }
    return MetricValue.mean(of: types.map(f1(ofType:))).mean
  }
}
