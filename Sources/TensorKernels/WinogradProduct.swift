internal import Tiles

/// A 3x3 convolution of stride 1 in Winograd's form, forward or back to the input.
///
/// A chunk is a stretch of tiles: their patches are transformed, products with the transformed weights
/// at all points follow, and the results are transformed back, all in memory of the thread's own that
/// stays in its cache. Chunks are cut by shape alone, and each output belongs to one chunk.
struct WinogradProduct {
  let tiling: WinogradTiling
  let inputChannels: Int
  let outputChannels: Int
  let context: KernelContext

  /// The forward pass of a convolution.
  init(_ shape: ConvolutionShape, on context: KernelContext) {
    self.init(
      tiling: WinogradTiling(shape), inputChannels: shape.inputChannels,
      outputChannels: shape.outputChannels, context: context)
  }

  init(
    tiling: WinogradTiling, inputChannels: Int, outputChannels: Int, context: KernelContext
  ) {
    self.tiling = tiling
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.context = context
  }

  /// Sums over more channels than this are made in parts: short chains round less.
  private static let chain = 128

  private var tiles: any TileKernels.Type { context.tiles }
  private var lanes: Int { tiles.lanes }
  private var points: Int { tiling.points }
  private var panels: Panels {
    Panels(columns: outputChannels, depth: inputChannels, lanes: lanes)
  }
  /// Channels of the transformed input and output, in whole vectors.
  private var paddedInputs: Int { pieces(inputChannels, of: 16) * 16 }
  private var paddedOutputs: Int { pieces(outputChannels, of: 16) * 16 }

  /// Floats from one point's matrix to the next: off a power of two, here and below, so that
  /// they do not fall on the same lines of the cache.
  private var weightStride: Int { panels.size + 16 }

  /// Transforms weights `[3, 3, inputs, outputs]`; the result goes to `run`.
  func transform(weights: UnsafePointer<Float>) -> Buffer {
    let packed = context.buffers.take(points * weightStride)
    let target = packed.pointer
    let rows = 16
    context.workers.forEach(chunks: pieces(inputChannels, of: rows)) { chunk in
      withScratch { scratch in
        withUnsafeTemporaryAllocation(of: Input.self, capacity: 9) { taps in
          for c in chunk * rows..<min(inputChannels, (chunk + 1) * rows) {
            for t in 0..<9 {
              taps[t] = weights + (t * inputChannels + c) * outputChannels
            }
            tiles.transformWeights(
              tiling.size, taps: taps.baseAddress!, channel: c, panels: panels,
              target: target, pointStride: weightStride, omitsCancelling: false,
              scratch: scratch)
          }
        }
      }
    }
    return packed
  }

  /// Whether transformed weights take more than a megabyte, and leave a core's cache before they are
  /// read again.
  private var weightsAreHeavy: Bool { points * inputChannels * outputChannels > 262_144 }

  /// Tiles of a chunk, by shape: few enough for the cache, many enough to pay for reading the
  /// weights, of a few chunks a multiple of four for threads to share, and whole sixes, since rows are
  /// multiplied so.
  private var tilesPerChunk: Int {
    let cached = 150_000 / (points * (paddedInputs + paddedOutputs))
    let wanted = min(48, max(cached, weightsAreHeavy ? 32 : 12))
    let chunks = pieces(tiling.count, of: wanted / 6 * 6)
    let even = chunks < 16 ? pieces(chunks, of: 4) * 4 : chunks
    return pieces(pieces(tiling.count, of: even), of: 6) * 6
  }

  private var chunks: Int { pieces(tiling.count, of: tilesPerChunk) }

