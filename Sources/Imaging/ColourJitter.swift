internal import Core

/// Random changes of brightness, contrast, saturation and hue, in random order, as torchvision's.
struct ColourJitter {
  /// Factors are uniform in 1 - strength ... 1 + strength.
  var brightness: Double
  var contrast: Double
  var saturation: Double
  /// The hue's shift is uniform in -hue ... hue turns.
  var hue: Double

  /// Changes RGB values in 0...1 in place; always seven draws.
  func apply(to buffer: UnsafeMutableBufferPointer<Float>, stream: inout RandomStream) {
    let order = stream.shuffled([0, 1, 2, 3])
    let factors = [brightness, contrast, saturation].map {
      Float(stream.uniform(max(0, 1 - $0), 1 + $0))
    }
    let shift = Float(stream.uniform(-hue, hue))
    for operation in order {
      switch operation {
      case 0: Self.blend(buffer, factor: factors[0]) { _, _, _ in 0 }
      case 1:
        let mean = Self.meanGrey(buffer)
        Self.blend(buffer, factor: factors[1]) { _, _, _ in mean }
      case 2: Self.blend(buffer, factor: factors[2], with: Self.grey)
      default: Self.turnHue(buffer, by: shift)
      }
    }
  }

  /// Replaces every pixel by its luma.
  static func makeGrey(_ buffer: UnsafeMutableBufferPointer<Float>) {
    blend(buffer, factor: 0, with: grey)
  }

  /// Moves every pixel away from its luma, or towards it for factors below 1.
  static func saturate(_ buffer: UnsafeMutableBufferPointer<Float>, by factor: Float) {
    blend(buffer, factor: factor, with: grey)
  }

  /// Luma of ITU-R BT.601.
  @inline(__always)
  private static func grey(_ red: Float, _ green: Float, _ blue: Float) -> Float {
    0.299 * red + 0.587 * green + 0.114 * blue
  }

  private static func meanGrey(_ buffer: UnsafeMutableBufferPointer<Float>) -> Float {
    var sum = 0.0
    for i in stride(from: 0, to: buffer.count, by: 3) {
      sum += Double(grey(buffer[i], buffer[i + 1], buffer[i + 2]))
    }
    return Float(sum / Double(buffer.count / 3))
  }

  @inline(__always)
  private static func blend(
    _ buffer: UnsafeMutableBufferPointer<Float>, factor: Float,
    with other: (Float, Float, Float) -> Float
  ) {
    for i in stride(from: 0, to: buffer.count, by: 3) {
      let rest = (1 - factor) * other(buffer[i], buffer[i + 1], buffer[i + 2])
      for c in i..<i + 3 { buffer[c] = min(1, max(0, factor * buffer[c] + rest)) }
    }
  }

  /// Turns the hue through HSV; value and saturation stay.
  static func turnHue(_ buffer: UnsafeMutableBufferPointer<Float>, by shift: Float) {
    for i in stride(from: 0, to: buffer.count, by: 3) {
      let (r, g, b) = (buffer[i], buffer[i + 1], buffer[i + 2])
      let value = max(r, max(g, b))
      let chroma = value - min(r, min(g, b))
      guard chroma > 0 else { continue }
      var hue: Float
      if value == r {
        hue = (g - b) / chroma
      } else if value == g {
        hue = (b - r) / chroma + 2
      } else {
        hue = (r - g) / chroma + 4
      }
      hue += 6 * shift
      if hue < 0 { hue += 6 }
      if hue >= 6 { hue -= 6 }
      for (c, phase) in [(0, 5), (1, 3), (2, 1)] as [(Int, Float)] {
        var k = phase + hue
        if k >= 6 { k -= 6 }
        buffer[i + c] = value - chroma * max(0, min(1, min(k, 4 - k)))
      }
    }
  }
}
