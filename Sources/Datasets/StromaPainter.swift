internal import Core

/// Paints what lies between glands: fibres, gaps, vessels, spindle nuclei and inflammatory cells.
struct StromaPainter {
  var layout: TissueLayout
  /// Along and across the fibres, `[size, size]` each; fibres run where `across` is constant.
  private var along: [Float]
  private var across: [Float]

  /// Lays the fibres: one main direction, bent by smooth noise.
  init(layout: TissueLayout, stream: inout RandomStream) {
    self.layout = layout
    let size = layout.size
    let (cosine, sine) = PortableMath.cosineAndSine(turns: stream.uniform())
    let (c, s) = (Float(cosine), Float(sine))
    let bend = (ValueNoise(key: stream.next()), ValueNoise(key: stream.next()))
    along = [Float](repeating: 0, count: size * size)
    across = along
    for y in 0..<size {
      for x in 0..<size {
        let (u, v) = (Float(x), Float(y))
        let i = y * size + x
        along[i] = u * c + v * s + 16 * bend.0.signed(u / 36, v / 36)
        across[i] = v * c - u * s + 20 * bend.1.signed(u / 36, v / 36)
      }
    }
  }

  /// Paints all of it.
  func paint(_ planes: inout StainPlanes, stream: inout RandomStream) {
    paintFibres(&planes, &stream)
    paintVessels(&planes, &stream)
    paintSpindles(&planes, &stream)
    paintInflammation(&planes, &stream)
  }

  private func paintFibres(_ planes: inout StainPlanes, _ stream: inout RandomStream) {
    let noises = (0..<4).map { _ in ValueNoise(key: stream.next()) }
    let base = Float(stream.uniform(0.32, 0.52))
    let looseness = Float(stream.uniform(0.62, 0.95))
    for y in 0..<layout.size {
      for x in 0..<layout.size {
        let i = y * layout.size + x
        let fibre = wrapped(i) { u, v in
          0.6 * noises[0].signed(u / 13, v / 2.4) + 0.4 * noises[1].signed(u / 7, v / 1.4)
        }
        let bundle = noises[2].signed(Float(x) / 30, Float(y) / 30)
        let crack = noises[3].value(along[i] / 22, across[i] / 6)
        let gap =
          smoothStep(looseness - 0.12, looseness + 0.05, crack)
          * smoothStep(0.3, 5, layout.distance[i])
        let amount = 1 - 0.9 * gap
        planes.eosin[i] = max(0.02, (base + 0.2 * fibre + 0.14 * bundle) * amount)
        planes.haematoxylin[i] = max(0.01, (0.09 + 0.03 * fibre) * amount)
      }
    }
  }

  /// A texture along the fibres, which turns into one around the gland close to it.
  private func wrapped(_ i: Int, _ texture: (Float, Float) -> Float) -> Float {
    let far = smoothStep(2, 9, layout.distance[i])
    let free = far > 0 ? texture(along[i], across[i]) : 0
    let near = far < 1 ? texture(along[i] / 3, layout.distance[i]) : 0
    return near + (free - near) * far
  }

  /// Rings that look like glands to a careless eye: pink walls, flat nuclei, an empty or red inside.
  private func paintVessels(_ planes: inout StainPlanes, _ stream: inout RandomStream) {
    for _ in 0..<stream.index(below: 5) * max(1, layout.size * layout.size / (128 * 128)) {
      guard let (x, y) = place(clearance: 7, &stream) else { continue }
      let radius = Float(stream.uniform(3, 9))
      let (cosine, sine) = PortableMath.cosineAndSine(turns: stream.uniform())
      let squeeze = Float(stream.uniform(0.55, 1))
      let isBloody = stream.chance(0.5)
      func ring(_ r: Float, _ h: Float, _ e: Float) {
        planes.draw(
          StainPlanes.Ellipse(
            x: x, y: y, directionX: Float(cosine), directionY: Float(sine), long: r,
            short: r * squeeze, haematoxylin: h, eosin: e))
      }
      ring(radius + 1.6, 0.16, 0.72)
      ring(radius, 0.01, isBloody ? 1.05 : 0.03)
      for _ in 0..<Int(1.6 * radius) {
        let (c, s) = PortableMath.cosineAndSine(turns: stream.uniform())
        let (u, v) = (Float(c) * (radius + 0.7), Float(s) * (radius + 0.7) * squeeze)
        planes.draw(
          StainPlanes.Ellipse(
            x: x + u * Float(cosine) - v * Float(sine), y: y + u * Float(sine) + v * Float(cosine),
            directionX: -Float(s * cosine + c * sine), directionY: Float(c * cosine - s * sine),
            long: 2.1, short: 0.8, haematoxylin: 0.95, eosin: 0.3))
      }
    }
  }

