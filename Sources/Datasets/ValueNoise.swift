/// Smooth random texture: hashed values on a lattice, interpolated.
///
/// Perlin's value noise; a pure function of key and place, in Float32 arithmetic alone.
struct ValueNoise {
  private let key: UInt64

  init(key: UInt64) { self.key = key }

  /// A value in 0..<1; features are about one unit wide.
  @inline(__always)
  func value(_ x: Float, _ y: Float) -> Float {
    let (fx, fy) = (x.rounded(.down), y.rounded(.down))
    let (ix, iy) = (Int(fx), Int(fy))
    let (tx, ty) = (Self.smooth(x - fx), Self.smooth(y - fy))
    let top = lattice(ix, iy) + (lattice(ix + 1, iy) - lattice(ix, iy)) * tx
    let bottom = lattice(ix, iy + 1) + (lattice(ix + 1, iy + 1) - lattice(ix, iy + 1)) * tx
    return top + (bottom - top) * ty
  }

  /// The same, centred: -1..<1.
  @inline(__always)
  func signed(_ x: Float, _ y: Float) -> Float { 2 * value(x, y) - 1 }

  @inline(__always)
  private func lattice(_ x: Int, _ y: Int) -> Float {
    var h = key
    h ^= UInt64(bitPattern: Int64(x)) &* 0x9E37_79B9_7F4A_7C15
    h ^= UInt64(bitPattern: Int64(y)) &* 0xC2B2_AE3D_27D4_EB4F
    h = (h ^ (h >> 30)) &* 0xBF58_476D_1CE4_E5B9
    h = (h ^ (h >> 27)) &* 0x94D0_49BB_1331_11EB
    return Float((h ^ (h >> 31)) >> 40) * 0x1p-24
  }

  @inline(__always)
  private static func smooth(_ t: Float) -> Float { t * t * (3 - 2 * t) }
}

/// A value's place between two edges, 0...1, with soft ends.
@inline(__always)
func smoothStep(_ low: Float, _ high: Float, _ value: Float) -> Float {
  let t = min(1, max(0, (value - low) / (high - low)))
  return t * t * (3 - 2 * t)
}
