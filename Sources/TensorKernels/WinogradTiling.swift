internal import Tiles

/// How a 3x3 convolution of stride 1 is cut into tiles of 4x4 output pixels, each made from a 6x6
/// patch of the input: Winograd's F(4x4, 3x3) (Lavin and Gray 2016), which takes 36 multiplications
/// where the definition takes 144.
///
/// The transforms lose precision: an output's error is some ten times that of a plain sum, 1e-6 of
/// its size (see the tests against Float64), far within what training notices.
struct WinogradTiling {
  let batch: Int
  let height: Int
  let width: Int
  let outputHeight: Int
  let outputWidth: Int
  let padding: Int

  var tilesHigh: Int { pieces(outputHeight, of: 4) }
  var tilesWide: Int { pieces(outputWidth, of: 4) }
  var count: Int { batch * tilesHigh * tilesWide }

  init(_ shape: ConvolutionShape) {
    (batch, height, width) = (shape.batch, shape.height, shape.width)
    (outputHeight, outputWidth) = (shape.outputHeight, shape.outputWidth)
    padding = shape.padding
  }

  /// The convolution of the output's gradient that gives the input's.
  init(inputGradientOf shape: ConvolutionShape) {
    (batch, height, width) = (shape.batch, shape.outputHeight, shape.outputWidth)
    (outputHeight, outputWidth) = (shape.height, shape.width)
    padding = 2 - shape.padding
  }

  /// A tile's place: its image and the first of its output pixels.
  struct Place {
    var image: Int
    var y: Int
    var x: Int
  }

  @inline(__always)
  func place(of tile: Int) -> Place {
    let row = tile / tilesWide
    return Place(image: row / tilesHigh, y: row % tilesHigh * 4, x: (tile - row * tilesWide) * 4)
  }

  /// Finds the pixels of a source under a 6x6 patch; a pixel outside points at `zeros`.
  ///
  /// - Returns: Which of them lie in the image.
  @inline(__always)
  func findInput(
    _ place: Place, in source: ImageSource, zeros: UnsafePointer<Float>,
    pixels: UnsafeMutablePointer<UnsafePointer<Float>>
  ) -> UInt64 {
    find(
      side: 6, y: place.y - padding, x: place.x - padding, image: place.image, height: height,
      width: width, in: source, zeros: zeros, pixels: pixels)
  }

  /// Finds the pixels of an output's gradient under a 4x4 tile.
  @inline(__always)
  func findOutput(
    _ place: Place, in source: ImageSource, zeros: UnsafePointer<Float>,
    pixels: UnsafeMutablePointer<UnsafePointer<Float>>
  ) -> UInt64 {
    find(
      side: 4, y: place.y, x: place.x, image: place.image, height: outputHeight,
      width: outputWidth, in: source, zeros: zeros, pixels: pixels)
  }

  @inline(__always)
  private func find(
    side: Int, y: Int, x: Int, image: Int, height: Int, width: Int, in source: ImageSource,
    zeros: UnsafePointer<Float>, pixels: UnsafeMutablePointer<UnsafePointer<Float>>
  ) -> UInt64 {
    let shift = source.isDoubled ? 1 : 0
    let stride = source.channels
    let rowStride = (width >> shift) * stride
    let base = source.pointer + image * (height >> shift) * rowStride
    if y >= 0, x >= 0, y + side <= height, x + side <= width {
      for i in 0..<side {
        let row = base + ((y + i) >> shift) * rowStride
        for j in 0..<side { pixels[i * side + j] = row + ((x + j) >> shift) * stride }
      }
      return UInt64(1) << UInt64(side * side) - 1
    }
    var inside: UInt64 = 0
    for i in 0..<side {
      for j in 0..<side {
        let (h, w) = (y + i, x + j)
        if h >= 0, h < height, w >= 0, w < width {
          pixels[i * side + j] = base + (h >> shift) * rowStride + (w >> shift) * stride
          inside |= 1 << UInt64(i * side + j)
        } else {
          pixels[i * side + j] = zeros
        }
      }
    }
    return inside
  }
}

/// A stretch of a convolution's input channels.
public struct ImageSource {
  /// `[batch, height, width, channels]`, with 64 readable bytes behind its end.
  public var pointer: UnsafePointer<Float>
  public var channels: Int
  /// Whether it is half as high and wide as the image, and each pixel counts four times.
  public var isDoubled: Bool

  public init(_ pointer: UnsafePointer<Float>, channels: Int, isDoubled: Bool = false) {
    self.pointer = pointer
    self.channels = channels
    self.isDoubled = isDoubled
  }
}

/// Where a stretch of channels of a convolution's result goes.
public struct ImageTarget {
  public var pointer: UnsafeMutablePointer<Float>
  public var channels: Int
  /// Whether it is half as high and wide, and four pixels are summed.
  public var isHalved: Bool
  public var accumulate: Bool

  public init(
    _ pointer: UnsafeMutablePointer<Float>, channels: Int, isHalved: Bool = false,
    accumulate: Bool = false
  ) {
    self.pointer = pointer
    self.channels = channels
    self.isHalved = isHalved
    self.accumulate = accumulate
  }
}
