public import Imaging

/// Which true and predicted objects share pixels, and how many: all that metrics of objects read.
///
/// Made in one pass over the pixels. Objects stand in the order of their labels, pairs in the order
/// of their true and then their predicted object; background is no object.
///
/// - Complexity: O(*pixels* + *objects* + *pairs*) in time, O(*runs* + *objects*) in memory, a run
///   being pixels of one row with the same two labels.
public struct OverlapTable: Hashable, Sendable {
  /// The objects of one map.
  public struct Objects: Hashable, Sendable {
    /// The labels in use, ascending.
    public var labels: [UInt16]
    /// The pixels of each.
    public var areas: [Int]

    public var count: Int { labels.count }
    /// The pixels of all.
    public var pixels: Int { areas.reduce(0, +) }
  }

  /// A true and a predicted object with at least one pixel in common.
  public struct Pair: Hashable, Sendable {
    /// The index of the true object.
    public var truth: Int
    /// The index of the predicted object.
    public var prediction: Int
    /// The pixels they share.
    public var shared: Int
  }

  public let truth: Objects
  public let prediction: Objects
  public let pairs: [Pair]
  /// The foreground against the background.
  public let pixels: PixelCounts

  /// - Precondition: The maps have the same size.
  public init(truth: LabelMap, prediction: LabelMap) {
    precondition(
      truth.width == prediction.width && truth.height == prediction.height,
      "truth and prediction differ in size")
    let runs = LabelRuns(truth.labels, prediction.labels)
    let sorted = runs.merged()
    self.truth = Objects(areas: runs.truthAreas)
    self.prediction = Objects(areas: runs.predictionAreas)
    let truthIndex = Self.indices(of: self.truth)
    let predictionIndex = Self.indices(of: self.prediction)
    pairs = sorted.map {
      Pair(
        truth: truthIndex[Int($0.truth)], prediction: predictionIndex[Int($0.prediction)],
        shared: $0.length)
    }
    let shared = pairs.reduce(0) { $0 + $1.shared }
    let trueOnly = self.truth.pixels - shared
    let predictedOnly = self.prediction.pixels - shared
    pixels = PixelCounts(
      truePositives: shared, falsePositives: predictedOnly, falseNegatives: trueOnly,
      trueNegatives: truth.labels.count - shared - trueOnly - predictedOnly)
  }

  /// Why there is nothing to measure; `nil` where either side has an object.
  var emptiness: MetricValue? {
    truth.count == 0 && prediction.count == 0 ? Overlap.nothing : nil
  }

  /// The pixels that either object of a pair has.
  func union(_ pair: Pair) -> Int {
    truth.areas[pair.truth] + prediction.areas[pair.prediction] - pair.shared
  }

  /// The shared part of the union of a pair's objects, in 0...1.
  func iou(_ pair: Pair) -> Double { Double(pair.shared) / Double(union(pair)) }

  /// The pairs by predicted and then true object.
  var pairsByPrediction: [Pair] {
    var starts = [Int](repeating: 0, count: prediction.count + 1)
    for pair in pairs { starts[pair.prediction + 1] += 1 }
    for i in 0..<prediction.count { starts[i + 1] += starts[i] }
    var sorted = pairs
    for pair in pairs {
      sorted[starts[pair.prediction]] = pair
      starts[pair.prediction] += 1
    }
    return sorted
  }

  private static func indices(of objects: Objects) -> [Int] {
    var index = [Int](repeating: -1, count: 1 << 16)
    for (i, label) in objects.labels.enumerated() { index[Int(label)] = i }
    return index
  }
}

extension OverlapTable.Objects {
  /// - Parameter areas: The pixels of every possible label, background included.
  fileprivate init(areas all: [Int]) {
    labels = []
    areas = []
    for label in 1..<all.count where all[label] > 0 {
      labels.append(UInt16(label))
      areas.append(all[label])
    }
  }
}

/// The runs of pixels with one true and one predicted label.
private struct LabelRuns {
  struct Run {
    var truth: UInt16
    var prediction: UInt16
    var length: Int
  }

  /// Those where both labels are objects.
  private var shared: [Run] = []
  /// The pixels of every label.
  private(set) var truthAreas = [Int](repeating: 0, count: 1 << 16)
  private(set) var predictionAreas = [Int](repeating: 0, count: 1 << 16)

  init(_ truth: [UInt16], _ prediction: [UInt16]) {
    truth.withUnsafeBufferPointer { truth in
      prediction.withUnsafeBufferPointer { prediction in
        var start = 0
        while start < truth.count {
          let (t, p) = (truth[start], prediction[start])
          var end = start + 1
          while end < truth.count, truth[end] == t, prediction[end] == p { end += 1 }
          truthAreas[Int(t)] += end - start
          predictionAreas[Int(p)] += end - start
          if t != 0, p != 0 { shared.append(Run(truth: t, prediction: p, length: end - start)) }
          start = end
        }
      }
    }
  }

  /// One run for each pair of labels, by true and then predicted label: two passes of counting sort.
  func merged() -> [Run] {
    let sorted = Self.sorted(Self.sorted(shared, by: \.prediction), by: \.truth)
    var merged: [Run] = []
    for run in sorted {
      if let last = merged.last, last.truth == run.truth, last.prediction == run.prediction {
        merged[merged.count - 1].length += run.length
      } else {
        merged.append(run)
      }
    }
    return merged
  }

  private static func sorted(_ runs: [Run], by label: (Run) -> UInt16) -> [Run] {
    guard let highest = runs.lazy.map(label).max() else { return [] }
    var starts = [Int](repeating: 0, count: Int(highest) + 2)
    for run in runs { starts[Int(label(run)) + 1] += 1 }
    for i in 1..<starts.count { starts[i] += starts[i - 1] }
    var sorted = runs
    for run in runs {
      sorted[starts[Int(label(run))]] = run
      starts[Int(label(run))] += 1
    }
    return sorted
  }
}
