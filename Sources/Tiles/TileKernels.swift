/// The inner loops of products and of Winograd's transforms, for one length of vectors.
///
/// Each output is one chain of fused multiply-adds in one order, whatever the length of the vectors,
/// so every implementation gives the same bits.
public protocol TileKernels {
  /// Floats in a vector: 8 or 16.
  static var lanes: Int { get }

  /// Gathered rows times one packed panel of columns, one block of depth.
  ///
  /// - Parameters:
  ///   - inputs: For each tile of six rows, six pointers for each of `tapsPerRow` taps.
  ///   - block: Which taps, and which stretch behind each pointer.
  ///   - panel: The block's part of the panel; `vectors` vectors for each element of depth:
  ///     1 or 2, and 4 where vectors are of sixteen.
  ///   - used: How many of the panel's columns are real.
  ///   - rows: How many are real; those past the end are read and not written.
  ///   - target: Where the sums go, six rows for each tile.
  ///   - upcoming: What is read after this call, to be asked for meanwhile.
  static func multiplyGathered(
    inputs: UnsafePointer<UnsafePointer<Float>>, tapsPerRow: Int, block: DepthBlock,
    panel: UnsafePointer<Float>, vectors: Int, used: Int, rows: Int, start: TileStart,
    to target: TileRows, upcoming: UpcomingBlock?)

  /// Copies channels of pixels, vector by vector, normalised on the way.
  ///
  /// - Parameters:
  ///   - channels: Whole vectors are read and written, so the last one may run past the end.
  ///   - pixelStride, vectorStride: Floats from a pixel's vector to the next pixel's, and to the
  ///     pixel's next one.
  static func copyVectors(
    _ pixels: UnsafePointer<UnsafePointer<Float>>, count: Int, channels: Range<Int>,
    normalisation: LazyNormalisation?, to target: UnsafeMutablePointer<Float>, pixelStride: Int,
    vectorStride: Int)

  /// A plain matrix times one packed panel: `rows` is a multiple of six, whole vectors are written.
  ///
  /// - Parameters:
  ///   - adds: Whether the sums are added to what the output holds.
  ///   - nextRows, nextPanel: Rows like those of `a`, and a panel as long as this one, that are read
  ///     next and come from afar: they may be asked for meanwhile.
  static func multiply(
    _ a: UnsafePointer<Float>, stride: Int, rows: Int, depth: Int, panel: UnsafePointer<Float>,
    vectors: Int, output: UnsafeMutablePointer<Float>, outputStride: Int, adds: Bool,
    nextRows: UnsafePointer<Float>?, nextPanel: UnsafePointer<Float>?)

  /// How many vectors one call of `sum` takes where so many are left: 1 or 2, and 4 where they are of
  /// sixteen.
  static func sumVectors(of vectors: Int) -> Int

  /// Values of the left operand that one call of `sum` takes where so many are left: 4, 6 or 8.
  static func sumHeight(vectors: Int, of values: Int) -> Int

  /// The sums over pixels of `height` values times some vectors.
  ///
  /// - Parameters:
  ///   - pairs: Half as many as values: where the first pixel has two of them side by side. Pixels are
  ///     one vector apart, on both sides.
  ///   - right: The first pixel's first vector.
  ///   - distance: Floats from a vector of the right operand to the next.
  ///   - vectors, height: As many as `sumVectors` and `sumHeight` give.
  ///   - outputs: As many rows as there are values; whole vectors are written.
  ///   - upcoming: What is copied for the sums after these, to be asked for meanwhile.
  static func sum(
    _ pairs: UnsafePointer<UnsafePointer<Float>>, _ right: UnsafePointer<Float>, count: Int,
    distance: Int, vectors: Int, height: Int,
    outputs: UnsafePointer<UnsafeMutablePointer<Float>>, adds: Bool, upcoming: UpcomingCopies?)

  /// The mean of each column of some rows, and the sum of the squares of the distances from it.
  ///
  /// - Parameters:
  ///   - rows: Where `count` rows begin.
  ///   - columns: Of the rows, and of what is written.
  static func statistics(
    of rows: UnsafePointer<UnsafeMutablePointer<Float>>, count: Int, columns: Range<Int>,
    means: UnsafeMutablePointer<Float>, squares: UnsafeMutablePointer<Float>)

  /// `(x - centre) scale + shift`, then plus a residual, then rectified, as asked, of some rows.
  static func normalise(
    _ x: UnsafePointer<Float>, by normalisation: LazyNormalisation, channels: Int,
    rows: Range<Int>, residual: UnsafePointer<Float>?, output: UnsafeMutablePointer<Float>)

  /// Adds some rows' gradients to the first `channels` sums, and their products with the input's
  /// distance from its mean to the next.
  static func addGradientSums(
    _ pass: NormalisationPass, rows: Range<Int>, to sums: UnsafeMutablePointer<Float>)

  /// The gradients of the input and of what was added before the gate, of some rows.
  static func spreadGradient(
    _ pass: NormalisationPass, rows: Range<Int>, by spread: GradientSpread)

