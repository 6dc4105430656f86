/// How much of each stain every pixel holds.
struct StainPlanes {
  let size: Int
  /// `[size, size]` each, row-major, in units of `StainModel`.
  var haematoxylin: [Float]
  var eosin: [Float]

  init(size: Int) {
    self.size = size
    haematoxylin = [Float](repeating: 0, count: size * size)
    eosin = [Float](repeating: 0, count: size * size)
  }

  /// An ellipse of given stain amounts: a nucleus, a vacuole.
  struct Ellipse {
    var x: Float
    var y: Float
    /// The unit vector along the long half-axis.
    var directionX: Float
    var directionY: Float
    var long: Float
    var short: Float
    var haematoxylin: Float
    var eosin: Float
    /// How far a rim of more haematoxylin and a paler inside differ; 0 for an even one.
    var rim: Float = 0
  }

  /// Draws an ellipse with an edge that is soft over about a pixel.
  mutating func draw(_ ellipse: Ellipse) {
    let reach = ellipse.long + 1
    for py in pixels(from: ellipse.y - reach, to: ellipse.y + reach, size: size) {
      for px in pixels(from: ellipse.x - reach, to: ellipse.x + reach, size: size) {
        let (dx, dy) = (Float(px) - ellipse.x, Float(py) - ellipse.y)
        let u = (dx * ellipse.directionX + dy * ellipse.directionY) / ellipse.long
        let v = (dy * ellipse.directionX - dx * ellipse.directionY) / ellipse.short
        let q = (u * u + v * v).squareRoot()
        let cover = min(1, max(0, 0.5 + (1 - q) * ellipse.short))
        guard cover > 0 else { continue }
        let i = py * size + px
        let h = ellipse.haematoxylin + ellipse.rim * (q * q - 0.5)
        haematoxylin[i] += (h - haematoxylin[i]) * cover
        eosin[i] += (ellipse.eosin - eosin[i]) * cover
      }
    }
  }
}

/// The pixels between two places that lie in an image; empty if none does.
func pixels(from low: Float, to high: Float, size: Int) -> Range<Int> {
  let first = max(0, Int(low))
  return first..<max(first, min(size, Int(high) + 1))
}
