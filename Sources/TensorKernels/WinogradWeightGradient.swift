internal import Tiles

/// The weights' gradient of a 3x3 convolution of stride 1 in Winograd's form: patches of the input
/// and of the output's gradient are transformed, their 36 products are summed over tiles, and the
/// sums are transformed to 3x3.
///
/// Stretches of tiles follow each other; within one, all threads first transform, then each sums
/// matrices of its own, so the order of the sums depends on the shape alone.
struct WinogradWeightGradient {
  let shape: ConvolutionShape
  let tiling: WinogradTiling
  let context: KernelContext

  /// Tiles that one chain of sums runs over.
  private static let chain = 128

  private var tiles: any TileKernels.Type { context.tiles }
  private var lanes: Int { tiles.lanes }

  init(_ shape: ConvolutionShape, on context: KernelContext) {
    self.shape = shape
    tiling = WinogradTiling(shape)
    self.context = context
  }

  /// Floats from one of the 36 sums to the next, off a power of two.
  private func sumStride(channels: Int) -> Int {
    channels * pieces(shape.outputChannels, of: lanes) * lanes + 16
  }

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

  /// Channels of the input whose sums are made at once: within 40 MB.
  private var channelsAtOnce: Int {
    max(64, 10_000_000 / (36 * pieces(shape.outputChannels, of: 16) * 16) / 64 * 64)
  }

  func run(
    sources: [ImageSource], outputGradient dy: UnsafePointer<Float>, target: GradientTarget
  ) {
    var batch: [Stretch] = []
    var channels = 0
    var first = 0
    for source in sources {
      for channel in stride(from: 0, to: source.channels, by: channelsAtOnce) {
        let range = channel..<min(source.channels, channel + channelsAtOnce)
        if channels + range.count > channelsAtOnce, !batch.isEmpty {
          run(batch, outputGradient: dy, target: target)
          (batch, channels) = ([], 0)
        }
        let vector = batch.last.map { $0.vector + pieces($0.source.channels, of: lanes) } ?? 0
        batch.append(
          Stretch(
            source: source.part(range), first: first + channel, row: channels, vector: vector))
        channels += range.count
      }
      first += source.channels
    }
    run(batch, outputGradient: dy, target: target)
  }

  private func run(
    _ stretches: [Stretch], outputGradient dy: UnsafePointer<Float>, target: GradientTarget
  ) {
    let (C, K) = (stretches.reduce(0) { $0 + $1.source.channels }, shape.outputChannels)
    let vectors = stretches.reduce(0) { $0 + pieces($1.source.channels, of: lanes) }
    let sumStride = sumStride(channels: C)
    let outputVectors = pieces(K, of: lanes)
    let width = (vectors + outputVectors) * lanes
    // As many tiles as an eighth of a large cache holds, and no fewer than one chain.
    let perStretch =
      min(
        pieces(tiling.count, of: Self.chain),
        max(1, 1_500_000 / (36 * width * Self.chain))) * Self.chain
    let tilesHeld = min(tiling.count, perStretch)
    let inputStride = vectors * tilesHeld * lanes + 16
    let gradientStride = outputVectors * tilesHeld * lanes + 16
    let v = context.buffers.take(36 * inputStride)
    let g = context.buffers.take(36 * gradientStride)
    let sums = context.buffers.take(36 * sumStride)
    let zeros = context.buffers.takeZeroed(max(C, K))
    let output = ImageSource(dy, channels: K)
    withExtendedLifetime((v, g, sums, zeros)) {
      for start in stride(from: 0, to: tiling.count, by: perStretch) {
        let range = start..<min(tiling.count, start + perStretch)
        read(
          stretches, output, range, held: tilesHeld, v.pointer, inputStride, g.pointer,
          gradientStride, zeros.pointer)
        sum(
          stretches, count: range.count, held: tilesHeld, v.pointer, inputStride, g.pointer,
          gradientStride, sums.pointer, sumStride, isFirst: start == 0)
      }
      for stretch in stretches { finish(stretch, sums.pointer, sumStride, target) }
    }
  }

