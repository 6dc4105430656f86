public import Core

/// One draw of HoVer-Net's published augmentation (`models/hovernet/opt.py` and `dataloader/augs.py` of
/// the published code, Graham et al., MedIA 2019): where a patch comes from and how its colours change.
///
/// Scale 0.8 to 1.2 along each axis, shear up to 5 degrees, any rotation, a shift of up to 1 % of the
/// side, nearest pixels; flips; then one of Gaussian blur, median filter and Gaussian noise; then hue,
/// saturation and brightness in random order. Where the published code leaves a choice:
///
/// - The patch lies anywhere in the image, not in a tile cut beforehand, and beyond the image's edges
///   pixels are reflected.
/// - Shear is scikit-image's: it adds to the rotation of the second axis.
/// - Contrast is left out: the published code draws it and returns the image unchanged.
/// - Colours are not rounded to 8 bits in between.
public struct HoVerNetAugmentation: Hashable, Sendable {
  private enum Disturbance: Hashable {
    case blur(Int, Int)
    case median(Int)
    /// Standard deviations in 0...1, for all channels at once or for each of its own.
    case noise(Double, isPerChannel: Bool)
  }

  /// Whether pixels from beyond the image's edges are in the patch, so that labels may be in two places.
  public let isMirrored: Bool
  public let side: Int
  /// For each pixel of the patch, its source's index in the image.
  private let sources: [Int]
  private let disturbance: Disturbance
  private let hue: Float
  private let saturation: Float
  private let brightness: Float
  private let order: [Int]
  private let noise: RandomStream

  /// Draws for an image; how many numbers are drawn does not depend on what they say.
  public init(width: Int, height: Int, side: Int, stream: inout RandomStream) {
    let x = Double(stream.index(below: max(0, width - side) + 1))
    let y = Double(stream.index(below: max(0, height - side) + 1))
    let map = InverseAffine(
      scale: (stream.uniform(0.8, 1.2), stream.uniform(0.8, 1.2)),
      shear: stream.uniform(-5, 5), rotation: stream.uniform(-179, 179),
      shift: (stream.uniform(-0.01, 0.01), stream.uniform(-0.01, 0.01)))
    let flips = (stream.chance(0.5), stream.chance(0.5))
    let half = Double(side - 1) / 2
    var sources = [Int](repeating: 0, count: side * side)
    var isMirrored = false
    for row in 0..<side {
      for column in 0..<side {
        let across = Double(flips.0 ? side - 1 - column : column) - half
        let down = Double(flips.1 ? side - 1 - row : row) - half
        let source = map.source(across, down, side: Double(side))
        let sx = Int((x + half + source.x + 0.5).rounded(.down))
        let sy = Int((y + half + source.y + 0.5).rounded(.down))
        if !(0..<width ~= sx && 0..<height ~= sy) { isMirrored = true }
        sources[row * side + column] =
          PatchSampler.reflected(sy, length: height) * width
          + PatchSampler.reflected(sx, length: width)
      }
    }
    self.side = side
    self.sources = sources
    self.isMirrored = isMirrored
    let kind = stream.index(below: 3)
    let sizes = (stream.index(below: 3), stream.index(below: 3))
    let deviation = stream.uniform(0, 0.05)
    let isPerChannel = stream.chance(0.5)
    disturbance =
      switch kind {
      case 0: .blur(sizes.0, sizes.1)
      case 1: .median(sizes.0)
      default: .noise(deviation, isPerChannel: isPerChannel)
      }
    // OpenCV's hue has 180 levels to the turn.
    hue = Float(stream.uniform(-8, 8) / 180)
    saturation = Float(1 + stream.uniform(-0.2, 0.2))
    brightness = Float(stream.uniform(-26, 26) / 255)
    order = stream.shuffled([0, 1, 2])
    noise = stream
  }

  /// The labels of the patch.
  public func labels(of map: LabelMap) -> LabelMap {
    LabelMap(width: side, height: side, labels: sources.map { map.labels[$0] })
  }

