/// Wilcoxon's signed-rank test on paired differences (Wilcoxon 1945).
///
/// Zero differences are dropped (SciPy's `zero_method="wilcox"`) and ties share their mean rank. Up to
/// 25 pairs the null distribution is counted over the ranks at hand, exact with ties too; beyond
/// that it is the normal approximation with its correction for ties, as in the reference figures.
public struct WilcoxonSignedRank: Hashable, Sendable, Codable {
  /// The smaller of the two rank sums.
  public var statistic: Double
  /// Two-sided.
  public var p: Double
  /// (W₊ - W₋) / (W₊ + W₋), the matched-pairs rank-biserial correlation (Kerby 2014), in -1...1.
  public var rankBiserial: Double

  /// `nil` if no difference is left after the zeros are dropped.
  public init?(_ differences: [Double]) {
    let values = differences.filter { $0 != 0 }
    guard !values.isEmpty else { return nil }
    let doubled = Self.doubledRanks(values.map(\.magnitude))
    let all = doubled.reduce(0, +)
    let positive = zip(values, doubled).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
    let smaller = min(positive, all - positive)

    statistic = Double(smaller) / 2
    p =
      values.count <= Self.exactLimit
      ? Self.exactP(smaller, doubled) : Self.approximateP(smaller, doubled)
    rankBiserial = Double(2 * positive - all) / Double(all)
  }

  /// The largest number of pairs whose sign assignments are all counted.
  private static let exactLimit = 25

  private static func exactP(_ smaller: Int, _ doubled: [Int]) -> Double {
    let all = doubled.reduce(0, +)
    // share[w]: the share of sign assignments whose positive ranks, doubled, sum to w.
    var share = [Double](repeating: 0, count: all + 1)
    share[0] = 1
    for rank in doubled {
      for w in stride(from: all, through: 0, by: -1) {
        share[w] = (share[w] + (w >= rank ? share[w - rank] : 0)) / 2
      }
    }
    return min(1, 2 * share[...smaller].reduce(0, +))
  }

  private static func approximateP(_ smaller: Int, _ doubled: [Int]) -> Double {
    let mean = Double(doubled.reduce(0, +)) / 4
    // The variance of the rank sum is a quarter of the sum of squared ranks, ties or not.
    let variance = doubled.reduce(0.0) { $0 + Double($1 * $1) } / 16
    return StandardNormal.twoSidedP((Double(smaller) / 2 - mean) / variance.squareRoot())
  }

  /// Twice the rank of each value, so that the mean rank of a tie is a whole number too.
  private static func doubledRanks(_ values: [Double]) -> [Int] {
    let order = values.indices.sorted { (values[$0], $0) < (values[$1], $1) }
    var ranks = [Int](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start
      while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
      for i in start...end { ranks[order[i]] = start + end + 2 }
      start = end + 1
    }
    return ranks
  }
}
