internal import Tiles

/// How a 3x3 convolution of stride 1 is cut into tiles of output pixels, each made from a patch of the
/// input that is two pixels wider.
///
/// The transforms lose precision: with tiles of four by four an output's error is some ten times that
/// of a plain sum, one to two millionths, and with tiles of six by six twice as large (see the tests
/// against Float64). Gradients of whole networks stay as near to Float64 as PyTorch's.
struct WinogradTiling {
  let size: WinogradTile
  let batch: Int
  let height: Int
  let width: Int
  let outputHeight: Int
  let outputWidth: Int
  let padding: Int

  var points: Int { size.points }
  var tilesHigh: Int { pieces(outputHeight, of: size.side) }
  var tilesWide: Int { pieces(outputWidth, of: size.side) }
  var count: Int { batch * tilesHigh * tilesWide }

  init(_ shape: ConvolutionShape) {
    (batch, height, width) = (shape.batch, shape.height, shape.width)
    (outputHeight, outputWidth) = (shape.outputHeight, shape.outputWidth)
    padding = shape.padding
    size = shape.winogradTile(height: outputHeight, width: outputWidth)
  }

  /// The convolution of the output's gradient that gives the input's.
  init(inputGradientOf shape: ConvolutionShape) {
    (batch, height, width) = (shape.batch, shape.outputHeight, shape.outputWidth)
    (outputHeight, outputWidth) = (shape.height, shape.width)
    padding = 2 - shape.padding
    size = shape.winogradTile(height: outputHeight, width: outputWidth)
  }

  /// Calls `body` with each point, past those that cancel if they are omitted, and the one after it, or
  /// `points`.
  @inline(__always)
  func forEachPoint(omitsCancelling: Bool, _ body: (_ point: Int, _ following: Int) -> Void) {
    var point = 0
    while point < points {
      var following = point + 1
      while omitsCancelling, following < points, size.cancels(at: following) { following += 1 }
      body(point, following)
      point = following
    }
  }

  /// Writes zeros into the matrices of those points that cancel.
  func clearCancelling(_ matrices: UnsafeMutablePointer<Float>, stride: Int, count: Int) {
    for point in 0..<points where size.cancels(at: point) {
      (matrices + point * stride).update(repeating: 0, count: count)
    }
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
    return Place(
      image: row / tilesHigh, y: row % tilesHigh * size.side,
      x: (tile - row * tilesWide) * size.side)
  }

  /// Output pixels that a tile has; fewer at the lower and right edges.
  func pixels(of tile: Int) -> Int {
    let place = place(of: tile)
    return min(size.side, outputHeight - place.y) * min(size.side, outputWidth - place.x)
  }

  /// Calls `body` with tiles of a range whose patches of one source may be transformed before those of
  /// the next source: with all of them, or with each in turn.
  ///
  /// Whole vectors are written, so a transform may run past the end of a source's channels into the
  /// next source's or the next tile's, and then has to come before those.
  @inline(__always)
  func forEachTurn(
    of range: Range<Int>, channels: some Collection<Int>, _ body: (_ tiles: Range<Int>) -> Void
  ) {
    if channels.count == 1 || channels.allSatisfy({ $0 % 16 == 0 }) { return body(range) }
    for tile in range { body(tile..<tile + 1) }
  }

  /// Calls `body` with each tile of a range and the pixels of a source under its patch.
  @inline(__always)
  func forEachInput(
    of range: Range<Int>, in source: ImageSource, zeros: UnsafePointer<Float>,
    _ body: (_ tile: Int, _ found: FoundPixels) -> Void
  ) {
    guard source.isDoubled else {
      return forEachPatch(of: range, side: size.patch, step: size.side, body) { place, pixels in
        find(
          side: size.patch, y: place.y - padding, x: place.x - padding, image: place.image,
          height: height, width: width, in: source, zeros: zeros, pixels: pixels)
      }
    }
    // A patch begins with the second pixel of a pair.
    precondition(padding == 1, "the pairs of a doubled image lie across the patches' edges")
    forEachPatch(of: range, side: size.doubledPatch, step: size.side / 2, body) { place, pixels in
      find(
        side: size.doubledPatch, y: place.y / 2 - 1, x: place.x / 2 - 1, image: place.image,
        height: height / 2, width: width / 2, in: source, zeros: zeros, pixels: pixels)
    }
  }

