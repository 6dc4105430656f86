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