  /// - Parameters:
  ///   - sources: Stretches of the input's channels, in order.
  ///   - targets: Stretches of the output's channels, in order; an epilogue is for one target.
  func run(
    sources: [ImageSource], weights packed: UnsafePointer<Float>, targets: [ImageTarget],
    epilogue: ConvolutionEpilogue = ConvolutionEpilogue()
  ) {
    let perChunk = tilesPerChunk
    let inputStride = perChunk * paddedInputs + 16
    let outputStride = perChunk * paddedOutputs + 16
    let scratch = context.buffers.take(
      context.workers.threads * points * (inputStride + outputStride))
    let zeros = context.takeZeroed(paddedInputs)
    let (own, nothing) = (scratch.pointer, zeros.pointer)
    let (doubled, halved) = (sources.doubledChannels, targets.halvedChannels)
    let parts = epilogue.statistics.map { _ in
      ChunkStatistics(channels: outputChannels, chunks: chunks, on: context)
    }
    let rows = parts?.rows
    context.workers.forEach(chunks: chunks) { chunk, worker in
      let v = own + worker * points * (inputStride + outputStride)
      let m = v + points * inputStride
      let range = chunk * perChunk..<min(tiling.count, (chunk + 1) * perChunk)
      withScratch { small in
        read(sources, range, into: v, stride: inputStride, zeros: nothing, small)
        multiply(
          v, inputStride, packed, m, outputStride, rows: pieces(range.count, of: 6) * 6,
          doubled: doubled, halved: halved)
        tiling.write(
          m, stride: outputStride, rowStride: paddedOutputs, range, to: targets, epilogue,
          statistics: rows?[chunk], small, tiles: tiles)
      }
    }
    withExtendedLifetime((scratch, zeros)) {}
    if let parts, let statistics = epilogue.statistics {
      parts.join(into: statistics) { chunk in
        (chunk * perChunk..<min(tiling.count, (chunk + 1) * perChunk)).reduce(0) {
          $0 + tiling.pixels(of: $1)
        }
      }
    }
  }

  private func read(
    _ sources: [ImageSource], _ range: Range<Int>, into v: Output, stride: Int,
    zeros: UnsafePointer<Float>, _ small: Output
  ) {
    tiling.forEachTurn(of: range, channels: sources.lazy.map(\.channels)) { some in
      var first = v
      for source in sources {
        tiling.forEachInput(of: some, in: source, zeros: zeros) { tile, found in
          tiles.transformInput(
            InputPatch(
              tiling.size, found: found, isDoubled: source.isDoubled, channels: source.channels,
              normalisation: source.normalisation?.lazy,
              target: first + (tile - range.lowerBound) * paddedInputs, pointStride: stride,
              vectorStride: lanes),
            scratch: small)
        }
        first += source.channels
      }
    }
    // Rows that fill the last block of six are multiplied too, and never read.
    let last = pieces(range.count, of: 6) * 6
    if last > range.count {
      for p in 0..<points {
        (v + p * stride + range.count * paddedInputs).update(
          repeating: 0, count: (last - range.count) * paddedInputs)
      }
    }
  }

  /// - Parameters:
  ///   - doubled: The first channels of the input, which are zero where a point cancels.
  ///   - halved: The first channels of the output, which need nothing there.
  private func multiply(
    _ v: UnsafePointer<Float>, _ inputStride: Int, _ packed: UnsafePointer<Float>, _ m: Output,
    _ outputStride: Int, rows: Int, doubled: Int, halved: Int
  ) {
    let panels = self.panels
    let depth = pieces(inputChannels, of: pieces(inputChannels, of: Self.chain))
    let unhalved = panels.from(column: halved)
    if doubled == inputChannels {
      tiling.clearCancelling(m, stride: outputStride, count: rows * paddedOutputs)
    }
    let omitsCancelling = doubled == inputChannels || unhalved.isEmpty
    tiling.forEachPoint(omitsCancelling: omitsCancelling) { p, following in
      let cancels = tiling.size.cancels(at: p)
      let start = cancels ? doubled : 0
      let matrix = packed + p * weightStride
      for chain in stride(from: start / depth * depth, to: inputChannels, by: depth) {
        let first = max(start, chain)
        for panel in cancels ? unhalved : 0..<panels.count {
          let vectors = panels.vectors(in: panel)
          let block = matrix + panels.offset(of: panel) + first * vectors * lanes
          tiles.multiply(
            v + p * inputStride + first, stride: paddedInputs, rows: rows,
            depth: min(chain + depth, inputChannels) - first, panel: block, vectors: vectors,
            output: m + p * outputStride + panels.start(of: panel), outputStride: paddedOutputs,
            adds: first > start, nextRows: nil,
            nextPanel: weightsAreHeavy && following < points
              ? block + (following - p) * weightStride : nil)
        }
      }
    }
  }
}

/// Memory for one tile's half-transformed values: sixty-four vectors, on the stack, and each in one
/// line of the cache.
func withScratch(_ body: (UnsafeMutablePointer<Float>) -> Void) {
  var memory = (Scratch(), Scratch(), Scratch(), Scratch(), SIMD16<Float>())
  withUnsafeMutableBytes(of: &memory) {
    body($0.baseAddress!.alignedUp(toMultipleOf: 64).assumingMemoryBound(to: Float.self))
  }
}

/// A kilobyte. Temporary allocations of more than that come from the heap.
private struct Scratch {
  private let memory = (SIMD64<Float>(), SIMD64<Float>(), SIMD64<Float>(), SIMD64<Float>())
}
