public import Core

/// Makes the random views of an image that self-supervised pretraining compares.
///
/// As torchvision does it: random resized crop (bilinear, without antialiasing), flips, colour jitter
/// with probability 0.8 in random order, grayscale with probability 0.2, normalisation.
public struct ViewPipeline: Hashable, Sendable {
  /// Which images the settings are for.
  public enum Kind: Hashable, Sendable {
    /// Crops of 0.4 to 1 of the area, all eight symmetries, jitter 0.2/0.2/0.2/0.1 (Kang et al., CVPR
    /// 2023, weak the jitter because stain carries meaning).
    case pathology
    /// Crops of 0.2 to 1 of the area, horizontal flips, jitter 0.4/0.4/0.4/0.1 (MoCo v2).
    case natural
  }

  public let kind: Kind
  public let normalization: ChannelNormalization

  public init(kind: Kind, normalization: ChannelNormalization) {
    self.kind = kind
    self.normalization = normalization
  }

  /// Writes one view.
  ///
  /// - Parameters:
  ///   - stream: One stream a view; how many draws are taken depends on the draws.
  ///   - buffer: `[side, side, 3]`, overwritten with normalised values.
  public func view(
    of image: RGBImage, side: Int, stream: inout RandomStream,
    into buffer: UnsafeMutableBufferPointer<Float>
  ) {
    precondition(buffer.count == 3 * side * side, "the buffer does not hold the view")
    let smallest = kind == .natural ? 0.2 : 0.4
    let crop = Crop.draw(in: image, smallestShare: smallest, stream: &stream)
    var symmetry = Dihedral.identity
    symmetry.flipsHorizontally = stream.chance(0.5)
    if kind == .pathology {
      symmetry.flipsVertically = stream.chance(0.5)
      symmetry.transposes = stream.chance(0.5)
    }
    crop.resize(image, side: side, symmetry: symmetry, into: buffer)
    if stream.chance(0.8) {
      let strength = kind == .natural ? 0.4 : 0.2
      ColourJitter(
        brightness: strength, contrast: strength, saturation: strength, hue: 0.1
      ).apply(to: buffer, stream: &stream)
    }
    if stream.chance(0.2) { ColourJitter.makeGrey(buffer) }
    let (scale, offset) = (normalization.scale * 255, normalization.offset)
    for i in stride(from: 0, to: buffer.count, by: 3) {
      buffer[i] = buffer[i] * scale.x + offset.x
      buffer[i + 1] = buffer[i + 1] * scale.y + offset.y
      buffer[i + 2] = buffer[i + 2] * scale.z + offset.z
    }
  }
}

/// The part of an image that a view shows.
private struct Crop {
  var x: Int
  var y: Int
  var width: Int
  var height: Int

  /// torchvision's rule: ten tries at an area share and a log-uniform aspect in 3/4...4/3, else the
  /// largest centred part whose aspect is allowed.
  static func draw(
    in image: RGBImage, smallestShare: Double, stream: inout RandomStream
  ) -> Crop {
    let area = Double(image.width * image.height)
    let bound = PortableMath.log(4.0 / 3)
    for _ in 0..<10 {
      let target = area * stream.uniform(smallestShare, 1)
      let aspect = PortableMath.exp(stream.uniform(-bound, bound))
      let width = Int((target * aspect).squareRoot().rounded())
      let height = Int((target / aspect).squareRoot().rounded())
      guard 1...image.width ~= width, 1...image.height ~= height else { continue }
      return Crop(
        x: stream.index(below: image.width - width + 1),
        y: stream.index(below: image.height - height + 1), width: width, height: height)
    }
    let width = min(image.width, max(1, image.height * 4 / 3))
    let height = min(image.height, max(1, image.width * 4 / 3))
    return Crop(
      x: (image.width - width) / 2, y: (image.height - height) / 2, width: width, height: height)
  }

  /// Bilinear samples at the centres of the view's pixels, in 0...1.
  func resize(
    _ image: RGBImage, side: Int, symmetry: Dihedral, into buffer: UnsafeMutableBufferPointer<Float>
  ) {
    let columns = Self.taps(from: x, length: width, side: side)
    let rows = Self.taps(from: y, length: height, side: side)
    let unit: Float = 1 / 255
    image.pixels.withUnsafeBufferPointer { pixels in
      for v in 0..<side {
        for u in 0..<side {
          let source = symmetry.source(x: u, y: v, side: side)
          let (column, row) = (columns[source.x], rows[source.y])
          let upper = 3 * row.low * image.width
          let lower = 3 * row.high * image.width
          for c in 0..<3 {
            let a = Float(pixels[upper + 3 * column.low + c])
            let b = Float(pixels[upper + 3 * column.high + c])
            let d = Float(pixels[lower + 3 * column.low + c])
            let e = Float(pixels[lower + 3 * column.high + c])
            let top = a + (b - a) * column.share
            let bottom = d + (e - d) * column.share
            buffer[3 * (v * side + u) + c] = (top + (bottom - top) * row.share) * unit
          }
        }
      }
    }
  }

  private struct Tap {
    var low: Int
    var high: Int
    var share: Float
  }

  private static func taps(from start: Int, length: Int, side: Int) -> [Tap] {
    (0..<side).map { i in
      let position = (Double(i) + 0.5) * Double(length) / Double(side) - 0.5
      let clamped = min(max(position, 0), Double(length - 1))
      let low = Int(clamped)
      return Tap(
        low: start + low, high: start + min(low + 1, length - 1),
        share: Float(clamped - Double(low)))
    }
  }
}
