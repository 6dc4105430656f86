internal import Tiles

/// The weights' gradient of a convolution as sums over pixels, tap by tap.
///
/// A unit of work is a tap, a stretch of its input channels, one of output channels and a part of the
/// images' rows. It walks its pixels in order: the channels of 128 at a time are copied into vectors
/// that follow each other, so that no two lie on the same lines of the cache, and multiplied there;
/// each such chain of sums is added to the unit's. The sums of parts are joined in their order.
struct TapSums {
  private let input: ConvolutionShape
  private let taps: Int
  private let tapsPerRow: Int
  /// One, or all where kernel rows are merged: those meet the same output pixels.
  private let tapsPerUnit: Int
  /// Rows of the weights that one tap has: its input channels, or a whole kernel row of them.
  private let depth: Int
  private let columns: Int
  private let rowsPerUnit: Int
  private let columnsPerUnit: Int
  private let parts: Int
  private let x: Input
  private let normalisation: AppliedNormalisation?
  private let dy: UnsafePointer<Float>
  private let context: KernelContext

  /// Pixels that one chain of sums runs over.
  private static let chain = 128
  /// Channels that a unit copies at most, of either side: 128 KB.
  private static let channelsPerUnit = 256
  /// Units that threads share evenly, where there are pixels enough to cut them into parts.
  private static let unitsWanted = 16
  private static let pixelsPerPart = 512

  private var tiles: any TileKernels.Type { context.tiles }
  private var lanes: Int { tiles.lanes }
  private var weightCount: Int { taps * depth * columns }

  /// - Parameters:
  ///   - x: The input, padded where kernel rows are merged.
  ///   - normalisation: Applied to the input's channels as they are copied.
  init(
    _ shape: ConvolutionShape, input x: Input, normalisation: AppliedNormalisation?,
    outputGradient dy: UnsafePointer<Float>, context: KernelContext
  ) {
    input = shape.mergesKernelRows ? shape.padded : shape
    tapsPerRow = shape.mergesKernelRows ? 1 : shape.kernelWidth
    taps = shape.kernelHeight * tapsPerRow
    tapsPerUnit = shape.mergesKernelRows ? taps : 1
    depth = shape.inputChannels * shape.kernelWidth / tapsPerRow
    columns = shape.outputChannels
    (self.x, self.normalisation, self.dy, self.context) = (x, normalisation, dy, context)
    let rowUnits = pieces(depth, of: Self.channelsPerUnit)
    let columnUnits = pieces(columns, of: Self.channelsPerUnit)
    rowsPerUnit = pieces(pieces(depth, of: rowUnits), of: 16) * 16
    // As many columns as the widest of the tiles that they need, and whole vectors of either length.
    let together = max(
      16,
      context.tiles.sumVectors(of: pieces(columns, of: context.tiles.lanes)) * context.tiles.lanes)
    columnsPerUnit = pieces(pieces(columns, of: columnUnits), of: together) * together
    let wanted = pieces(Self.unitsWanted, of: taps / tapsPerUnit * rowUnits * columnUnits)
    parts = max(
      1, min(wanted, shape.outputPixels / Self.pixelsPerPart, shape.batch * shape.outputHeight))
  }

  func run(into target: GradientTarget) {
    let rowUnits = pieces(depth, of: rowsPerUnit)
    let columnUnits = pieces(columns, of: columnsPerUnit)
    // A thread's copies, and two pointers for each of their pixels, of two floats each.
    let copied = Self.chain * (rowsPerUnit + columnsPerUnit)
    let own = copied + 4 * Self.chain
    let copies = context.buffers.take(context.workers.threads * own)
    let sums = parts > 1 ? context.buffers.take(parts * weightCount) : nil
    let imageRows = input.batch * input.outputHeight
    let (allCopies, allSums) = (copies.pointer, sums?.pointer)
    context.workers.forEach(chunks: taps / tapsPerUnit * rowUnits * columnUnits * parts) {
      chunk, worker in
      let part = chunk % parts
      let unit = chunk / parts
      let row = unit / columnUnits % rowUnits * rowsPerUnit
      let column = unit % columnUnits * columnsPerUnit
      let left = allCopies + worker * own
      Unit(
        sums: self, firstTap: unit / columnUnits / rowUnits * tapsPerUnit,
        rows: row..<min(depth, row + rowsPerUnit),
        columns: column..<min(columns, column + columnsPerUnit),
        imageRows: part * imageRows / parts..<(part + 1) * imageRows / parts,
        pixels: UnsafeMutableRawPointer(left + copied).assumingMemoryBound(to: Input.self),
        left: left, right: left + Self.chain * rowsPerUnit,
        target: allSums.map { GradientTarget($0 + part * weightCount, accumulate: false) }
          ?? target
      ).run()
    }
    if let sums { join(sums.pointer, into: target) }
    withExtendedLifetime((copies, sums)) {}
  }

  private func join(_ sums: UnsafePointer<Float>, into target: GradientTarget) {
    context.workers.forEachStretch(of: weightCount) { from, to in
      for i in stride(from: from, to: to, by: 8) {
        var sum = load(sums + i)
        for part in 1..<parts { sum += load(sums + part * weightCount + i, to - i) }
        target.put(sum, at: i, to - i)
      }
    }
  }

  private struct Unit {
    var sums: TapSums
    var firstTap: Int
    var rows: Range<Int>
    var columns: Range<Int>
    /// Rows of the output's images, counted over the batch.
    var imageRows: Range<Int>
    /// Where a chain's pixels begin, of the input and then of the output's gradient.
    var pixels: UnsafeMutablePointer<Input>
    /// The copies: for each vector of channels, its values at the chain's pixels.
    var left: Output
    var right: Output
    /// All of the weights' sums.
    var target: GradientTarget

