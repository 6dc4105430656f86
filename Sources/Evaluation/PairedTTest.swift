/// Student's test on paired differences, and its interval (Student 1908).
///
/// Reported beside the sign-flip test; it assumes that the differences are normal, which a handful
/// of replicates cannot show.
public struct PairedTTest: Hashable, Sendable, Codable {
  public var t: Double
  /// One less than the number of pairs.
  public var degreesOfFreedom: Int
  /// Two-sided.
  public var p: Double
  public var interval: Interval

  /// `nil` with fewer than two differences, or where they have no spread and t would be infinite.
  public init?(_ differences: [Double], alpha: Double) {
    let moments = Moments(differences)
    guard let deviation = moments.standardDeviation, deviation > 0 else { return nil }
    let error = deviation / Double(differences.count).squareRoot()
    let freedom = Double(differences.count - 1)
    t = moments.mean / error
    degreesOfFreedom = differences.count - 1
    p = StudentT.twoSidedP(t, degreesOfFreedom: freedom)
    let reach = StudentT.critical(alpha: alpha, degreesOfFreedom: freedom) * error
    interval = Interval(low: moments.mean - reach, high: moments.mean + reach, level: 1 - alpha)
  }
}

/// Mean and standard deviation of a sample.
public struct Moments: Hashable, Sendable {
  public let mean: Double
  /// With n - 1 in the denominator; `nil` for fewer than two values.
  public let standardDeviation: Double?

  /// Two passes, in order; equal values give a spread of exactly 0.
  ///
  /// - Precondition: There is at least one value.
  public init(_ values: [Double]) {
    precondition(!values.isEmpty, "the mean of nothing")
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    if values.count < 2 {
      standardDeviation = nil
    } else if values.allSatisfy({ $0 == values[0] }) {
      standardDeviation = 0
    } else {
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      standardDeviation = (squares / Double(values.count - 1)).squareRoot()
    }
  }
}