  /// `Bᵀ d B` of one patch: a value for each point and channel.
  static func transformInput(_ patch: InputPatch, scratch: UnsafeMutablePointer<Float>)

  /// `A g Aᵀ` of one tile of an output's gradient: a value for each point and channel.
  static func transformOutputGradient(
    _ patch: InputPatch, scratch: UnsafeMutablePointer<Float>)

  /// `Aᵀ m A` of one tile's products: its pixels for each channel.
  static func transformOutput(_ patch: OutputPatch, scratch: UnsafeMutablePointer<Float>)

  /// `G g Gᵀ` of the 3x3 weights of one input channel, into panels of columns.
  ///
  /// - Parameters:
  ///   - taps: Nine rows of weights, as many as the panels have columns.
  ///   - channel: The element of depth that they are.
  ///   - target: A packed matrix for each point, `pointStride` apart.
  ///   - omitsCancelling: Whether nothing is written where a point cancels.
  static func transformWeights(
    _ tile: WinogradTile, taps: UnsafePointer<UnsafePointer<Float>>, channel: Int, panels: Panels,
    target: UnsafeMutablePointer<Float>, pointStride: Int, omitsCancelling: Bool,
    scratch: UnsafeMutablePointer<Float>)

  /// `Gᵀ s G` of the sums at the points of one input channel, added to or written over nine rows.
  static func transformWeightSums(
    _ tile: WinogradTile, _ sums: UnsafePointer<Float>, pointStride: Int, columns: Int,
    taps: UnsafePointer<UnsafeMutablePointer<Float>>, adds: Bool,
    scratch: UnsafeMutablePointer<Float>)
}

/// A stretch of the depth of a product: the same elements behind each pointer of some taps.
@frozen
public struct DepthBlock {
  public var tap: Int
  public var taps: Int
  /// Floats behind the pointers of each tap.
  public var offset: Int
  public var depth: Int

  @inlinable
  public init(tap: Int, taps: Int, offset: Int, depth: Int) {
    self.tap = tap
    self.taps = taps
    self.offset = offset
    self.depth = depth
  }
}

/// Where a panel's columns begin in some rows.
@frozen
public struct TileRows {
  public var rows: UnsafePointer<UnsafeMutablePointer<Float>>
  public var column: Int
  /// Whether a cache holds them, so that other rows are better asked for.
  public var isNear: Bool

  @inlinable
  public init(
    _ rows: UnsafePointer<UnsafeMutablePointer<Float>>, column: Int, isNear: Bool = false
  ) {
    self.rows = rows
    self.column = column
    self.isNear = isNear
  }

  @inlinable
  public subscript(row: Int) -> UnsafeMutablePointer<Float> { rows[row] + column }

  /// The rows from one on.
  @inlinable
  public func from(_ row: Int) -> TileRows {
    TileRows(rows + row, column: column, isNear: isNear)
  }
}

/// The block of a panel, and the stretch of the rows, that the products after a call read.
@frozen
public struct UpcomingBlock {
  /// As long as the block of the call, of the same panel or another.
  public var panel: UnsafePointer<Float>
  /// Nil where the rows have been read before.
  public var rows: UpcomingRows?

  @inlinable
  public init(panel: UnsafePointer<Float>, rows: UpcomingRows?) {
    self.panel = panel
    self.rows = rows
  }
}

/// The stretch of the rows of the next block of depth, of which each panel's call asks for a part.
@frozen
public struct UpcomingRows {
  public var tap: Int
  /// Floats behind the pointers of that tap.
  public var offset: Int
  /// Which of `parts` this call asks for, from 0.
  public var part: Int
  public var parts: Int

  @inlinable
  public init(tap: Int, offset: Int, part: Int, parts: Int) {
    self.tap = tap
    self.offset = offset
    self.part = part
    self.parts = parts
  }
}

/// The channels of some pixels that are copied later.
@frozen
public struct UpcomingCopies {
  public var pixels: UnsafePointer<UnsafePointer<Float>>
  public var count: Int
  /// The first channel, and how many.
  public var offset: Int
  public var channels: Int

  @inlinable
  public init(
    pixels: UnsafePointer<UnsafePointer<Float>>, count: Int, offset: Int, channels: Int
  ) {
    self.pixels = pixels
    self.count = count
    self.offset = offset
    self.channels = channels
  }
}

/// What the sums of a tile are joined to.
@frozen
public enum TileStart {
  case zero
  /// The sums begin at one value for each column of the tile.
  case columns(UnsafePointer<Float>)
  /// The sums begin at zero and are added to what these rows hold once they are complete. A chain
  /// that went on from there would round every product at the size of the whole sum.
  case rows(TileRows)

  /// The rows that the sums are added to.
  @inlinable
  public var rows: TileRows? {
    if case .rows(let rows) = self { return rows }
    return nil
  }

  /// The same for the rows from one on.
  @inlinable
  public func from(_ row: Int) -> TileStart {
    if case .rows(let rows) = self { return .rows(rows.from(row)) }
    return self
  }
}
