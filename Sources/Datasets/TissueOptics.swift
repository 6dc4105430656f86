internal import Core
internal import Imaging

/// Turns stain amounts into the image that a scanner would take.
struct TissueOptics {
  var scanner: Scanner
  var slide: SlideStain

  /// Beer-Lambert absorption, blur, noise, rounding.
  func image(of planes: StainPlanes, stream: inout RandomStream) -> RGBImage {
    let model = scanner.stainModel(for: slide)
    let gains = (
      scanner.haematoxylinGain * slide.haematoxylinGain, scanner.eosinGain * slide.eosinGain
    )
    let size = planes.size
    var values = [Float](repeating: 0, count: 3 * size * size)
    for i in 0..<size * size {
      let light = model.intensity(
        haematoxylin: Double(planes.haematoxylin[i]) * gains.0,
        eosin: Double(planes.eosin[i]) * gains.1)
      values[3 * i] = Float(light.x)
      values[3 * i + 1] = Float(light.y)
      values[3 * i + 2] = Float(light.z)
    }
    values = blurred(values, size: size)
    // The sum of four 16-bit uniforms is close enough to normal: variance 4/12 of their range.
    let scale = Float(scanner.noise * (3.0).squareRoot() / 65535)
    var pixels = [UInt8](repeating: 0, count: values.count)
    for i in 0..<values.count {
      let word = stream.next()
      let sum = (word & 0xFFFF) + (word >> 16 & 0xFFFF) + (word >> 32 & 0xFFFF) + (word >> 48)
      let value = values[i] + (Float(sum) - 2 * 65535) * scale
      pixels[i] = UInt8(min(255, max(0, value + 0.5)))
    }
    return RGBImage(width: size, height: size, pixels: pixels)
  }

  /// A separable Gaussian of seven taps; the edge is repeated.
  private func blurred(_ values: [Float], size: Int) -> [Float] {
    let raw = (-3...3).map {
      PortableMath.exp(-Double($0 * $0) / (2 * scanner.blur * scanner.blur))
    }
    let total = raw.reduce(0, +)
    let taps = raw.map { Float($0 / total) }
    var rows = [Float](repeating: 0, count: values.count)
    for y in 0..<size {
      for x in 0..<size {
        for c in 0..<3 {
          var sum: Float = 0
          for k in 0..<7 {
            sum += taps[k] * values[3 * (y * size + min(size - 1, max(0, x + k - 3))) + c]
          }
          rows[3 * (y * size + x) + c] = sum
        }
      }
    }
    var result = [Float](repeating: 0, count: values.count)
    for y in 0..<size {
      for k in 0..<7 {
        let source = 3 * size * min(size - 1, max(0, y + k - 3))
        for i in 0..<3 * size { result[3 * size * y + i] += taps[k] * rows[source + i] }
      }
    }
    return result
  }
}
