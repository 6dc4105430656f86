public import Core

/// The two-sided sign-flip test on paired differences, and the interval that inverts it.
///
/// Under the null hypothesis each difference is as likely as its negative, so every assignment of
/// signs is equally likely; p is the share of assignments whose sum is at least as far from 0 as the
/// observed one (Fisher 1935; Pitman 1937). Up to 20 pairs all assignments are counted; beyond that,
/// 100,000 are drawn and p = (b + 1) / (B + 1) (Phipson and Smyth 2010), which is never 0.
///
/// Sums within 1e-12 of the sum of magnitudes of each other are ties and count as reached: otherwise
/// rounding, not data, would decide.
public struct SignFlipTest: Sendable {
  /// The largest number of pairs whose assignments are all counted.
  public static let exactLimit = 20
  /// How many assignments are drawn beyond that.
  public static let draws = 100_000

  /// Pairs split into those that keep their sign and those that are flipped.
  struct Partition {
    var keptSum: Double
    var flippedSum: Double
    var flipped: Int
  }

  let differences: [Double]
  private let partitions: [Partition]
  private let total: Double
  private let magnitude: Double

  /// Prepares the assignments.
  ///
  /// - Parameters:
  ///   - differences: One for each pair, finite; at least one.
  ///   - stream: Used beyond `exactLimit` pairs only.
  public init(_ differences: [Double], stream: RandomStream) {
    precondition(!differences.isEmpty, "a test needs at least one pair")
    self.differences = differences
    total = differences.reduce(0, +)
    magnitude = differences.reduce(0) { $0 + $1.magnitude }
    partitions =
      differences.count <= Self.exactLimit
      ? Self.allPartitions(of: differences) : Self.drawnPartitions(of: differences, stream)
  }

  /// Whether every assignment was counted.
  public var isExact: Bool { differences.count <= Self.exactLimit }

  /// The two-sided p of the hypothesis that the differences are centred at a shift.
  public func p(shift: Double = 0) -> Double {
    let count = differences.count
    let reached =
      (total - shift * Double(count)).magnitude
      - 1e-12 * (magnitude + shift.magnitude * Double(count))
    var asFar = isExact ? 0 : 1
    for partition in partitions {
      let balance = Double(count - 2 * partition.flipped)
      let sum = partition.keptSum - partition.flippedSum - shift * balance
      if sum.magnitude >= reached { asFar += 1 }
    }
    return Double(asFar) / Double(denominator)
  }

  /// All shifts that the test at this alpha does not reject, p >= alpha.
  ///
  /// An assignment reaches the observed sum, for the differences less a shift, exactly when the shift
  /// lies between the mean of the kept and the mean of the flipped differences: from
  /// |Σ s(d - θ)| >= |Σ (d - θ)| follows (θ - mean flipped)(mean kept - θ) >= 0. So p falls with the
  /// distance from the mean difference, and the ends are order statistics of those means: exact, with
  /// no search.
  public func interval(alpha: Double) -> Interval {
    precondition(alpha > 0 && alpha < 1, "alpha lies between 0 and 1")
    var lows: [Double] = []
    var highs: [Double] = []
    for partition in partitions
    where partition.flipped > 0 && partition.flipped < differences.count {
      let kept = partition.keptSum / Double(differences.count - partition.flipped)
      let flipped = partition.flippedSum / Double(partition.flipped)
      lows.append(min(kept, flipped))
      highs.append(max(kept, flipped))
    }
    // Assignments that reach every shift: nothing flipped, or everything.
    let always = (isExact ? 0 : 1) + partitions.count - lows.count
    var needed = max(0, Int((alpha * Double(denominator)).rounded(.up)) - always)
    while Double(always + needed) / Double(denominator) < alpha { needed += 1 }
    while needed > 0, Double(always + needed - 1) / Double(denominator) >= alpha { needed -= 1 }
    guard needed > 0 else { return Interval(low: nil, high: nil, level: 1 - alpha) }
    lows.sort()
    highs.sort()
    let mean = total / Double(differences.count)
    return Interval(
      low: min(lows[needed - 1], mean), high: max(highs[highs.count - needed], mean),
      level: 1 - alpha)
  }

  /// The smallest p that this many pairs can give: 2/2ⁿ, or 1/(B + 1) where assignments are drawn.
  public static func smallestP(pairs: Int) -> Double {
    if pairs == 0 { return 1 }
    if pairs > exactLimit { return 1 / Double(draws + 1) }
    return Double(sign: .plus, exponent: 1 - pairs, significand: 1)
  }

  /// Assignments come in pairs of opposite sign with one magnitude; one of each pair is counted.
  private var denominator: Int { isExact ? partitions.count : partitions.count + 1 }

  private static func allPartitions(of differences: [Double]) -> [Partition] {
    // The first pair always keeps its sign. Sums of subsets are built from smaller subsets, so each
    // carries at most n roundings; a running sum along a Gray code would carry half a million.
    let rest = differences.dropFirst()
    var sums = [0.0]
    for difference in rest { sums += sums.map { $0 + difference } }
    let all = sums.count - 1
    return sums.indices.map { mask in
      Partition(
        keptSum: differences[0] + sums[all ^ mask], flippedSum: sums[mask],
        flipped: mask.nonzeroBitCount)
    }
  }

  private static func drawnPartitions(
    of differences: [Double], _ stream: RandomStream
  ) -> [Partition] {
    var stream = stream
    return (0..<draws).map { _ in
      var partition = Partition(keptSum: 0, flippedSum: 0, flipped: 0)
      var word: UInt64 = 0
      for (i, difference) in differences.enumerated() {
        if i % 64 == 0 { word = stream.next() }
        if word >> UInt64(i % 64) & 1 == 1 {
          partition.flippedSum += difference
          partition.flipped += 1
        } else {
          partition.keptSum += difference
        }
      }
      return partition
    }
  }
}
