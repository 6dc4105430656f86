/// Values that any language can repeat: element i is the SplitMix64 finaliser of
/// `state + (i + 1) · 0x9E3779B97F4A7C15`, its upper 24 bits taken to [-1, 1).
///
///     y[i] = u[i] · scale + offset      with |u[i]| for u[i] where folded
public func hashedValues(
  state: UInt64, count: Int, scale: Float, offset: Float, isFolded: Bool,
  into y: UnsafeMutablePointer<Float>
) {
  var state = state
  for i in 0..<count {
    state = state &+ 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    z = z ^ (z &>> 31)
    let u = Float(z &>> 40) * 0x1p-23 - 1
    y[i] = (isFolded ? u.magnitude : u) * scale + offset
  }
}

/// Reorders images from PyTorch's NCHW to NHWC.
public func channelsLast(
  _ x: UnsafePointer<Float>, batch: Int, channels: Int, pixels: Int,
  into y: UnsafeMutablePointer<Float>
) {
  for n in 0..<batch {
    let (source, target) = (x + n * channels * pixels, y + n * channels * pixels)
    for c in 0..<channels {
      for p in 0..<pixels { target[p * channels + c] = source[c * pixels + p] }
    }
  }
}

/// The square root of the sum of squares, in Float64 and in index order.
public func lengthOf(_ x: UnsafePointer<Float>, count: Int) -> Double {
  var sum = 0.0
  for i in 0..<count { sum += Double(x[i]) * Double(x[i]) }
  return sum.squareRoot()
}
