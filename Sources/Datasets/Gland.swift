internal import Core

/// One synthetic gland: its outline as a signed distance, and how its lining looks.
struct Gland {
  /// A rod with round ends; a gland is a smooth union of rods.
  struct Rod {
    var ax: Float
    var ay: Float
    var bx: Float
    var by: Float
    var radius: Float
  }

  var rods: [Rod]
  /// The height of the epithelium in pixels.
  var lining: Float
  /// How much of the lining is goblet cells, 0...1.
  var goblets: Float
  /// Whether holes appear anywhere inside instead of one lumen.
  var isCribriform: Bool
  var isMalignant: Bool

  /// The signed distance to the outline in pixels, negative inside.
  func distance(_ x: Float, _ y: Float) -> Float {
    var result: Float = 1000
    for rod in rods {
      let (dx, dy) = (rod.bx - rod.ax, rod.by - rod.ay)
      let along = (x - rod.ax) * dx + (y - rod.ay) * dy
      let t = min(1, max(0, along / max(1e-6, dx * dx + dy * dy)))
      let (ex, ey) = (x - rod.ax - t * dx, y - rod.ay - t * dy)
      let d = (ex * ex + ey * ey).squareRoot() - rod.radius
      // Quilez's polynomial smooth minimum, over 5 pixels.
      let h = max(0, 5 - (result - d).magnitude) / 5
      result = min(result, d) - h * h * 5 / 4
    }
    return result
  }

  /// The square that the gland and its warp fit into, clipped to the image: rows and columns.
  func bounds(in size: Int, margin: Float) -> (rows: Range<Int>, columns: Range<Int>) {
    let reach = margin + (rods.map(\.radius).max() ?? 0)
    let (xs, ys) = (rods.flatMap { [$0.ax, $0.bx] }, rods.flatMap { [$0.ay, $0.by] })
    return (
      pixels(from: (ys.min() ?? 0) - reach, to: (ys.max() ?? 0) + reach, size: size),
      pixels(from: (xs.min() ?? 0) - reach, to: (xs.max() ?? 0) + reach, size: size)
    )
  }

  /// Draws a gland somewhere in or across the edge of an image.
  ///
  /// - Parameter scale: A factor on the radius, 1 for the usual 8 to 19 pixels.
  static func draw(
    size: Int, isMalignant: Bool, scale: Double, stream: inout RandomStream
  ) -> Gland {
    let side = Double(size)
    var x = stream.uniform(-0.06 * side, 1.06 * side)
    var y = stream.uniform(-0.06 * side, 1.06 * side)
    var turn = stream.uniform()
    var radius = scale * (isMalignant ? stream.uniform(8, 18) : stream.uniform(10, 19))
    // Crypts cut lengthwise are long, cut across they are round; tumours branch.
    let bends = isMalignant ? stream.index(below: 4) : (stream.chance(0.35) ? 2 : 1)
    var rods: [Rod] = []
    for bend in 0...max(0, bends - 1) {
      let reach = bends == 1 && !isMalignant ? 0.7 : 1.7
      let length = stream.uniform(0.1, reach) * radius
      let (cosine, sine) = PortableMath.cosineAndSine(turns: turn)
      let (nextX, nextY) = (x + length * cosine, y + length * sine)
      rods.append(
        Rod(
          ax: Float(x), ay: Float(y), bx: Float(nextX), by: Float(nextY), radius: Float(radius)))
      let isBranch = isMalignant && bend > 0 && stream.chance(0.4)
      if !isBranch { (x, y) = (nextX, nextY) }
      turn += stream.uniform(-0.12, 0.12) + (isBranch ? 0.3 : 0)
      radius *= isMalignant ? stream.uniform(0.7, 1.1) : stream.uniform(0.92, 1.05)
    }
    return Gland(
      rods: rods, lining: Float(isMalignant ? stream.uniform(6, 10) : stream.uniform(6.5, 9)),
      goblets: Float(isMalignant ? stream.uniform(0, 0.12) : stream.uniform(0.1, 0.75)),
      isCribriform: isMalignant && stream.chance(0.4), isMalignant: isMalignant)
  }
}
