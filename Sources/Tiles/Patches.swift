/// The side of a tile of output pixels in Winograd's form, F(4x4, 3x3) or F(6x6, 3x3) (Lavin and Gray
/// 2016).
@frozen
public enum WinogradTile: Hashable, Sendable {
  /// 36 multiplications where the definition takes 144.
  case four
  /// 64 multiplications where the definition takes 324.
  case six

  /// Output pixels in a row.
  @inlinable
  public var side: Int {
    switch self {
    case .four: 4
    case .six: 6
    }
  }

  /// Input pixels in a row.
  @inlinable
  public var patch: Int { side + 2 }

  /// Products that a tile takes for each pair of channels.
  @inlinable
  public var points: Int { patch * patch }

  /// Pixels in a row of a doubled image's source under a patch that begins in the midst of a pair.
  @inlinable
  public var doubledPatch: Int { side / 2 + 2 }

  /// Which of the points in a row is -1.
  ///
  /// There a patch's pixels count by differences of neighbours: those of a doubled image, which come
  /// in pairs, leave nothing. Products there count for a pixel of the output and against the next, and
  /// so for nothing in a sum of the two.
  @inlinable
  public static var minusOne: Int { 2 }

  /// Whether a point has -1 for its row or column: an input that is doubled is zero there, and an
  /// output that is halved needs no products.
  @inlinable
  public func cancels(at point: Int) -> Bool {
    point / patch == Self.minusOne || point % patch == Self.minusOne
  }
}

/// The pixels that one tile reads, and which of them lie in the image.
@frozen
public struct FoundPixels {
  public var pixels: UnsafePointer<UnsafePointer<Float>>
  public var inside: UInt64
  public var upcoming: UpcomingPixels?

  @inlinable
  public init(
    pixels: UnsafePointer<UnsafePointer<Float>>, inside: UInt64, upcoming: UpcomingPixels?
  ) {
    self.pixels = pixels
    self.inside = inside
    self.upcoming = upcoming
  }
}

/// The pixels that the next tile reads.
@frozen
public struct UpcomingPixels {
  public var pixels: UnsafePointer<UnsafePointer<Float>>
  /// The first column of its patch that this tile does not read.
  public var firstColumn: Int

  @inlinable
  public init(pixels: UnsafePointer<UnsafePointer<Float>>, firstColumn: Int) {
    self.pixels = pixels
    self.firstColumn = firstColumn
  }
}

/// The pixels that one tile reads, and where its transformed values go.
@frozen
public struct InputPatch {
  public var tile: WinogradTile
  /// A patch's pixels of an input, or a tile's of an output's gradient, row by row.
  public var pixels: UnsafePointer<UnsafePointer<Float>>
  /// Whether the pixels are `doubledPatch` to a row, and each but those at the edges counts for two by
  /// two. Nothing is written then where a point cancels.
  public var isDoubled: Bool
  /// Bit i is set if pixel i lies in the image; the others count as zero.
  public var inside: UInt64
  /// The next tile's, to be asked for meanwhile: patches jump from row to row, which the processor's
  /// own prefetching does not follow.
  public var upcoming: UpcomingPixels?
  /// Channels; whole vectors are read and written, so the last one may run past the end.
  public var channels: Int
  public var normalisation: LazyNormalisation?
  public var target: UnsafeMutablePointer<Float>
  /// Floats from the value at one point to that at the next.
  public var pointStride: Int
  /// Floats from one vector of channels to the next.
  public var vectorStride: Int

  @inlinable
  public init(
    _ tile: WinogradTile, found: FoundPixels, isDoubled: Bool = false, channels: Int,
    normalisation: LazyNormalisation?, target: UnsafeMutablePointer<Float>, pointStride: Int,
    vectorStride: Int
  ) {
    self.tile = tile
    self.isDoubled = isDoubled
    pixels = found.pixels
    inside = found.inside
    upcoming = found.upcoming
    self.channels = channels
    self.normalisation = normalisation
    self.target = target
    self.pointStride = pointStride
    self.vectorStride = vectorStride
  }
}

/// One tile's products, and the pixels that it writes.
@frozen
public struct OutputPatch {
  public var tile: WinogradTile
  public var source: UnsafePointer<Float>
  /// Floats from the value at one point to that at the next.
  public var pointStride: Int
  public var channels: Int
  public var target: UnsafeMutablePointer<Float>
  /// Floats from one row of the output to the next, and from one pixel to the next.
  public var rowStride: Int
  public var pixelStride: Int
  /// Rows and columns of the tile that lie in the output.
  public var rows: Int
  public var columns: Int
  /// Whether 2x2 pixels are summed into one: the gradient of a repetition of pixels. Nothing is read
  /// then where a point cancels.
  public var halves: Bool
  /// Whether the values are added to what the output holds.
  public var adds: Bool
  /// One value for each channel.
  public var bias: UnsafePointer<Float>?
  /// As the target: what is added before rectification.
  public var residual: UnsafePointer<Float>?
  public var rectifies: Bool
  /// Three rows, `channels` rounded up to sixteen apart: a shift, then the sums of the values'
  /// distances from it and of their squares, to which this tile's are added.
  public var statistics: UnsafeMutablePointer<Float>?
  /// Whether this tile is the first of the statistics: its first pixel becomes the shift.
  public var startsStatistics: Bool

  @inlinable
  public init(
    _ tile: WinogradTile, source: UnsafePointer<Float>, pointStride: Int, channels: Int,
    target: UnsafeMutablePointer<Float>, rowStride: Int, pixelStride: Int, rows: Int, columns: Int,
    halves: Bool = false, adds: Bool = false, bias: UnsafePointer<Float>? = nil,
    residual: UnsafePointer<Float>? = nil, rectifies: Bool = false,
    statistics: UnsafeMutablePointer<Float>? = nil, startsStatistics: Bool = false
  ) {
    self.tile = tile
    self.source = source
    self.pointStride = pointStride
    self.channels = channels
    self.target = target
    self.rowStride = rowStride
    self.pixelStride = pixelStride
    self.rows = rows
    self.columns = columns
    self.halves = halves
    self.adds = adds
    self.bias = bias
    self.residual = residual
    self.rectifies = rectifies
    self.statistics = statistics
    self.startsStatistics = startsStatistics
  }
}