    func run() {
      var walk = PixelWalk(sums, tap: firstTap, imageRows)
      var count = walk.next(TapSums.chain, into: pixels)
      var adds = target.accumulate
      // Where no pixel meets the tap, its gradient is nothing.
      if count == 0, !adds { add(firstTap, pixels: 0, adds: false, next: pixels, 0) }
      while count > 0 {
        var next = 0
        copy(pixels + TapSums.chain, count, columns, nil, to: right)
        for tap in firstTap..<firstTap + sums.tapsPerUnit {
          let line = (tap - firstTap) * sums.input.width * sums.input.inputChannels
          copy(
            pixels, count, rows.lowerBound + line..<rows.upperBound + line, sums.normalisation,
            to: left)
          if tap == firstTap + sums.tapsPerUnit - 1 {
            next = walk.next(TapSums.chain, into: pixels)
          }
          add(tap, pixels: count, adds: adds, next: pixels, next)
        }
        (count, adds) = (next, true)
      }
    }

    /// Copies a stretch of the channels of pixels.
    private func copy(
      _ pixels: UnsafePointer<Input>, _ count: Int, _ channels: Range<Int>,
      _ normalisation: AppliedNormalisation?, to target: Output
    ) {
      sums.tiles.copyVectors(
        pixels, count: count, channels: channels, normalisation: normalisation?.lazy, to: target,
        pixelStride: sums.lanes, vectorStride: TapSums.chain * sums.lanes)
    }

    /// Some of the next chain's pixels, of the input or of the output's gradient.
    ///
    /// - Parameter places: Counted over the input's pixels, then over the gradient's; where they are
    ///   of both, only those of the input are taken.
    private func upcoming(
      _ pixels: UnsafePointer<Input>, _ count: Int, _ places: Range<Int>
    ) -> UpcomingCopies? {
      guard !places.isEmpty else { return nil }
      let isInput = places.lowerBound < count
      return UpcomingCopies(
        pixels: pixels + places.lowerBound + (isInput ? 0 : TapSums.chain - count),
        count: min(places.upperBound, isInput ? count : 2 * count) - places.lowerBound,
        offset: isInput ? rows.lowerBound : columns.lowerBound,
        channels: isInput ? rows.count : columns.count)
    }

    /// Adds the products of the copied pixels to the gradient, or makes them the gradient; meanwhile
    /// the next chain's pixels are on their way.
    private func add(
      _ tap: Int, pixels: Int, adds: Bool, next: UnsafePointer<Input>, _ nextCount: Int
    ) {
      let products = ChannelSums(
        tiles: sums.tiles, left: left, leftStride: TapSums.chain * sums.lanes, right: right,
        rightStride: TapSums.chain * sums.lanes)
      let share = pieces(
        2 * nextCount,
        of: ChannelSums.calls(channels: rows.count, columns: columns.count, sums.tiles))
      var asked = 0
      ChannelSums.forEachTileWidth(of: columns.count, sums.tiles) { stretch in
        products.sum(
          channels: 0..<rows.count, columns: stretch, pixels: 0..<pixels,
          into: target.pointer + (tap * sums.depth + rows.lowerBound) * sums.columns
            + columns.lowerBound,
          rowStride: sums.columns, adds: adds, writesWhole: false
        ) {
          let upcoming = upcoming(next, nextCount, asked..<min(2 * nextCount, asked + share))
          asked += upcoming?.count ?? 0
          return upcoming
        }
      }
    }
  }

  /// The output pixels that see the image through a tap, in order.
  private struct PixelWalk {
    private let input: ConvolutionShape
    private let x: Input
    private let dy: Input
    private let columns: Int
    private let outputWidth: Int
    /// Of the tap.
    private let top: Int
    private let left: Int
    /// The columns of a row that see the image.
    private let seen: Range<Int>
    private var rows: Range<Int>
    private var column: Int

    init(_ sums: TapSums, tap: Int, _ rows: Range<Int>) {
      input = sums.input
      (x, dy, columns) = (sums.x, sums.dy, sums.columns)
      let (s, p) = (input.stride, input.padding)
      outputWidth = (input.width + 2 * p - input.kernelWidth) / s + 1
      top = tap / sums.tapsPerRow - p
      left = tap % sums.tapsPerRow - p
      let low = pieces(max(0, -left), of: s)
      // A merged kernel row never leaves its padded input.
      let isMerged = sums.tapsPerRow == 1 && input.kernelWidth > 1
      let last = isMerged || input.width <= left ? outputWidth - 1 : (input.width - 1 - left) / s
      let high = input.width - 1 - left < 0 ? low : min(outputWidth, last + 1)
      seen = low..<max(low, high)
      column = low
      self.rows = seen.isEmpty ? rows.upperBound..<rows.upperBound : rows
    }

    /// Finds up to `count` pixels: where each one's input begins, and, `count` places on, where its
    /// output's gradient does.
    ///
    /// - Returns: How many there are.
    mutating func next(_ count: Int, into pixels: UnsafeMutablePointer<Input>) -> Int {
      var found = 0
      while found < count, let row = rows.first {
        let h = row % input.outputHeight * input.stride + top
        if h >= 0, h < input.height, column < seen.upperBound {
          let line = (row / input.outputHeight * input.height + h) * input.width
          let step = input.stride * input.inputChannels
          var source = x + (line + column * input.stride + left) * input.inputChannels
          var gradient = dy + (row * outputWidth + column) * columns
          let until = min(seen.upperBound, column + count - found)
          for _ in column..<until {
            pixels[found] = source
            pixels[count + found] = gradient
            found += 1
            source += step
            gradient += columns
          }
          column = until
        } else {
          rows.removeFirst()
          column = seen.lowerBound
        }
      }
      return found
    }
  }
}
