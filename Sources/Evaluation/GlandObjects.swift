/// How well segmented objects agree with true ones by the rules of the GlaS 2015 contest: object F1
/// and object Dice.
///
/// Each object is compared with the one of the other side that it shares most pixels with, of equals
/// the one with the lowest label (Sirinukunwattana et al., MedIA 2017; `ObjectDice.m`,
/// `F1score.m`). Sums over images give the pooled metrics, whose weights are over all objects of the
/// test set. As in the contest, empty on both sides is 1 and empty on one is 0: nothing is undefined.
public struct GlandObjects: Hashable, Sendable {
  /// Segmented objects that cover more than half of their true object.
  public var truePositives: Int
  public var trueObjects: Int
  public var segmentedObjects: Int
  /// The pixels of all true objects, and their sum weighted with each object's Dice.
  var truth: WeightedSum
  var prediction: WeightedSum

  /// Weights, and values times weights.
  struct WeightedSum: Hashable, Sendable {
    var weight = 0
    var weighted = 0.0

    var mean: Double { weight == 0 ? 0 : weighted / Double(weight) }

    static func + (a: Self, b: Self) -> Self {
      Self(weight: a.weight + b.weight, weighted: a.weighted + b.weighted)
    }
  }

  /// No object on either side.
  public init() {
    truePositives = 0
    trueObjects = 0
    segmentedObjects = 0
    truth = WeightedSum()
    prediction = WeightedSum()
  }

  public init(_ table: OverlapTable) {
    self.init()
    trueObjects = table.truth.count
    segmentedObjects = table.prediction.count
    truth.weight = table.truth.pixels
    prediction.weight = table.prediction.pixels
    for pair in table.bestForTruth {
      truth.weighted += Double(table.truth.areas[pair.truth]) * table.dice(pair)
    }
    for pair in table.bestForPrediction {
      prediction.weighted += Double(table.prediction.areas[pair.prediction]) * table.dice(pair)
      if 2 * pair.shared > table.truth.areas[pair.truth] { truePositives += 1 }
    }
  }

  public static func + (a: Self, b: Self) -> Self {
    var sum = a
    sum.truePositives += b.truePositives
    sum.trueObjects += b.trueObjects
    sum.segmentedObjects += b.segmentedObjects
    sum.truth = a.truth + b.truth
    sum.prediction = a.prediction + b.prediction
    return sum
  }

  /// The sums over all images of a test set.
  public static func pooled(_ images: [Self]) -> Self { images.reduce(Self(), +) }

  /// The F1 of detection: 2 TP / (true + segmented objects).
  public var f1: MetricValue {
    let objects = trueObjects + segmentedObjects
    return .defined(objects == 0 ? 1 : Double(2 * truePositives) / Double(objects))
  }

  /// The Dice of each object with its partner, weighted with areas, half from either side.
  public var dice: MetricValue {
    .defined(trueObjects + segmentedObjects == 0 ? 1 : (truth.mean + prediction.mean) / 2)
  }
}

extension OverlapTable {
  /// For each true object in touch with predicted ones, the pair of largest overlap.
  var bestForTruth: [Pair] { Self.best(pairs, of: \.truth) }

  /// For each predicted object in touch with true ones, the pair of largest overlap.
  var bestForPrediction: [Pair] { Self.best(pairsByPrediction, of: \.prediction) }

  /// Twice the shared pixels over the pixels of both.
  func dice(_ pair: Pair) -> Double {
    2 * Double(pair.shared) / Double(union(pair) + pair.shared)
  }

  /// - Parameter pairs: Those of one object together, partners ascending.
  private static func best(_ pairs: [Pair], of object: (Pair) -> Int) -> [Pair] {
    var best: [Pair] = []
    for pair in pairs {
      if let last = best.last, object(last) == object(pair) {
        if pair.shared > last.shared { best[best.count - 1] = pair }
      } else {
        best.append(pair)
      }
    }
    return best
  }
}
