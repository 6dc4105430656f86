/// How the p-values of one family are corrected for being many; spelled as in manifests.
public enum MultiplicityCorrection: String, Hashable, Sendable, Codable, CaseIterable {
  /// Step-down control of the family-wise error (Holm 1979).
  case holm
  /// Every p times the size of the family.
  case bonferroni
  /// Step-up control of the false discovery rate (Benjamini and Hochberg 1995).
  case benjaminiHochberg = "benjamini-hochberg"
  case none

  /// The adjusted p-values, in the order given; each is at most 1.
  public func adjust(_ p: [Double]) -> [Double] {
    let count = Double(p.count)
    let ascending = p.indices.sorted { (p[$0], $0) < (p[$1], $1) }
    var adjusted = p
    switch self {
    case .none: break
    case .bonferroni: adjusted = p.map { min(1, $0 * count) }
    case .holm:
      var running = 0.0
      for (rank, i) in ascending.enumerated() {
        running = max(running, min(1, p[i] * (count - Double(rank))))
        adjusted[i] = running
      }
    case .benjaminiHochberg:
      var running = 1.0
      for (rank, i) in ascending.enumerated().reversed() {
        running = min(running, p[i] * count / Double(rank + 1))
        adjusted[i] = running
      }
    }
    return adjusted
  }
}
