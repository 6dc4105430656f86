internal import Tiles

/// The weights' gradient of a 3x3 convolution of stride 1 in Winograd's form: patches of the input
/// and of the output's gradient are transformed, their products at each point are summed over tiles,
/// and the sums are transformed to 3x3.
///
/// Where there are many tiles, a thread takes a chain of them: it transforms and multiplies them in its
/// own cache, and adds the products to those of the chains before. Where there are few, all are
/// transformed first, and a thread sums a block of channels and brings it to 3x3 while it is in its
/// cache: the sums of all channels, four or seven times as large as the weights, are never written.
/// Either way a sum is made of chains of the same tiles in the same order.
struct WinogradWeightGradient {
  let shape: ConvolutionShape
  let tiling: WinogradTiling
  let context: KernelContext

  /// Floats of transformed tiles that are held at once, of either side: an eighth of a large cache.
  private static let held = 1_500_000
  /// Floats of transformed tiles, of both sides, that stay in a core's own cache.
  private static let heldByCore = 300_000
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

  private var points: Int { tiling.points }

  /// Tiles that one chain of sums runs over, of either size about 2000 pixels.
  private var chain: Int { tiling.size == .four ? 128 : 64 }

  /// Whether the work is cut into blocks of channels rather than into chains of tiles.
  private var isBlocked: Bool {
    let blocks =
      pieces(shape.inputChannels, of: Self.block) * pieces(shape.outputChannels, of: Self.block)
    let isHeld = points * tiling.count * pieces(shape.outputChannels, of: 16) * 16 <= Self.held
    return pieces(tiling.count, of: chain) < 4 || (isHeld && blocks >= 4)
  }

  /// Floats from one point's sums to the next, off a power of two.
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

  /// Transformed tiles: for each point a matrix of vectors, tile by tile.
  private struct Transformed {
    var values: Output
    /// Tiles that each vector has room for.
    var tiles: Int
    /// Floats from one point's to the next.
    var stride: Int
  }

  /// Off a power of two.
  private func pointStride(vectors: Int, tiles: Int) -> Int { vectors * tiles * lanes + 16 }

  /// Floats that transformed tiles take.
  private func size(vectors: Int, tiles: Int) -> Int {
    points * pointStride(vectors: vectors, tiles: tiles)
  }

  private func transformed(in memory: Output, vectors: Int, tiles: Int) -> Transformed {
    Transformed(
      values: memory, tiles: tiles, stride: pointStride(vectors: vectors, tiles: tiles))
  }

  /// Channels of the input that are transformed at once, or whose sums are: within 40 MB.
  private var channelsAtOnce: Int {
    let most =
      isBlocked
      ? Self.held / (points * tiling.count)
      : 10_000_000 / (points * pieces(shape.outputChannels, of: 16) * 16)
    return max(64, most / 64 * 64)
  }

