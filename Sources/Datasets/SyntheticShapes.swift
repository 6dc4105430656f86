internal import Core
public import Imaging

/// Generated images of coloured shapes, not pathology: a stand-in for natural images in pretraining.
///
/// Each is a gradient with overlapping discs, polygons, stripes, rings and marks like writing, in any
/// colour. An image depends on (seed, index, size).
public struct SyntheticShapes: Hashable, Sendable {
  /// The side of each square image in pixels.
  public let size: Int
  public let seed: UInt64

  /// - Precondition: `size` is at least 8.
  public init(size: Int, seed: UInt64) {
    precondition(size >= 8, "shapes need 8 pixels a side")
    self.size = size
    self.seed = seed
  }

  /// One image.
  public func sample(_ index: Int) -> RGBImage { sample(split: "train", index: index) }

  /// One image of a split.
  public func sample(split: String, index: Int) -> RGBImage {
    var stream = RandomStream(seed: seed, purpose: "shapes/\(split)", UInt64(index))
    var canvas = ShapeCanvas(size: size, stream: &stream)
    for _ in 0..<4 + stream.index(below: 9) { canvas.drawShape(&stream) }
    return canvas.image(&stream)
  }
}

/// Colours in 0...1 that shapes are painted on.
private struct ShapeCanvas {
  let size: Int
  var values: [SIMD3<Float>]

  init(size: Int, stream: inout RandomStream) {
    self.size = size
    let corners = (0..<3).map { _ in Self.colour(&stream) }
    values = []
    values.reserveCapacity(size * size)
    for y in 0..<size {
      for x in 0..<size {
        let (u, v) = (Float(x) / Float(size), Float(y) / Float(size))
        values.append(corners[0] + (corners[1] - corners[0]) * u + (corners[2] - corners[0]) * v)
      }
    }
  }

  static func colour(_ stream: inout RandomStream) -> SIMD3<Float> {
    SIMD3(Float(stream.uniform()), Float(stream.uniform()), Float(stream.uniform()))
  }

  /// The kinds of shape, each a test of whether a point in its own frame belongs.
  private enum Kind: Int, CaseIterable { case disc, polygon, ring, stripes, checks, writing }

  mutating func drawShape(_ stream: inout RandomStream) {
    let kind = Kind(rawValue: stream.index(below: Kind.allCases.count))!
    let side = Double(size)
    let centre = (Float(stream.uniform(0, side)), Float(stream.uniform(0, side)))
    let radius = Float(stream.uniform(0.08, 0.38) * side)
    let (cosine, sine) = PortableMath.cosineAndSine(turns: stream.uniform())
    let (c, s) = (Float(cosine), Float(sine))
    let squeeze = Float(stream.uniform(0.45, 1))
    let colours = (Self.colour(&stream), Self.colour(&stream))
    let opacity = Float(stream.uniform(0.7, 1))
    let period = Float(stream.uniform(0.15, 0.6))
    let marks = ValueNoise(key: stream.next())
    let sides = (0..<3 + stream.index(below: 4)).map { k in
      PortableMath.cosineAndSine(turns: (Double(k) + stream.uniform(-0.2, 0.2)) / 5)
    }
    for y in 0..<size {
      for x in 0..<size {
        let (dx, dy) = ((Float(x) - centre.0) / radius, (Float(y) - centre.1) / radius)
        let (u, v) = (dx * c + dy * s, (dy * c - dx * s) / squeeze)
        guard u.magnitude <= 1, v.magnitude <= 1 else { continue }
        let isInside: Bool
        switch kind {
        case .disc: isInside = u * u + v * v < 1
        case .polygon:
          isInside = sides.allSatisfy { u * Float($0.cosine) + v * Float($0.sine) < 0.6 }
        case .ring: isInside = (0.45..<1).contains(u * u + v * v)
        case .stripes: isInside = Self.isOdd(u, period)
        case .checks: isInside = Self.isOdd(u, period) != Self.isOdd(v, period)
        case .writing:
          isInside = Self.isOdd(v, 0.35) && marks.value(9 * u, (v / 0.35).rounded(.down)) > 0.55
        }
        guard isInside else { continue }
        // Shading along the shape keeps it from being one flat colour.
        let colour = colours.0 + (colours.1 - colours.0) * (0.25 * (u + 1))
        let i = y * size + x
        values[i] += (colour - values[i]) * opacity
      }
    }
  }

  private static func isOdd(_ value: Float, _ period: Float) -> Bool {
    Int((value / period).rounded(.down)) & 1 != 0
  }

  /// The finished image, with a little noise.
  func image(_ stream: inout RandomStream) -> RGBImage {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * values.count)
    for value in values {
      let word = stream.next()
      for c in 0..<3 {
        let noise = Float(word >> UInt64(16 * c) & 0xFFFF) / 65535 - 0.5
        pixels.append(UInt8(min(255, max(0, value[c] * 255 + 8 * noise + 0.5))))
      }
    }
    return RGBImage(width: size, height: size, pixels: pixels)
  }
}
