internal import Tiles

/// The weights' gradient of a 3x3 convolution of stride 1 in Winograd's form: patches of the input
/// and of the output's gradient are transformed, their 36 products are summed over tiles, and the
/// sums are transformed to 3x3.
///
/// Where there are many tiles, stretches of them follow each other: all threads transform, then each
/// sums matrices of its own. Where there are few, their gradients are transformed once, and a thread
/// sums a block of channels and brings it to 3x3 while it is in its cache: the sums of all channels,
/// four times as large as the weights, are never written. Either way the order of the sums depends on
/// the shape alone.
struct WinogradWeightGradient {
  let shape: ConvolutionShape
  let tiling: WinogradTiling
  let context: KernelContext

  /// Tiles that one chain of sums runs over.
  private static let chain = 128
  /// Floats of transformed tiles that are held at once, of either side: an eighth of a large cache.
  private static let held = 1_500_000
  /// Channels of a block, of either side.
  private static let block = 64

  private var tiles: any TileKernels.Type { context.tiles }
  private var lanes: Int { tiles.lanes }
  private var outputVectors: Int { pieces(shape.outputChannels, of: lanes) }

  init(_ shape: ConvolutionShape, on context: KernelContext) {
    self.shape = shape
    tiling = WinogradTiling(shape)
    self.context = context
  }

  /// Whether all tiles' gradients are held at once.
  private var isBlocked: Bool {
    36 * tiling.count * pieces(shape.outputChannels, of: 16) * 16 <= Self.held
  }

  /// Floats from one of the 36 sums to the next, off a power of two.
  private func sumStride(channels: Int) -> Int { channels * outputVectors * lanes + 16 }

  /// Where a source's transformed channels lie: whole vectors, tile by tile.
  private struct Stretch {
    var source: ImageSource
    /// The first of its channels among the input's.
    var first: Int
    /// The first of its rows of the sums.
    var row: Int
    /// The first of its vectors.
    var vector: Int
  }

  /// Transformed tiles: 36 matrices of vectors, tile by tile.
  private struct Transformed {
    var values: Buffer
    /// Tiles that each vector has room for.
    var tiles: Int
    /// Floats from one of the 36 to the next, off a power of two.
    var stride: Int
  }

  private func take(vectors: Int, tiles: Int) -> Transformed {
    let stride = vectors * tiles * lanes + 16
    return Transformed(values: context.buffers.take(36 * stride), tiles: tiles, stride: stride)
  }

  /// Channels of the input that are transformed at once, or whose sums are: within 40 MB.
  private var channelsAtOnce: Int {
    let most =
      isBlocked
      ? Self.held / (36 * tiling.count)
      : 10_000_000 / (36 * pieces(shape.outputChannels, of: 16) * 16)
    return max(64, most / 64 * 64)
  }

  func run(
    sources: [ImageSource], outputGradient dy: UnsafePointer<Float>, target: GradientTarget
  ) {
    let output = ImageSource(dy, channels: shape.outputChannels)
    let batches = self.batches(of: sources)
    guard isBlocked else {
      for batch in batches { sumStretches(batch, output, target) }
      return
    }
    let g = take(vectors: outputVectors, tiles: tiling.count)
    transformGradient(output, 0..<tiling.count, into: g)
    for batch in batches {
      let v = take(vectors: vectors(of: batch), tiles: tiling.count)
      transformInput(batch, 0..<tiling.count, into: v)
      sumBlocks(batch, v, g, target)
    }
  }

  /// The sources, cut into batches of channels that are summed at once.
  private func batches(of sources: [ImageSource]) -> [[Stretch]] {
    var batches: [[Stretch]] = []
    var batch: [Stretch] = []
    var channels = 0
    var first = 0
    for source in sources {
      for channel in stride(from: 0, to: source.channels, by: channelsAtOnce) {
        let range = channel..<min(source.channels, channel + channelsAtOnce)
        if channels + range.count > channelsAtOnce, !batch.isEmpty {
          batches.append(batch)
          (batch, channels) = ([], 0)
        }
        batch.append(
          Stretch(
            source: source.part(range), first: first + channel, row: channels,
            vector: vectors(of: batch)))
        channels += range.count
      }
      first += source.channels
    }
    return batches + [batch]
  }

  private func vectors(of stretches: [Stretch]) -> Int {
    stretches.reduce(0) { $0 + pieces($1.source.channels, of: lanes) }
  }