  func run(
    sources: [ImageSource], outputGradient dy: UnsafePointer<Float>, target: GradientTarget
  ) {
    let output = ImageSource(dy, channels: shape.outputChannels)
    let zeros = context.takeZeroed(max(shape.inputChannels, shape.outputChannels))
    let nothing = zeros.pointer
    let batches = self.batches(of: sources)
    if isBlocked {
      let tiles = tiling.count
      let gradients = context.buffers.take(size(vectors: outputVectors, tiles: tiles))
      let g = transformed(in: gradients.pointer, vectors: outputVectors, tiles: tiles)
      forEachPart { transformGradient(output, $0, at: $0.lowerBound, nothing, into: g) }
      for batch in batches {
        let inputs = context.buffers.take(size(vectors: vectors(of: batch), tiles: tiles))
        let v = transformed(in: inputs.pointer, vectors: vectors(of: batch), tiles: tiles)
        forEachPart { range in
          for stretch in batch {
            transformInput(stretch, range, at: range.lowerBound, nothing, into: v)
          }
        }
        sumBlocks(batch, v, g, target)
        withExtendedLifetime(inputs) {}
      }
      withExtendedLifetime(gradients) {}
    } else {
      for batch in batches { sumChains(batch, output, nothing, target) }
    }
    withExtendedLifetime(zeros) {}
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

  /// Transforms some tiles' patches of a stretch; the first lands at tile `first` of `v`.
  private func transformInput(
    _ stretch: Stretch, _ range: Range<Int>, at first: Int, _ zeros: Input, into v: Transformed
  ) {
    withScratch { scratch in
      tiling.forEachInput(of: range, in: stretch.source, zeros: zeros) { tile, found in
        tiles.transformInput(
          InputPatch(
            tiling.size, found: found, isDoubled: stretch.source.isDoubled,
            channels: stretch.source.channels,
            normalisation: stretch.source.normalisation?.lazy,
            target: v.values
              + (stretch.vector * v.tiles + first + tile - range.lowerBound) * lanes,
            pointStride: v.stride, vectorStride: v.tiles * lanes),
          scratch: scratch)
      }
    }
  }

  /// The same of the output's gradient.
  private func transformGradient(
    _ output: ImageSource, _ range: Range<Int>, at first: Int, _ zeros: Input,
    into g: Transformed
  ) {
    withScratch { scratch in
      tiling.forEachOutput(of: range, in: output, zeros: zeros) { tile, found in
        tiles.transformOutputGradient(
          InputPatch(
            tiling.size, found: found, channels: output.channels, normalisation: nil,
            target: g.values + (first + tile - range.lowerBound) * lanes,
            pointStride: g.stride, vectorStride: g.tiles * lanes),
          scratch: scratch)
      }
    }
  }

  /// Shares out all tiles, a few at a time.
  private func forEachPart(_ body: @escaping (Range<Int>) -> Void) {
    let part = 16
    context.workers.forEach(chunks: pieces(tiling.count, of: part)) { chunk in
      body(chunk * part..<min(tiling.count, (chunk + 1) * part))
    }
  }

  /// Whether a stretch's transformed values are zero at a point, and have not been written.
  private func isZero(_ stretch: Stretch, at point: Int) -> Bool {
    stretch.source.isDoubled && tiling.size.cancels(at: point)
  }

  /// The sums at one point for the channels of a stretch.
  ///
  /// - Parameter outputVector: The vector of outputs that column 0 begins.
  private func products(
    _ matrix: Int, _ stretch: Stretch, _ v: Transformed, outputVector: Int, _ g: Transformed
  ) -> ChannelSums {
    ChannelSums(
      tiles: tiles, left: v.values + matrix * v.stride + stretch.vector * v.tiles * lanes,
      leftStride: v.tiles * lanes,
      right: g.values + matrix * g.stride + outputVector * g.tiles * lanes,
      rightStride: g.tiles * lanes)
  }

  /// Few tiles: a unit is a block of input channels and one of output channels.
  private func sumBlocks(
    _ stretches: [Stretch], _ v: Transformed, _ g: Transformed, _ target: GradientTarget
  ) {
    let (C, K, block) = (shape.inputChannels, shape.outputChannels, Self.block)
    let sumStride = block * block + 16
    let own = context.buffers.take(context.workers.threads * points * sumStride)
    let blocks = stretches.flatMap { stretch in
      stride(from: 0, to: stretch.source.channels, by: block).map {
        (stretch, $0..<min(stretch.source.channels, $0 + block))
      }
    }
    let columnBlocks = pieces(K, of: block)
    let ownStart = own.pointer
    context.workers.forEach(chunks: blocks.count * columnBlocks) { unit, worker in
      let (stretch, channels) = blocks[unit / columnBlocks]
      let column = unit % columnBlocks * block
      let columns = min(block, K - column)
      let sums = ownStart + worker * points * sumStride
      for p in 0..<points {
        guard !isZero(stretch, at: p) else {
          (sums + p * sumStride).update(repeating: 0, count: channels.count * block)
          continue
        }
        let products = products(p, stretch, v, outputVector: column / lanes, g)
        ChannelSums.forEachTileWidth(of: columns, tiles) { columns in
          for tile in stride(from: 0, to: tiling.count, by: chain) {
            products.sum(
              channels: channels, columns: columns,
              pixels: tile..<min(tiling.count, tile + chain), into: sums + p * sumStride,
              rowStride: block, adds: tile > 0, writesWhole: true, upcoming: { nil })
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
              tiling.size, sums + (c - channels.lowerBound) * block, pointStride: sumStride,
              columns: columns,
              taps: taps.baseAddress!, adds: target.accumulate, scratch: scratch)
          }
        }
      }
    }
    withExtendedLifetime(own) {}
  }

