/// The answer to "at which sizes is there a difference, and up to which": sets, never a guess.
public struct SizeAnswer: Hashable, Sendable, Codable {
  /// Which arm is higher.
  public enum Direction: String, Hashable, Sendable, Codable { case candidate, baseline }

  /// A size with a significant difference.
  public struct Finding: Hashable, Sendable, Codable {
    public var label: String
    public var images: Int
    public var higher: Direction
  }

  /// What the findings amount to.
  public enum Verdict: String, Hashable, Sendable, Codable {
    /// No replicate has values in both arms.
    case noData = "no-data"
    /// No outcome could have been significant at any size.
    case cannotReject = "cannot-reject"
    /// No size is significant, which is not equality.
    case noneSignificant = "none-significant"
    /// Every size is significant with one sign; where that ends lies beyond the sizes studied.
    case allSizes = "all-sizes"
    /// Significant with one sign up to a size, and at no larger one.
    case upToThreshold = "up-to-threshold"
    /// Significant at sizes that are no prefix, with one sign: no threshold.
    case scattered
    /// Significant with both signs: no threshold.
    case bothSigns = "both-signs"
  }

  public var verdict: Verdict
  /// Ascending by number of images.
  public var significant: [Finding]
  /// The largest significant size, if the significant sizes are a prefix of all with one sign.
  public var threshold: Finding?
  /// Labels of sizes at which no outcome could have been significant.
  public var cannotReject: [String]
  /// Labels of sizes whose difference was shown to lie inside the declared margin.
  public var equivalent: [String]

  /// Reads the answer off sizes that ascend by number of images.
  init(_ sizes: [SizeResult], alpha: Double) {
    significant = sizes.filter { $0.isSignificant(alpha: alpha) }.map {
      Finding(
        label: $0.label, images: $0.images,
        higher: ($0.difference ?? 0) > 0 ? .candidate : .baseline)
    }
    cannotReject = sizes.filter { !$0.canReject }.map(\.label)
    equivalent = sizes.filter { $0.equivalence?.passes ?? false }.map(\.label)
    threshold = nil
    let isPrefix = sizes.prefix(significant.count).map(\.label) == significant.map(\.label)
    if sizes.allSatisfy({ $0.replicates.isEmpty }) {
      verdict = .noData
    } else if significant.isEmpty {
      verdict = cannotReject.count == sizes.count ? .cannotReject : .noneSignificant
    } else if Set(significant.map(\.higher)).count > 1 {
      verdict = .bothSigns
    } else if isPrefix {
      verdict = significant.count == sizes.count ? .allSizes : .upToThreshold
      threshold = significant.last
    } else {
      verdict = .scattered
    }
  }
}