  /// Writes the patch, `[side, side, 3]`, normalised.
  public func copy(
    _ image: RGBImage, normalization: ChannelNormalization,
    into buffer: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(buffer.count == 3 * side * side, "the buffer does not hold the patch")
    for (i, source) in sources.enumerated() {
      for c in 0..<3 { buffer[3 * i + c] = Float(image.pixels[3 * source + c]) / 255 }
    }
    disturb(buffer)
    for operation in order {
      switch operation {
      case 0: ColourJitter.turnHue(buffer, by: hue)
      case 1: ColourJitter.saturate(buffer, by: saturation)
      default: for i in buffer.indices { buffer[i] = min(1, max(0, buffer[i] + brightness)) }
      }
    }
    let (scale, offset) = (normalization.scale, normalization.offset)
    for i in stride(from: 0, to: buffer.count, by: 3) {
      // The scale is that of 8-bit values.
      buffer[i] = buffer[i] * 255 * scale.x + offset.x
      buffer[i + 1] = buffer[i + 1] * 255 * scale.y + offset.y
      buffer[i + 2] = buffer[i + 2] * 255 * scale.z + offset.z
    }
  }

  private func disturb(_ buffer: UnsafeMutableBufferPointer<Float>) {
    let filter = PatchFilter(side: side)
    switch disturbance {
    case .blur(let across, let down): filter.blur(buffer, across: across, down: down)
    case .median(let radius): filter.median(buffer, radius: radius)
    case .noise(let deviation, let isPerChannel):
      var stream = noise
      for i in stride(from: 0, to: buffer.count, by: 3) {
        let first = stream.normal()
        for c in 0..<3 {
          let draw = isPerChannel && c > 0 ? stream.normal() : first
          buffer[i + c] = min(1, max(0, buffer[i + c] + Float(deviation * draw)))
        }
      }
    }
  }
}

/// From a place in the patch, relative to its middle, to the place in the image that it shows.
private struct InverseAffine {
  private let rows: (SIMD2<Double>, SIMD2<Double>)
  private let shift: SIMD2<Double>

  /// Angles in degrees, shifts as shares of the side.
  init(
    scale: (Double, Double), shear: Double, rotation: Double, shift: (Double, Double)
  ) {
    let (cosine, sine) = PortableMath.cosineAndSine(turns: rotation / 360)
    let (shearedCosine, shearedSine) = PortableMath.cosineAndSine(turns: (rotation + shear) / 360)
    // | a b |, the forward map
    // | c d |
    let (a, b) = (scale.0 * cosine, -scale.1 * shearedSine)
    let (c, d) = (scale.0 * sine, scale.1 * shearedCosine)
    let determinant = a * d - b * c
    rows = (
      SIMD2(d / determinant, -b / determinant), SIMD2(-c / determinant, a / determinant)
    )
    self.shift = SIMD2(shift.0, shift.1)
  }

  func source(_ x: Double, _ y: Double, side: Double) -> (x: Double, y: Double) {
    let moved = SIMD2(x, y) - shift * side
    return ((rows.0 * moved).sum(), (rows.1 * moved).sum())
  }
}

/// Small filters of square patches; pixels beyond the edge are those of the edge.
private struct PatchFilter {
  let side: Int

  /// OpenCV's fixed kernels of 1, 3 and 5 entries, by radius.
  private static let kernels: [[Float]] = [
    [1], [0.25, 0.5, 0.25], [0.0625, 0.25, 0.375, 0.25, 0.0625],
  ]

  func blur(_ buffer: UnsafeMutableBufferPointer<Float>, across: Int, down: Int) {
    convolve(buffer, Self.kernels[across], step: (1, 0))
    convolve(buffer, Self.kernels[down], step: (0, 1))
  }

  private func convolve(
    _ buffer: UnsafeMutableBufferPointer<Float>, _ kernel: [Float], step: (Int, Int)
  ) {
    guard kernel.count > 1 else { return }
    let source = Array(buffer)
    let radius = kernel.count / 2
    for y in 0..<side {
      for x in 0..<side {
        for c in 0..<3 {
          var sum: Float = 0
          for k in -radius...radius {
            sum += kernel[k + radius] * source[index(x + k * step.0, y + k * step.1) + c]
          }
          buffer[index(x, y) + c] = sum
        }
      }
    }
  }

  func median(_ buffer: UnsafeMutableBufferPointer<Float>, radius: Int) {
    guard radius > 0 else { return }
    let source = Array(buffer)
    var window: [Float] = []
    for y in 0..<side {
      for x in 0..<side {
        for c in 0..<3 {
          window.removeAll(keepingCapacity: true)
          for dy in -radius...radius {
            for dx in -radius...radius { window.append(source[index(x + dx, y + dy) + c]) }
          }
          window.sort()
          buffer[index(x, y) + c] = window[window.count / 2]
        }
      }
    }
  }

  private func index(_ x: Int, _ y: Int) -> Int {
    3 * (min(side - 1, max(0, y)) * side + min(side - 1, max(0, x)))
  }
}