  /// Many tiles: a unit is a chain of them or some.
  ///
  /// What a unit transforms nobody else reads, so it need not leave the core's cache. Its products are
  /// added where those of the unit before have been: a matrix of a block's sums is passed on as soon as
  /// it is complete, and the next unit, which began as early, follows one matrix behind.
  private func sumChains(
    _ stretches: [Stretch], _ output: ImageSource, _ zeros: Input, _ target: GradientTarget
  ) {
    let channels = stretches.reduce(0) { $0 + $1.source.channels }
    let sumStride = sumStride(channels: channels)
    let sums = context.buffers.take(points * sumStride)
    let rowStride = outputVectors * lanes
    // The outputs' gradients are read again for each block of channels; wide blocks read them seldom,
    // narrow ones leave them in the cache.
    let least = tiling.size == .four ? 32 : 64
    let blocks = blocks(of: stretches, channels: max(least, outputVectors / 2 * lanes))
    let vectors = blocks.map { pieces($0.source.channels, of: lanes) }.max()!
    let perChain = points * chain * lanes * (vectors + outputVectors)
    let unit = chain * max(1, Self.heldByCore / perChain)
    let inputSize = size(vectors: vectors, tiles: unit)
    let ownSize = inputSize + size(vectors: outputVectors, tiles: unit)
    let own = context.buffers.take(context.workers.threads * ownSize)
    let (ownStart, allSums) = (own.pointer, sums.pointer)
    let turns = Turns(places: blocks.count * points)
    context.workers.alone { turns.reset() }
    context.workers.forEach(chunks: pieces(tiling.count, of: unit)) { turn, worker in
      let range = turn * unit..<min(tiling.count, (turn + 1) * unit)
      let v = transformed(in: ownStart + worker * ownSize, vectors: vectors, tiles: unit)
      let g = transformed(
        in: ownStart + worker * ownSize + inputSize, vectors: outputVectors, tiles: unit)
      transformGradient(output, range, at: 0, zeros, into: g)
      for (number, block) in blocks.enumerated() {
        transformInput(block, range, at: 0, zeros, into: v)
        for p in 0..<points {
          let matrix = allSums + p * sumStride + block.row * rowStride
          guard !isZero(block, at: p) else {
            if turn == 0 {
              matrix.update(repeating: 0, count: block.source.channels * rowStride)
            }
            continue
          }
          turns.wait(for: turn, at: number * points + p)
          let products = products(p, block, v, outputVector: 0, g)
          ChannelSums.forEachTileWidth(of: shape.outputChannels, tiles) { columns in
            for tile in stride(from: 0, to: range.count, by: chain) {
              products.sum(
                channels: 0..<block.source.channels, columns: columns,
                pixels: tile..<min(range.count, tile + chain), into: matrix,
                rowStride: rowStride, adds: turn > 0 || tile > 0, writesWhole: true,
                upcoming: { nil })
            }
          }
          turns.pass(turn, at: number * points + p)
        }
      }
    }
    for stretch in stretches { finish(stretch, allSums, sumStride, target) }
    withExtendedLifetime((sums, own)) {}
  }

  /// The stretches, cut into blocks of channels that are each transformed into the same memory.
  private func blocks(of stretches: [Stretch], channels width: Int) -> [Stretch] {
    stretches.flatMap { stretch in
      stride(from: 0, to: stretch.source.channels, by: width).map { channel in
        let range = channel..<min(stretch.source.channels, channel + width)
        return Stretch(
          source: stretch.source.part(range), first: stretch.first + channel,
          row: stretch.row + channel, vector: 0)
      }
    }
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
              tiling.size, sums + (stretch.row + c) * rowStride, pointStride: sumStride, columns: K,
              taps: taps.baseAddress!, adds: target.accumulate, scratch: scratch)
          }
        }
      }
    }
  }
}