  private func paintSpindles(_ planes: inout StainPlanes, _ stream: inout RandomStream) {
    let density = stream.uniform(0.003, 0.008)
    for _ in 0..<Int(density * Double(layout.size * layout.size)) {
      guard let (x, y) = place(clearance: 1.6, &stream) else { continue }
      let direction = fibreDirection(Int(x), Int(y))
      planes.draw(
        StainPlanes.Ellipse(
          x: x, y: y, directionX: direction.x, directionY: direction.y,
          long: Float(stream.uniform(1.8, 3.6)), short: Float(stream.uniform(0.6, 1.05)),
          haematoxylin: Float(stream.uniform(0.65, 1.1)), eosin: 0.35))
    }
  }

  /// Scattered lymphocytes and dense aggregates as dark as epithelium.
  private func paintInflammation(_ planes: inout StainPlanes, _ stream: inout RandomStream) {
    let areas = max(1, layout.size * layout.size / (128 * 128))
    let clusters = (0..<stream.index(below: 4) * areas).map { _ in
      (count: 10 + stream.index(below: 70), spread: stream.uniform(3.5, 11))
    }
    var placed: [(x: Float, y: Float)] = []
    func cell(_ x: Float, _ y: Float) {
      let (px, py) = (Int(x), Int(y))
      guard 0..<layout.size ~= px, 0..<layout.size ~= py else { return }
      guard layout.distance[py * layout.size + px] > 1.8 else { return }
      guard
        !placed.contains(where: {
          ($0.x - x) * ($0.x - x) + ($0.y - y) * ($0.y - y) < 7.3
        })
      else { return }
      placed.append((x, y))
      let radius = stream.uniform(1.15, 1.6)
      planes.draw(
        StainPlanes.Ellipse(
          x: x, y: y, directionX: 1, directionY: 0, long: Float(radius * 1.08),
          short: Float(radius), haematoxylin: Float(stream.uniform(1.05, 1.5)), eosin: 0.25,
          rim: 0.15))
    }
    for cluster in clusters {
      guard let (x, y) = place(clearance: 4, &stream) else { continue }
      for _ in 0..<cluster.count {
        let (dx, dy) = (stream.normal(), stream.normal())
        cell(x + Float(dx * cluster.spread), y + Float(dy * cluster.spread))
      }
    }
    for _ in 0..<stream.index(below: 30) * areas {
      guard let (x, y) = place(clearance: 1.8, &stream) else { continue }
      cell(x, y)
    }
  }

  /// A place in the stroma at some distance from glands; `nil` if eight tries find none.
  private func place(clearance: Float, _ stream: inout RandomStream) -> (x: Float, y: Float)? {
    for _ in 0..<8 {
      let x = Float(stream.uniform(0, Double(layout.size - 1)))
      let y = Float(stream.uniform(0, Double(layout.size - 1)))
      if layout.distance[Int(y) * layout.size + Int(x)] > clearance { return (x, y) }
    }
    return nil
  }

  private func fibreDirection(_ x: Int, _ y: Int) -> (x: Float, y: Float) {
    if layout.distance[y * layout.size + x] < 6 {
      let normal = layout.outward(x, y)
      return (-normal.y, normal.x)
    }
    let size = layout.size
    let dx = across[y * size + min(size - 1, x + 1)] - across[y * size + max(0, x - 1)]
    let dy = across[min(size - 1, y + 1) * size + x] - across[max(0, y - 1) * size + x]
    let length = (dx * dx + dy * dy).squareRoot()
    return length > 1e-4 ? (-dy / length, dx / length) : (1, 0)
  }
}
