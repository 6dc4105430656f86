/// Two one-sided tests of "the difference lies inside plus or minus a margin" (Schuirmann 1987).
public struct Equivalence: Hashable, Sendable, Codable {
  public var margin: Double
  /// The sign-flip interval at 1 - 2 alpha; equality is shown if it lies inside the margin.
  public var interval: Interval
  /// The larger of the two one-sided p-values; not corrected for the family.
  public var p: Double
  /// Whether the interval lies strictly inside the margin.
  public var passes: Bool

  /// - Precondition: The margin is positive and alpha under 0.5.
  public init(_ test: SignFlipTest, margin: Double, alpha: Double) {
    precondition(margin > 0, "an equivalence margin is positive")
    self.margin = margin
    interval = test.interval(alpha: 2 * alpha)
    let mean = Moments(test.differences).mean
    // The statistic is symmetric, so one side is half of two while the mean is on that side.
    let below = mean > -margin ? test.p(shift: -margin) / 2 : 1
    let above = mean < margin ? test.p(shift: margin) / 2 : 1
    p = max(below, above)
    passes = (interval.low ?? -.infinity) > -margin && (interval.high ?? .infinity) < margin
  }
}