  /// Calls `body` with each tile of a range and the pixels of an output's gradient under it.
  @inline(__always)
  func forEachOutput(
    of range: Range<Int>, in source: ImageSource, zeros: UnsafePointer<Float>,
    _ body: (_ tile: Int, _ found: FoundPixels) -> Void
  ) {
    forEachPatch(of: range, side: size.side, step: size.side, body) { place, pixels in
      find(
        side: size.side, y: place.y, x: place.x, image: place.image, height: outputHeight,
        width: outputWidth, in: source, zeros: zeros, pixels: pixels)
    }
  }

  /// Finds a tile's pixels while the one before is at work, so that they can be asked for.
  @inline(__always)
  private func forEachPatch(
    of range: Range<Int>, side: Int, step: Int,
    _ body: (_ tile: Int, _ found: FoundPixels) -> Void,
    find: (Place, UnsafeMutablePointer<UnsafePointer<Float>>) -> UInt64
  ) {
    guard let first = range.first else { return }
    withUnsafeTemporaryAllocation(of: UnsafePointer<Float>.self, capacity: 128) { memory in
      var pixels = memory.baseAddress!
      var others = pixels + 64
      var inside = find(place(of: first), pixels)
      for tile in range {
        var found = FoundPixels(pixels: pixels, inside: inside, upcoming: nil)
        if tile + 1 < range.upperBound {
          let next = place(of: tile + 1)
          inside = find(next, others)
          // Tiles side by side share what a patch has over a tile's columns.
          found.upcoming = UpcomingPixels(
            pixels: others, firstColumn: next.x == 0 ? 0 : side - step)
        }
        body(tile, found)
        swap(&pixels, &others)
      }
    }
  }

  /// Finds the pixels of a source under a patch; a pixel outside points at `zeros`.
  ///
  /// - Returns: Which of them lie in the image.
  @inline(__always)
  private func find(
    side: Int, y: Int, x: Int, image: Int, height: Int, width: Int, in source: ImageSource,
    zeros: UnsafePointer<Float>, pixels: UnsafeMutablePointer<UnsafePointer<Float>>
  ) -> UInt64 {
    let stride = source.pixelStride
    let rowStride = width * stride
    let base = source.pointer + image * height * rowStride
    if y >= 0, x >= 0, y + side <= height, x + side <= width {
      for i in 0..<side {
        let row = base + (y + i) * rowStride
        for j in 0..<side { pixels[i * side + j] = row + (x + j) * stride }
      }
      return ~0 >> UInt64(64 - side * side)
    }
    var inside: UInt64 = 0
    for i in 0..<side {
      for j in 0..<side {
        let (h, w) = (y + i, x + j)
        if h >= 0, h < height, w >= 0, w < width {
          pixels[i * side + j] = base + h * rowStride + w * stride
          inside |= 1 << UInt64(i * side + j)
        } else {
          pixels[i * side + j] = zeros
        }
      }
    }
    return inside
  }
}

extension WinogradTiling {
  /// Transforms the sums of some tiles back and writes their pixels.
  ///
  /// - Parameters:
  ///   - sums: A matrix for each point, `stride` apart: a row of `rowStride` floats for each tile of
  ///     the range.
  ///   - targets: Stretches of a row's channels, in order; an epilogue is for one target.
  func write(
    _ sums: UnsafePointer<Float>, stride: Int, rowStride: Int, _ range: Range<Int>,
    to targets: [ImageTarget], _ epilogue: ConvolutionEpilogue,
    statistics: UnsafeMutablePointer<Float>?, _ small: UnsafeMutablePointer<Float>,
    tiles: any TileKernels.Type
  ) {
    for tile in range {
      let place = place(of: tile)
      var source = sums + (tile - range.lowerBound) * rowStride
      for target in targets {
        let shift = target.isHalved ? 1 : 0
        let lineStride = (outputWidth >> shift) * target.pixelStride
        let offset =
          (place.image * (outputHeight >> shift) + place.y >> shift) * lineStride
          + (place.x >> shift) * target.pixelStride
        tiles.transformOutput(
          OutputPatch(
            size, source: source, pointStride: stride, channels: target.channels,
            target: target.pointer + offset, rowStride: lineStride,
            pixelStride: target.pixelStride, rows: min(size.side, outputHeight - place.y),
            columns: min(size.side, outputWidth - place.x), halves: target.isHalved,
            adds: target.accumulate, bias: epilogue.bias,
            residual: epilogue.residual.map { $0 + offset }, rectifies: epilogue.rectifies,
            statistics: statistics, startsStatistics: tile == range.lowerBound),
          scratch: small)
        source += target.channels
      }
    }
  }
}
