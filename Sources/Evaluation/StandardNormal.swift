private import Core

/// The standard normal distribution, as far as tests need it.
enum StandardNormal {
  /// The probability of a value at least as far from 0 as z, on either side; about 1e-14 relative.
  static func twoSidedP(_ z: Double) -> Double {
    let square = z * z
    guard square > 0 else { return 1 }
    let density = PortableMath.exp(-square / 2) * 0.7978845608028654  // times √(2/π)
    if square < 9 {
      // 1 - erf by the series whose terms are all positive (Abramowitz and Stegun 26.2.11).
      var term = z.magnitude
      var sum = term
      for k in stride(from: 3.0, through: 201, by: 2) {
        term *= square / k
        sum += term
      }
      return 1 - density * sum
    }
    // Laplace's continued fraction of the tail (Abramowitz and Stegun 26.2.14), from its far end.
    var fraction = z.magnitude
    for k in stride(from: 120.0, through: 1, by: -1) { fraction = z.magnitude + k / fraction }
    return density / fraction
  }
}
