/// How large a paired difference is, free of the metric's unit.
public struct EffectSizes: Hashable, Sendable, Codable {
  /// Mean over standard deviation of the differences (Cohen 1988); `nil` where they have no spread.
  public var cohenDz: Double?
  /// The matched-pairs rank-biserial correlation; `nil` if every difference is 0.
  public var rankBiserial: Double?
  /// The share of pairs in which the candidate is higher, equal pairs counting half.
  public var candidateHigher: Double

  /// - Precondition: There is at least one difference.
  public init(_ differences: [Double]) {
    let moments = Moments(differences)
    cohenDz = moments.standardDeviation.flatMap { $0 > 0 ? moments.mean / $0 : nil }
    rankBiserial = WilcoxonSignedRank(differences)?.rankBiserial
    let won = differences.reduce(0.0) { $0 + ($1 > 0 ? 1 : $1 == 0 ? 0.5 : 0) }
    candidateHigher = won / Double(differences.count)
  }
}
