public import Imaging

/// How far segmented objects lie from true ones: the object Hausdorff distance of the GlaS contest.
///
/// Each object is compared with the one of the other side that it shares most pixels with; without
/// such, with the one at the smallest Hausdorff distance. Distances are weighted with areas, half from
/// either side, in pixels (Sirinukunwattana et al., MedIA 2017; `ObjectHausdorff.m`). Empty on both
/// sides is 0; on one, the contest's distance is infinite, and here undefined.
public struct ObjectHausdorff: Hashable, Sendable {
  private var truth = GlandObjects.WeightedSum()
  private var prediction = GlandObjects.WeightedSum()
  /// Objects of images whose other side has none.
  private var unreachable = 0

  /// No object on either side.
  public init() {}

  /// - Parameter table: That of the two maps.
  /// - Complexity: O(the bounding boxes of compared objects), plus O(*n* log *n*) in the objects. An
  ///   object without overlap looks only at those whose box is nearer than the best so far.
  public init(truth: LabelMap, prediction: LabelMap, _ table: OverlapTable) {
    self.truth.weight = table.truth.pixels
    self.prediction.weight = table.prediction.pixels
    guard table.truth.count > 0, table.prediction.count > 0 else {
      unreachable = table.truth.count + table.prediction.count
      return
    }
    let trueRegions = ObjectRegions(truth, labels: table.truth.labels)
    let predictedRegions = ObjectRegions(prediction, labels: table.prediction.labels)
    var (trueDistances, predictedDistances) = (
      [Int?](repeating: nil, count: table.truth.count),
      [Int?](repeating: nil, count: table.prediction.count)
    )
    for pair in table.bestForTruth {
      trueDistances[pair.truth] = trueRegions[pair.truth].squaredHausdorff(
        to: predictedRegions[pair.prediction])
    }
    // A pair that is best for both is measured once.
    let partners = Dictionary(
      uniqueKeysWithValues: table.bestForTruth.map { ($0.truth, $0.prediction) })
    for pair in table.bestForPrediction {
      predictedDistances[pair.prediction] =
        partners[pair.truth] == pair.prediction
        ? trueDistances[pair.truth]
        : trueRegions[pair.truth].squaredHausdorff(to: predictedRegions[pair.prediction])
    }
    self.truth.weighted = trueRegions.weightedSum(
      of: trueDistances, areas: table.truth.areas, others: predictedRegions)
    self.prediction.weighted = predictedRegions.weightedSum(
      of: predictedDistances, areas: table.prediction.areas, others: trueRegions)
  }

  public static func + (a: Self, b: Self) -> Self {
    var sum = Self()
    sum.truth = a.truth + b.truth
    sum.prediction = a.prediction + b.prediction
    sum.unreachable = a.unreachable + b.unreachable
    return sum
  }

  /// The sums over all images of a test set.
  public static func pooled(_ images: [Self]) -> Self { images.reduce(Self(), +) }

  /// The distance in pixels.
  public var distance: MetricValue {
    guard unreachable == 0 else {
      let objects = unreachable == 1 ? "1 object has" : "\(unreachable) objects have"
      return .undefined("infinite: \(objects) no counterpart, the other side being empty")
    }
    return .defined((truth.mean + prediction.mean) / 2)
  }
}

extension ObjectRegions {
  /// The distances times areas; those not known are to the nearest object of the other side.
  fileprivate func weightedSum(
    of squares: [Int?], areas: [Int], others: ObjectRegions
  ) -> Double {
    let nearest = squares.contains(nil) ? NearestRegion(others) : nil
    return squares.indices.reduce(0) { sum, index in
      let square = squares[index] ?? nearest!.squaredDistance(from: self[index])
      return sum + Double(areas[index]) * Double(square).squareRoot()
    }
  }
}

/// Finds the region at the smallest Hausdorff distance.
private struct NearestRegion {
  private let regions: ObjectRegions
  /// The regions by their left edges.
  private let order: [Int]

  init(_ regions: ObjectRegions) {
    self.regions = regions
    order = (0..<regions.count).sorted { regions.boxes[$0].left < regions.boxes[$1].left }
  }

  /// Walks outwards from the region's left edge. No Hausdorff distance is less than the difference of
  /// the two left edges, nor of any other edges: the rest is not looked at.
  func squaredDistance(from region: ObjectRegions.Region) -> Int {
    let left = region.box.left
    var (low, high) = (0, order.count)
    while low < high {
      let middle = (low + high) / 2
      if regions.boxes[order[middle]].left < left { low = middle + 1 } else { high = middle }
    }
    var (before, after) = (low - 1, low)
    var best = Int.max
    while true {
      let gapBefore = before >= 0 ? left - regions.boxes[order[before]].left : Int.max
      let gapAfter = after < order.count ? regions.boxes[order[after]].left - left : Int.max
      let gap = min(gapBefore, gapAfter)
      guard gap < Int.max, gap * gap < best else { return best }
      let candidate = order[gapBefore <= gapAfter ? before : after]
      if gapBefore <= gapAfter { before -= 1 } else { after += 1 }
      let bound = region.box.largestDifference(from: regions.boxes[candidate])
      guard bound * bound < best else { continue }
      best = min(best, region.squaredHausdorff(to: regions[candidate], below: best))
    }
  }
}
