// Our own, because the C library's differ in the last place between releases and processors.
// Polynomials of the Cephes library (Moshier 1992), about one unit in the last place.

/// e to the power x in every lane, for x clamped to ±87, where Float32 is normal; NaN stays NaN.
@inline(__always)
func exponential(_ x: Lanes) -> Lanes {
  var x = x
  x.replace(with: Lanes(repeating: -87), where: x .< -87)
  x.replace(with: Lanes(repeating: 87), where: x .> 87)
  // Adding 1.5 * 2^23 leaves the rounded exponent in the low bits of the significand.
  let magic = Lanes(repeating: 12_582_912)
  let shifted = magic.addingProduct(x, Lanes(repeating: 1.442695040888963))
  let k = shifted - magic
  // ln 2 in two parts, so that k times the first is exact.
  var r = x.addingProduct(k, Lanes(repeating: -0.693359375))
  r = r.addingProduct(k, Lanes(repeating: 2.12194440e-4))
  var p = Lanes(repeating: 1.9875691500e-4)
  p = Lanes(repeating: 1.3981999507e-3).addingProduct(p, r)
  p = Lanes(repeating: 8.3334519073e-3).addingProduct(p, r)
  p = Lanes(repeating: 4.1665795894e-2).addingProduct(p, r)
  p = Lanes(repeating: 1.6666665459e-1).addingProduct(p, r)
  p = Lanes(repeating: 5.0000001201e-1).addingProduct(p, r)
  p = (r + 1).addingProduct(p, r * r)
  let bits = unsafeBitCast(shifted, to: SIMD8<UInt32>.self)
  let scale = (bits &<< 23) &+ SIMD8(repeating: 127 << 23)
  return p * unsafeBitCast(scale, to: Lanes.self)
}

/// The natural logarithm in every lane, for positive normal x; NaN stays NaN.
@inline(__always)
func logarithm(_ x: Lanes) -> Lanes {
  let bits = unsafeBitCast(x, to: SIMD8<Int32>.self)
  // The significand is brought to [sqrt(1/2), sqrt(2)).
  let offset = bits &- SIMD8(repeating: 0x3F35_04F3)
  let exponent = Lanes(offset &>> 23)
  let m =
    unsafeBitCast((offset & 0x007F_FFFF) &+ SIMD8(repeating: 0x3F35_04F3), to: Lanes.self) - 1
  let z = m * m
  var p = Lanes(repeating: 7.0376836292e-2)
  p = Lanes(repeating: -1.1514610310e-1).addingProduct(p, m)
  p = Lanes(repeating: 1.1676998740e-1).addingProduct(p, m)
  p = Lanes(repeating: -1.2420140846e-1).addingProduct(p, m)
  p = Lanes(repeating: 1.4249322787e-1).addingProduct(p, m)
  p = Lanes(repeating: -1.6668057665e-1).addingProduct(p, m)
  p = Lanes(repeating: 2.0000714765e-1).addingProduct(p, m)
  p = Lanes(repeating: -2.4999993993e-1).addingProduct(p, m)
  p = Lanes(repeating: 3.3333331174e-1).addingProduct(p, m)
  var y = m * z * p
  y = y.addingProduct(exponent, Lanes(repeating: -2.12194440e-4))
  y -= 0.5 * z
  var result = m + y
  result = result.addingProduct(exponent, Lanes(repeating: 0.693359375))
  result.replace(with: x, where: x .!= x)
  return result
}

/// 1 / (1 + e^-x) in every lane.
@inline(__always)
func sigmoid(_ x: Lanes) -> Lanes { 1 / (1 + exponential(-x)) }

/// The normal distribution function and its density in every lane, to within 1e-7; NaN stays NaN.
///
/// Near zero by a minimax polynomial of the error function. Past 1.3 the upper tail is the
/// density times a polynomial in 1 / (1 + |x| / 2), the form of Abramowitz and Stegun 26.2.17, fitted
/// there to 7e-9: one exponential serves for both results.
@inline(__always)
func normalDistribution(_ x: Lanes) -> (distribution: Lanes, density: Lanes) {
  // 1/√(2π)
  let density = exponential(-0.5 * x * x) * 0.398942280401433
  let z = x * 0.707106781186548
  let s = z * z
  var inner = Lanes(repeating: -5.96761703e-4)
  inner = Lanes(repeating: 4.99119423e-3).addingProduct(inner, s)
  inner = Lanes(repeating: -2.67681349e-2).addingProduct(inner, s)
  inner = Lanes(repeating: 1.12819925e-1).addingProduct(inner, s)
  inner = Lanes(repeating: -3.76125336e-1).addingProduct(inner, s)
  inner = Lanes(repeating: 1.28379166e-1).addingProduct(inner, s)
  inner = 0.5 + 0.5 * z.addingProduct(inner, z)
  let t = x.replacing(with: -x, where: x .< 0)
  let k = 1 / (1 + 0.5 * t)
  var tail = Lanes(repeating: 0.68986461).addingProduct(Lanes(repeating: -0.36382375), k)
  tail = Lanes(repeating: 0.4137053).addingProduct(tail, k)
  tail = Lanes(repeating: 0.50889787).addingProduct(tail, k)
  tail *= density * k
  tail.replace(with: 1 - tail, where: x .> 0)
  return (inner.replacing(with: tail, where: t .> 1.3037), density)
}

/// The hyperbolic tangent in every lane; NaN stays NaN.
@inline(__always)
func hyperbolicTangent(_ x: Lanes) -> Lanes {
  let t = x.replacing(with: -x, where: x .< 0)
  let s = x * x
  // Cephes: an odd polynomial near zero, where the quotient would lose digits.
  var inner = Lanes(repeating: -5.70498872745e-3)
  inner = Lanes(repeating: 2.06390887954e-2).addingProduct(inner, s)
  inner = Lanes(repeating: -5.37397155531e-2).addingProduct(inner, s)
  inner = Lanes(repeating: 1.33314422036e-1).addingProduct(inner, s)
  inner = Lanes(repeating: -3.33332819422e-1).addingProduct(inner, s)
  inner = x.addingProduct(inner * s, x)
  var outer = 1 - 2 / (exponential(2 * t) + 1)
  outer.replace(with: -outer, where: x .< 0)
  return inner.replacing(with: outer, where: t .> 0.625)
}