  private func transformInput(
    _ stretches: [Stretch], _ range: Range<Int>, into v: Transformed
  ) {
    let zeros = context.buffers.takeZeroed(shape.inputChannels)
    forEachTile(of: range) { t, pixels, scratch in
      let place = tiling.place(of: range.lowerBound + t)
      for stretch in stretches {
        let inside = tiling.findInput(
          place, in: stretch.source, zeros: zeros.pointer, pixels: pixels)
        tiling.prefetchInput(after: range.lowerBound + t, in: stretch.source)
        tiles.transformInput(
          InputPatch(
            pixels: pixels, inside: inside, channels: stretch.source.channels,
            normalisation: stretch.source.normalisation?.lazy,
            target: v.values.pointer + (stretch.vector * v.tiles + t) * lanes,
            pointStride: v.stride, vectorStride: v.tiles * lanes),
          scratch: scratch)
      }
    }
    withExtendedLifetime(zeros) {}
  }

  private func transformGradient(
    _ output: ImageSource, _ range: Range<Int>, into g: Transformed
  ) {
    let zeros = context.buffers.takeZeroed(shape.outputChannels)
    forEachTile(of: range) { t, pixels, scratch in
      let place = tiling.place(of: range.lowerBound + t)
      let inside = tiling.findOutput(place, in: output, zeros: zeros.pointer, pixels: pixels)
      tiling.prefetchOutput(after: range.lowerBound + t, in: output)
      tiles.transformOutputGradient(
        InputPatch(
          pixels: pixels, inside: inside, channels: output.channels, normalisation: nil,
          target: g.values.pointer + t * lanes, pointStride: g.stride,
          vectorStride: g.tiles * lanes),
        scratch: scratch)
    }
    withExtendedLifetime(zeros) {}
  }

  /// Calls `body` with each tile's number in the range, and with memory for 36 pixels and for its
  /// half-transformed values.
  private func forEachTile(
    of range: Range<Int>, _ body: @escaping (Int, UnsafeMutablePointer<Input>, Output) -> Void
  ) {
    let perChunk = 16
    context.workers.forEach(chunks: pieces(range.count, of: perChunk)) { chunk in
      withScratch { scratch in
        withUnsafeTemporaryAllocation(of: Input.self, capacity: 36) { pixels in
          for t in chunk * perChunk..<min(range.count, (chunk + 1) * perChunk) {
            body(t, pixels.baseAddress!, scratch)
          }
        }
      }
    }
  }

  /// Adds up one of the 36 matrices for some channels of a stretch and up to two vectors of outputs.
  ///
  /// - Parameters:
  ///   - matrix: Which of the 36.
  ///   - target: The sums of the first of the channels; whole vectors are written.
  private func sum(
    _ matrix: Int, _ stretch: Stretch, _ channels: Range<Int>, _ v: Transformed,
    outputVector: Int, _ g: Transformed, tiles range: Range<Int>, into target: Output,
    rowStride: Int, adds: Bool
  ) {
    let vectors = min(2, outputVectors - outputVector)
    let height = tiles.sumHeight(vectors: vectors)
    let right =
      g.values.pointer + matrix * g.stride + (outputVector * g.tiles + range.lowerBound) * lanes
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { spill in
      withUnsafeTemporaryAllocation(of: Output.self, capacity: 8) { outputs in
        let outputs = outputs.baseAddress!
        for c in stride(from: channels.lowerBound, to: channels.upperBound, by: height) {
          for r in 0..<height {
            outputs[r] =
              c + r < channels.upperBound
              ? target + (c + r - channels.lowerBound) * rowStride
              : spill.baseAddress! + r * 32
          }
          let left =
            v.values.pointer + matrix * v.stride
            + ((stretch.vector + c / lanes) * v.tiles + range.lowerBound) * lanes + c % lanes
          tiles.sum(
            left, right, count: range.count, distance: g.tiles * lanes, vectors: vectors,
            outputs: outputs, adds: adds)
        }
      }
    }
  }

