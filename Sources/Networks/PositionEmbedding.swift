/// A vision transformer's learned positions: a class token's, then a square grid's.
struct PositionEmbedding {
  /// `[tokens, channels]`.
  var values: [Float]
  var tokens: Int
  var channels: Int

  /// The same positions on a finer or coarser grid; the class token's stays.
  ///
  /// Cubic convolution (Keys 1981, a = -0.5) whose kernel widens when the grid shrinks: what timm's
  /// `resample_abs_pos_embed` asks of PyTorch (`bicubic`, `antialias=True`).
  func resized(toPatches patches: Int) -> [Float] {
    let (from, to) = (Self.side(tokens - 1), Self.side(patches))
    let taps = (0..<to).map { Self.taps(of: $0, from: from, to: to) }
    var rows = [Double](repeating: 0, count: from * to * channels)
    for y in 0..<from {
      for x in 0..<to {
        for (source, weight) in taps[x] {
          for c in 0..<channels {
            let value = values[(1 + y * from + source) * channels + c]
            rows[(y * to + x) * channels + c] += weight * Double(value)
          }
        }
      }
    }
    var result = [Float](values.prefix(channels))
    for y in 0..<to {
      for x in 0..<to {
        for c in 0..<channels {
          let sum = taps[y].reduce(0.0) {
            $0 + $1.weight * rows[($1.source * to + x) * channels + c]
          }
          result.append(Float(sum))
        }
      }
    }
    return result
  }

  private static func side(_ patches: Int) -> Int {
    let side = Int(Double(patches).squareRoot().rounded())
    precondition(side * side == patches, "positions lie on a square grid")
    return side
  }

  private static func taps(
    of position: Int, from: Int, to: Int
  ) -> [(source: Int, weight: Double)] {
    let scale = Double(from) / Double(to)
    let widening = max(scale, 1)
    let centre = scale * (Double(position) + 0.5)
    let first = max(0, Int(centre - 2 * widening + 0.5))
    let end = min(from, Int(centre + 2 * widening + 0.5))
    let weights = (first..<end).map { cubic((Double($0) - centre + 0.5) / widening) }
    let total = weights.reduce(0, +)
    return zip(first..<end, weights).map { ($0, $1 / total) }
  }

  private static func cubic(_ x: Double) -> Double {
    let (a, t) = (-0.5, x.magnitude)
    if t < 1 { return ((a + 2) * t - (a + 3)) * t * t + 1 }
    return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0
  }
}
