internal import Core
internal import Imaging

/// Paints epithelium, lumen, goblet cells and nuclei of a layout's glands.
struct GlandPainter {
  var layout: TissueLayout

  /// Paints over the stroma where glands are.
  func paint(_ planes: inout StainPlanes, stream: inout RandomStream) {
    let cytoplasm = ValueNoise(key: stream.next())
    let holes = ValueNoise(key: stream.next())
    let secretion = ValueNoise(key: stream.next())
    let isFilled = layout.glands.map { _ in stream.chance(0.3) }
    var bands = layout.glands.map { _ in [(x: Int, y: Int)]() }
    var lumen = [Bool](repeating: false, count: layout.size * layout.size)
    for y in 0..<layout.size {
      for x in 0..<layout.size {
        let i = y * layout.size + x
        let label = Int(layout.labels.labels[i])
        // A pixel just outside takes part of the lining, so that the edge is soft.
        guard label > 0 else { continue }
        let gland = layout.glands[label - 1]
        let depth = -layout.distance[i]
        bands[label - 1].append((x, y))
        let texture = cytoplasm.signed(Float(x) / 2.5, Float(y) / 2.5)
        var h: Float = (gland.isMalignant ? 0.34 : 0.24) + 0.07 * texture
        var e: Float = 0.52 + 0.1 * texture
        // Basement membrane at the outside, brush border at the lumen.
        e += 0.22 * (1 - smoothStep(0, 1.6, depth))
        var open = smoothStep(gland.lining - 0.9, gland.lining + 0.7, depth)
        if gland.isCribriform {
          let hole = holes.value(Float(x) / 8, Float(y) / 8)
          open = smoothStep(0.6, 0.68, hole) * smoothStep(3.5, 5, depth)
        }
        e += 0.3 * open * (1 - open) * 4 * 0.5
        lumen[i] = open > 0.4
        let mucus = secretion.value(Float(x) / 6, Float(y) / 6)
        let fill: Float = isFilled[label - 1] ? 0.26 * smoothStep(0.35, 0.8, mucus) : 0.02
        h += (fill * 0.7 + 0.01 - h) * open
        e += (fill + 0.015 - e) * open
        let edge = min(1, max(0, depth + 0.5))
        planes.haematoxylin[i] += (h - planes.haematoxylin[i]) * edge
        planes.eosin[i] += (e - planes.eosin[i]) * edge
      }
    }
    for (gland, band) in zip(layout.glands, bands) {
      let order = stream.shuffled(band)
      paintGoblets(of: gland, order, lumen, &planes, &stream)
      paintNuclei(of: gland, order, lumen, &planes, &stream)
    }
  }

  /// Vacuoles of mucin between nuclei and lumen.
  private func paintGoblets(
    of gland: Gland, _ pixels: [(x: Int, y: Int)], _ lumen: [Bool], _ planes: inout StainPlanes,
    _ stream: inout RandomStream
  ) {
    let spacing: Float = 4.4
    var placed: [(x: Float, y: Float)] = []
    for (x, y) in pixels {
      let depth = -layout.distance[y * layout.size + x]
      guard depth > 0.56 * gland.lining, depth < 0.85 * gland.lining else { continue }
      guard isFree(x, y, placed, spacing), !lumen[y * layout.size + x] else { continue }
      placed.append((Float(x), Float(y)))
      guard stream.chance(Double(gland.goblets)) else { continue }
      let normal = layout.outward(x, y)
      planes.draw(
        StainPlanes.Ellipse(
          x: Float(x), y: Float(y), directionX: normal.x, directionY: normal.y,
          long: Float(stream.uniform(2.2, 3.4)), short: Float(stream.uniform(1.5, 2.3)),
          haematoxylin: Float(stream.uniform(0.06, 0.16)), eosin: 0.1))
    }
  }

  /// Benign nuclei stand in a row at the base; malignant ones are larger, uneven and at any height.
  private func paintNuclei(
    of gland: Gland, _ pixels: [(x: Int, y: Int)], _ lumen: [Bool], _ planes: inout StainPlanes,
    _ stream: inout RandomStream
  ) {
    let spacing: Float = gland.isMalignant ? 3.1 : 2.9
    let deepest: Float = gland.isMalignant ? 0.8 * gland.lining : 0.42 * gland.lining
    var placed: [(x: Float, y: Float)] = []
    for (x, y) in pixels {
      let depth = -layout.distance[y * layout.size + x]
      let isInside = gland.isCribriform ? depth > 1.6 : depth > 1.6 && depth < deepest
      guard isInside, !lumen[y * layout.size + x], isFree(x, y, placed, spacing) else { continue }
      placed.append((Float(x), Float(y)))
      let normal = layout.outward(x, y)
      let short = stream.uniform(1.05, gland.isMalignant ? 1.75 : 1.35)
      let long = short * stream.uniform(1.15, gland.isMalignant ? 1.6 : 1.9)
      planes.draw(
        StainPlanes.Ellipse(
          x: Float(Double(x) + stream.uniform(-0.4, 0.4)),
          y: Float(Double(y) + stream.uniform(-0.4, 0.4)), directionX: normal.x,
          directionY: normal.y, long: Float(long), short: Float(short),
          haematoxylin: Float(
            gland.isMalignant ? stream.uniform(0.7, 1.35) : stream.uniform(0.85, 1.2)),
          eosin: 0.3, rim: 0.25))
    }
  }

  private func isFree(
    _ x: Int, _ y: Int, _ placed: [(x: Float, y: Float)], _ spacing: Float
  ) -> Bool {
    !placed.contains { other in
      let (dx, dy) = (other.x - Float(x), other.y - Float(y))
      return dx * dx + dy * dy < spacing * spacing
    }
  }
}