  /// Few tiles: a unit is a block of input channels and one of output channels.
  private func sumBlocks(
    _ stretches: [Stretch], _ v: Transformed, _ g: Transformed, _ target: GradientTarget
  ) {
    let (C, K, block) = (shape.inputChannels, shape.outputChannels, Self.block)
    let sumStride = block * block + 16
    let own = context.buffers.take(context.workers.threads * 36 * sumStride)
    let blocks = stretches.flatMap { stretch in
      stride(from: 0, to: stretch.source.channels, by: block).map {
        (stretch, $0..<min(stretch.source.channels, $0 + block))
      }
    }
    let columnBlocks = pieces(K, of: block)
    context.workers.forEach(chunks: blocks.count * columnBlocks) { unit, worker in
      let (stretch, channels) = blocks[unit / columnBlocks]
      let column = unit % columnBlocks * block
      let columns = min(block, K - column)
      let sums = own.pointer + worker * 36 * sumStride
      for p in 0..<36 {
        for vector in stride(from: 0, to: pieces(columns, of: lanes), by: 2) {
          for tile in stride(from: 0, to: tiling.count, by: Self.chain) {
            sum(
              p, stretch, channels, v, outputVector: column / lanes + vector, g,
              tiles: tile..<min(tiling.count, tile + Self.chain),
              into: sums + p * sumStride + vector * lanes, rowStride: block, adds: tile > 0)
          }
        }
      }
      withScratch { scratch in
        withUnsafeTemporaryAllocation(of: Output.self, capacity: 9) { taps in
          for c in channels {
            for t in 0..<9 {
              taps[t] = target.pointer + (t * C + stretch.first + c) * K + column
            }
            tiles.transformWeightSums(
              sums + (c - channels.lowerBound) * block, pointStride: sumStride, columns: columns,
              taps: taps.baseAddress!, adds: target.accumulate, scratch: scratch)
          }
        }
      }
    }
    withExtendedLifetime(own) {}
  }

  /// Many tiles: a unit is one of the 36 matrices and a group of its panels.
  private func sumStretches(
    _ stretches: [Stretch], _ output: ImageSource, _ target: GradientTarget
  ) {
    let channels = stretches.reduce(0) { $0 + $1.source.channels }
    let vectors = vectors(of: stretches)
    let width = (vectors + outputVectors) * lanes
    let chains = min(
      pieces(tiling.count, of: Self.chain), max(1, Self.held / (36 * width * Self.chain)))
    let perStretch = chains * Self.chain
    let held = min(tiling.count, perStretch)
    let v = take(vectors: vectors, tiles: held)
    let g = take(vectors: outputVectors, tiles: held)
    let sumStride = sumStride(channels: channels)
    let sums = context.buffers.take(36 * sumStride)
    let panels = pieces(outputVectors, of: 2)
    // 72 units or more where there are any.
    let groups = min(panels, 4)
    let rowStride = outputVectors * lanes
    for start in stride(from: 0, to: tiling.count, by: perStretch) {
      let range = start..<min(tiling.count, start + perStretch)
      transformInput(stretches, range, into: v)
      transformGradient(output, range, into: g)
      context.workers.forEach(chunks: 36 * groups) { unit in
        let p = unit / groups
        for panel in stride(from: unit % groups, to: panels, by: groups) {
          for tile in stride(from: 0, to: range.count, by: Self.chain) {
            for stretch in stretches {
              sum(
                p, stretch, 0..<stretch.source.channels, v, outputVector: panel * 2, g,
                tiles: tile..<min(range.count, tile + Self.chain),
                into: sums.pointer + p * sumStride + stretch.row * rowStride + panel * 2 * lanes,
                rowStride: rowStride, adds: start > 0 || tile > 0)
            }
          }
        }
      }
    }
    for stretch in stretches { finish(stretch, sums.pointer, sumStride, target) }
    withExtendedLifetime(sums) {}
  }

  private func finish(
    _ stretch: Stretch, _ sums: UnsafePointer<Float>, _ sumStride: Int, _ target: GradientTarget
  ) {
    let (C, K) = (shape.inputChannels, shape.outputChannels)
    let rowStride = pieces(K, of: lanes) * lanes
    let rows = 16
    let channels = stretch.source.channels
    context.workers.forEach(chunks: pieces(channels, of: rows)) { chunk in
      withScratch { scratch in
        withUnsafeTemporaryAllocation(of: Output.self, capacity: 9) { taps in
          for c in chunk * rows..<min(channels, (chunk + 1) * rows) {
            for t in 0..<9 { taps[t] = target.pointer + (t * C + stretch.first + c) * K }
            tiles.transformWeightSums(
              sums + (stretch.row + c) * rowStride, pointStride: sumStride, columns: K,
              taps: taps.baseAddress!, adds: target.accumulate, scratch: scratch)
          }
        }
      }
    }
  }
}