  private func read(
    _ stretches: [Stretch], _ output: ImageSource, _ range: Range<Int>, held: Int, _ v: Output,
    _ inputStride: Int, _ g: Output, _ gradientStride: Int, _ zeros: UnsafePointer<Float>
  ) {
    let perChunk = 16
    context.workers.forEach(chunks: pieces(range.count, of: perChunk)) { chunk in
      withScratch { scratch in
        withUnsafeTemporaryAllocation(of: Input.self, capacity: 36) { pixels in
          let pixels = pixels.baseAddress!
          for t in chunk * perChunk..<min(range.count, (chunk + 1) * perChunk) {
            let place = tiling.place(of: range.lowerBound + t)
            for stretch in stretches {
              let inside = tiling.findInput(place, in: stretch.source, zeros: zeros, pixels: pixels)
              tiles.transformInput(
                InputPatch(
                  pixels: pixels, inside: inside, channels: stretch.source.channels,
                  normalisation: stretch.source.normalisation?.lazy,
                  target: v + (stretch.vector * held + t) * lanes,
                  pointStride: inputStride, vectorStride: held * lanes),
                scratch: scratch)
            }
            for stretch in stretches {
              tiling.prefetchInput(after: range.lowerBound + t, in: stretch.source)
            }
            tiling.prefetchOutput(after: range.lowerBound + t, in: output)
            let inside = tiling.findOutput(place, in: output, zeros: zeros, pixels: pixels)
            tiles.transformOutputGradient(
              InputPatch(
                pixels: pixels, inside: inside, channels: output.channels, normalisation: nil,
                target: g + t * lanes, pointStride: gradientStride, vectorStride: held * lanes),
              scratch: scratch)
          }
        }
      }
    }
  }

  private func sum(
    _ stretches: [Stretch], count: Int, held: Int, _ v: UnsafePointer<Float>, _ inputStride: Int,
    _ g: UnsafePointer<Float>, _ gradientStride: Int, _ sums: Output, _ sumStride: Int,
    isFirst: Bool
  ) {
    let lanes = self.lanes
    let outputVectors = pieces(shape.outputChannels, of: lanes)
    let rowStride = outputVectors * lanes
    let panels = pieces(outputVectors, of: 2)
    // A unit is one of the 36 matrices and a group of its panels: 72 or more where there are any.
    let groups = min(panels, 4)
    context.workers.forEach(chunks: 36 * groups) { unit in
      let p = unit / groups
      let target = sums + p * sumStride
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { spill in
        withUnsafeTemporaryAllocation(of: Output.self, capacity: 8) { outputs in
          let spill = spill.baseAddress!
          let outputs = outputs.baseAddress!
          for panel in stride(from: unit % groups, to: panels, by: groups) {
            let vectors = min(2, outputVectors - panel * 2)
            let height = tiles.sumHeight(vectors: vectors)
            for tile in stride(from: 0, to: count, by: Self.chain) {
              for stretch in stretches {
                for c in stride(from: 0, to: stretch.source.channels, by: lanes) {
                  let channels = min(lanes, stretch.source.channels - c)
                  let left =
                    v + p * inputStride + ((stretch.vector + c / lanes) * held + tile) * lanes
                  var run = Run(
                    left: left,
                    right: g + p * gradientStride + (panel * 2 * held + tile) * lanes,
                    count: min(Self.chain, count - tile), step: lanes, distance: held * lanes)
                  for row in stride(from: 0, to: channels, by: height) {
                    for r in 0..<height {
                      outputs[r] =
                        row + r < channels
                        ? target + (stretch.row + c + row + r) * rowStride + panel * 2 * lanes
                        : spill + r * 32
                    }
                    tiles.sum(
                      runs: &run, count: 1, offset: row, stride: lanes, vectors: vectors,
                      outputs: outputs, adds: !isFirst || tile > 0)
                  }
                }
              }
            }
          }
        }
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
              sums + (stretch.row + c) * rowStride, pointStride: sumStride, columns: K,
              taps: taps.baseAddress!, adds: target.accumulate, scratch: scratch)
          }
        }
      }
    }
  }
}
