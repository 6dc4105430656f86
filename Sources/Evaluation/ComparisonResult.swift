/// What one comparison found, at every size and over the sizes.
public struct ComparisonResult: Hashable, Sendable, Codable {
  public var alpha: Double
  public var correction: MultiplicityCorrection
  public var equivalenceMargin: Double?
  /// How many p-values were corrected together.
  public var familySize: Int
  /// Ascending by number of images.
  public var sizes: [SizeResult]
  public var answer: SizeAnswer
}

/// What one comparison found at one size; differences are candidate minus baseline.
public struct SizeResult: Hashable, Sendable, Codable {
  public var label: String
  public var images: Int
  /// The replicates with at least one image defined in both arms: the pairs of the test.
  public var replicates: [ReplicateDifference]
  /// Images defined in both arms, summed over replicates.
  public var imagePairs: Int
  /// Images that were dropped because an arm has no defined value, summed over replicates.
  public var droppedImagePairs: Int
  /// Replicates without any pair of defined values; they take no part.
  public var droppedReplicates: Int

  /// Means over replicates of means over paired images; `nil` without any pair, as is `difference`.
  public var candidateMean: Double?
  public var baselineMean: Double?
  public var difference: Double?
  /// The inversion of the sign-flip test at 1 - alpha, not corrected for the family.
  public var interval: Interval?
  /// The two-sided sign-flip test over replicate means.
  public var p: Double?
  /// Whether all assignments of signs were counted rather than drawn.
  public var isExact: Bool
  /// Corrected within the family; a size without any pair counts there as 1.
  public var adjustedP: Double?
  /// The smallest p that so many pairs can give.
  public var smallestP: Double
  /// The smallest adjusted p that this design can give at this size.
  public var smallestAdjustedP: Double
  /// Whether any outcome could have been significant.
  public var canReject: Bool

  public var tTest: PairedTTest?
  public var wilcoxon: WilcoxonSignedRank?
  public var effects: EffectSizes?
  /// The hierarchical bootstrap; `nil` below 6 replicates.
  public var bootstrap: Interval?
  /// `nil` unless a margin was declared.
  public var equivalence: Equivalence?

  /// Whether the adjusted p is under alpha.
  public func isSignificant(alpha: Double) -> Bool { adjustedP.map { $0 < alpha } ?? false }
}

/// One replicate's means over the images that are defined in both arms.
public struct ReplicateDifference: Hashable, Sendable, Codable {
  public var replicate: Int
  public var candidate: Double
  public var baseline: Double
  public var difference: Double
  /// How many images the means are over.
  public var images: Int
}
