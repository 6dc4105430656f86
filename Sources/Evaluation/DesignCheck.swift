/// What a design can show at all, known before anything is trained.
public enum DesignCheck {
  /// The smallest adjusted p that any size of a family can reach, when every size shows the most
  /// extreme result.
  ///
  /// 2/2ⁿ times the size of the family under Holm and Bonferroni; under Benjamini-Hochberg 2/2ⁿ
  /// itself, since there the sizes lend strength to each other.
  public static func smallestAdjustedP(
    replicates: Int, familySize: Int, correction: MultiplicityCorrection
  ) -> Double {
    let smallest = SignFlipTest.smallestP(pairs: replicates)
    return correction.adjust(Array(repeating: smallest, count: max(1, familySize)))[0]
  }

  /// Whether some outcome would be significant: an adjusted p under alpha.
  public static func canReject(
    replicates: Int, familySize: Int, correction: MultiplicityCorrection, alpha: Double
  ) -> Bool {
    smallestAdjustedP(replicates: replicates, familySize: familySize, correction: correction)
      < alpha
  }

  /// The fewest replicates with which such a design could reject; `nil` if none up to the limit.
  public static func replicatesNeeded(
    familySize: Int, correction: MultiplicityCorrection, alpha: Double
  ) -> Int? {
    (1...SignFlipTest.exactLimit).first {
      canReject(
        replicates: $0, familySize: familySize, correction: correction, alpha: alpha)
    }
  }
}
