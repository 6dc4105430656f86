/// Wilcoxon's signed-rank test on paired differences, exact at every n (Wilcoxon 1945).
///
/// Zero differences are dropped (SciPy's `zero_method="wilcox"`) and ties share their mean rank. The
/// null distribution is counted over the ranks at hand, so it is exact with ties too.
public struct WilcoxonSignedRank: Hashable, Sendable, Codable {
  /// The smaller of the two rank sums.
  public var statistic: Double
  /// Two-sided.
  public var p: Double
  /// (W₊ - W₋) / (W₊ + W₋), the matched-pairs rank-biserial correlation (Kerby 2014), in -1...1.
  public var rankBiserial: Double

  /// `nil` if no difference is left after the zeros are dropped.
  ///
  /// - Complexity: O(*n*³) for *n* differences.
  public init?(_ differences: [Double]) {
    let values = differences.filter { $0 != 0 }
    guard !values.isEmpty else { return nil }
    let doubled = Self.doubledRanks(values.map(\.magnitude))
    let all = doubled.reduce(0, +)
    let positive = zip(values, doubled).reduce(0) { $0 + ($1.0 > 0 ? $1.1 : 0) }
    let smaller = min(positive, all - positive)

    // share[w]: the share of sign assignments whose positive ranks, doubled, sum to w.
    var share = [Double](repeating: 0, count: all + 1)
    share[0] = 1
    for rank in doubled {
      for w in stride(from: all, through: 0, by: -1) {
        share[w] = (share[w] + (w >= rank ? share[w - rank] : 0)) / 2
      }
    }
    statistic = Double(smaller) / 2
    p = min(1, 2 * share[...smaller].reduce(0, +))
    rankBiserial = Double(2 * positive - all) / Double(all)
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
