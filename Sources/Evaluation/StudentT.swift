private import Core

/// Student's t distribution, as far as tests and intervals need it.
public enum StudentT {
  /// The probability of a value at least as far from 0 as t, on either side.
  ///
  /// I_x(ν/2, 1/2) at x = ν/(ν + t²), the regularised incomplete beta function.
  public static func twoSidedP(_ t: Double, degreesOfFreedom: Double) -> Double {
    let square = t * t
    guard square.isFinite else { return 0 }
    let whole = degreesOfFreedom + square
    return regularizedBeta(
      degreesOfFreedom / whole, complement: square / whole, a: degreesOfFreedom / 2, b: 0.5)
  }

  /// The t > 0 whose two-sided probability is alpha; for 0.05 and many degrees of freedom, 1.96.
  ///
  /// Bisection down to neighbouring numbers: slow beside Newton's method, but the same everywhere.
  public static func critical(alpha: Double, degreesOfFreedom: Double) -> Double {
    precondition(alpha > 0 && alpha < 1, "alpha lies between 0 and 1")
    var low = 0.0
    var high = 1.0
    while twoSidedP(high, degreesOfFreedom: degreesOfFreedom) > alpha { high *= 2 }
    while true {
      let middle = low + (high - low) / 2
      guard middle > low, middle < high else { return high }
      if twoSidedP(middle, degreesOfFreedom: degreesOfFreedom) > alpha {
        low = middle
      } else {
        high = middle
      }
    }
  }

  /// The regularised incomplete beta function I_x(a, b); `complement` is 1 - x without cancellation.
  static func regularizedBeta(
    _ x: Double, complement: Double, a: Double, b: Double
  ) -> Double {
    if x <= 0 { return 0 }
    if complement <= 0 { return 1 }
    let logFront =
      a * PortableMath.log(x) + b * PortableMath.log(complement)
      + logGamma(a + b) - logGamma(a) - logGamma(b)
    let front = PortableMath.exp(logFront)
    // The fraction converges quickly on this side only; the other by symmetry.
    if x < (a + 1) / (a + b + 2) { return front * betaFraction(x, a: a, b: b) / a }
    return 1 - front * betaFraction(complement, a: b, b: a) / b
  }

  /// Lentz's evaluation of the continued fraction of the incomplete beta function (DLMF 8.17.22).
  private static func betaFraction(_ x: Double, a: Double, b: Double) -> Double {
    let tiny = 1e-300
    func kept(_ value: Double) -> Double { value.magnitude < tiny ? tiny : value }
    var c = 1.0
    var d = 1 / kept(1 - (a + b) * x / (a + 1))
    var fraction = d
    for m in stride(from: 1.0, through: 10_000, by: 1) {
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 / kept(1 + even * d)
      c = kept(1 + even / c)
      fraction *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 / kept(1 + odd * d)
      c = kept(1 + odd / c)
      let change = d * c
      fraction *= change
      if (change - 1).magnitude < 1e-16 { break }
    }
    return fraction
  }

  /// ln Γ(x) for x > 0 by Lanczos' approximation with g = 7 and 9 terms, about 1e-15 relative.
  static func logGamma(_ x: Double) -> Double {
    let coefficients = [
      676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
      12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
    ]
    var sum = 0.99999999999980993
    for (i, coefficient) in coefficients.enumerated() { sum += coefficient / (x + Double(i)) }
    let t = x + 6.5
    return 0.9189385332046727 + (x - 0.5) * PortableMath.log(t) - t + PortableMath.log(sum)
  }
}
