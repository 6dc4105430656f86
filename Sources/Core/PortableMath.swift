/// Elementary functions whose bits depend on IEEE 754 arithmetic alone.
///
/// The C library's versions differ in the last place between releases and processors; anything that
/// reaches a trained weight or a random draw uses these. Errors are a few units in the last place.
public enum PortableMath {
  // ln 2 in two parts, the first with trailing zeros, so that k * high is exact (Cody & Waite 1980).
  private static let ln2High = 6.93147180369123816490e-01
  private static let ln2Low = 1.90821492927058770002e-10

  /// e to the power x; 0 below about -745, infinity above about 709.8.
  public static func exp(_ x: Double) -> Double { exp(x, 0) }

  /// e to the power x + low, for a correction below the last place of x.
  private static func exp(_ x: Double, _ low: Double) -> Double {
    if x.isNaN { return x }
    if x > 709.782712893384 { return .infinity }
    if x < -745.2 { return 0 }
    let k = (x / 0.6931471805599453).rounded()
    let r = (x - k * ln2High) - (k * ln2Low - low)
    // Taylor to r^13 with |r| <= 0.347: the first term left out is under 1e-17 of the sum.
    var sum = 1.0
    for n in stride(from: 13.0, through: 1.0, by: -1.0) { sum = 1.0 + sum * r / n }
    // Two steps, because 2^k alone underflows before the product does.
    let half = Int(k) / 2
    return sum * power(of: half) * power(of: Int(k) - half)
  }

  /// Natural logarithm; -infinity at 0, NaN below.
  public static func log(_ x: Double) -> Double {
    if x.isNaN || x < 0 { return .nan }
    if x == 0 { return -.infinity }
    if x == .infinity { return x }
    return logarithm(x).high
  }

  /// The logarithm of a finite x > 0 in two parts, the second below the last place of the first.
  private static func logarithm(_ x: Double) -> (high: Double, low: Double) {
    var exponent = Int(x.exponent)
    var m = x.significand
    if m > 1.4142135623730951 {
      m /= 2
      exponent += 1
    }
    // ln m = 2 artanh(s) = 2s + 2s³/3 + ..., s = (m-1)/(m+1), |s| <= 0.172; the series to s^25. The
    // first two terms carry what their arithmetic lost; the others are too small to need it.
    let sum = m + 1
    let sumLow = m < 1 ? m - (sum - 1) : 1 - (sum - m)
    let s = (m - 1) / sum
    let sLow = ((m - 1).addingProduct(-s, sum) - s * sumLow) / sum
    let z = s * s
    let third = z / 3
    let thirdLow = (z.addingProduct(-3, third) + (-z).addingProduct(s, s)) / 3
    let cube = s * third
    var tail = 0.0
    for n in stride(from: 25.0, through: 5.0, by: -2.0) { tail = (1 / n + tail) * z }
    let rest = (-cube).addingProduct(s, third) + s * (thirdLow + z * tail) + sLow * (1 + z)
    let k = Double(exponent)
    let first = k * ln2High + 2 * s
    let main = first + 2 * cube
    let lost = (2 * s - (first - k * ln2High)) + (2 * cube - (main - first))
    let low = lost + (2 * rest + k * ln2Low)
    let high = main + low
    return (high, low - (high - main))
  }

  /// Cosine and sine of 2πt, for a turn t of any size; NaN if t is not finite.
  public static func cosineAndSine(turns t: Double) -> (cosine: Double, sine: Double) {
    guard t.isFinite else { return (.nan, .nan) }
    let reduced = t - t.rounded()  // exact, in [-1/2, 1/2]
    let quarter = (reduced * 4).rounded()
    let r = (reduced - quarter / 4) * 6.283185307179586
    let z = r * r
    var sine = 0.0
    var cosine = 0.0
    for n in stride(from: 17.0, through: 3.0, by: -2.0) { sine = (1 + sine) * -z / (n * (n - 1)) }
    for n in stride(from: 16.0, through: 2.0, by: -2.0) {
      cosine = (1 + cosine) * -z / (n * (n - 1))
    }
    let s = r * (1 + sine)
    let c = 1 + cosine
    return switch Int(quarter) & 3 {
    case 0: (c, s)
    case 1: (-s, c)
    case 2: (-c, -s)
    default: (s, -c)
    }
  }

  /// x to the power y, for x >= 0, with the limits of C; NaN for x below 0.
  public static func pow(_ x: Double, _ y: Double) -> Double {
    if y == 0 || x == 1 { return 1 }
    if x.isNaN || y.isNaN || x < 0 { return .nan }
    if x == 0 || x == .infinity { return (x == 0) == (y > 0) ? 0 : .infinity }
    let (high, low) = logarithm(x)
    let product = y * high
    // Beyond, the result is 0 or infinity, and the parts below may not be finite.
    if product.magnitude > 800 { return exp(product) }
    return exp(product, (-product).addingProduct(y, high) + y * low)
  }

  private static func power(of k: Int) -> Double {
    Double(sign: .plus, exponent: k, significand: 1)
  }
}
