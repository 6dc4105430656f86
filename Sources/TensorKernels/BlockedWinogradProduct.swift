internal import CHints
internal import Tiles

/// A 3x3 convolution of stride 1 in Winograd's form, for many weights and few tiles.
///
/// Transformed weights are four times as large: where they leave the caches, writing and reading
/// them costs more than all products. Here they never leave: a unit of work is a stretch of output
/// channels and a block of tiles, and the thread that takes it transforms the weights of sixty-four
/// input channels at a time, multiplies, and forgets them. The blocks' tiles are transformed
/// beforehand by all threads, as many input channels at a time as stay in the outer cache.
struct BlockedWinogradProduct {
  /// `[3, 3, inputs, outputs]` as the forward pass has them.
  enum Weights {
    case forward(UnsafePointer<Float>)
    /// Taps in reverse and channels exchanged: what takes gradients back.
    case backward(UnsafePointer<Float>)
  }

  let tiling: WinogradTiling
  let inputChannels: Int
  let outputChannels: Int
  let context: KernelContext

  /// Input channels of one chain of sums.
  private static let depth = 64
  /// Floats from one tile's row to the next: transforms write whole vectors, and where a source ends
  /// in the midst of one, its last runs past the end of the row.
  private static let rowStride = depth + 16
  /// Output channels of a unit.
  private static let columns = 64
  /// Tiles of a unit: with its weights they fill one and a half megabytes of a core's cache.
  private static let tilesPerBlock = 96
  /// Rows of a matrix that are multiplied before others are: two of the tallest tiles.
  private static let rowsAtOnce = 24
  /// Floats that transformed tiles, and that sums, may take at once.
  private static let limit = 1_500_000

  private var tiles: any TileKernels.Type { context.tiles }
  private var points: Int { tiling.points }

  /// How the tiles are cut into blocks, by shape.
  private var tilesPerBlock: Int {
    pieces(tiling.count, of: pieces(tiling.count, of: Self.tilesPerBlock))
  }
  private var blocks: Int { pieces(tiling.count, of: tilesPerBlock) }
  /// Rows of a block's matrices: whole sixes.
  private var rows: Int { pieces(tilesPerBlock, of: 6) * 6 }
  private var depths: Int { pieces(inputChannels, of: Self.depth) }
  private var units: Int { pieces(outputChannels, of: Self.columns) }

  // Floats from one point's matrix to the next, off a power of two.
  private var inputStride: Int { rows * Self.rowStride + 16 }
  private var weightStride: Int { Self.depth * Self.columns + 16 }
  private var sumStride: Int { rows * Self.columns + 16 }

  /// - Parameters:
  ///   - sources: Stretches of the input's channels, in order.
  ///   - targets: Stretches of the output's channels, in order; an epilogue is for one target.
  func run(
    sources: [ImageSource], weights: Weights, targets: [ImageTarget],
    epilogue: ConvolutionEpilogue = ConvolutionEpilogue()
  ) {
    let (doubled, halved) = (sources.doubledChannels, targets.halvedChannels)
    // Sums that are complete after one round stay in the memory of the thread that makes them.
    let isOneRound = depths * points * inputStride <= Self.limit
    let heldByBlock = points * (isOneRound ? depths * inputStride : units * sumStride)
    let blocksAtOnce = min(blocks, max(1, Self.limit / heldByBlock))
    let depthsAtOnce =
      isOneRound ? depths : min(depths, max(1, Self.limit / (blocksAtOnce * points * inputStride)))
    let inputs = context.buffers.take(blocksAtOnce * depthsAtOnce * points * inputStride)
    let sums = context.buffers.take(
      (isOneRound ? context.workers.threads : blocksAtOnce * units) * points * sumStride)
    let own = points * weightStride + 9 * Self.depth * Self.columns
    let scratch = context.buffers.take(context.workers.threads * own)
    let zeros = context.takeZeroed(Self.depth)
    let parts = epilogue.statistics.map { _ in
      (0..<units).map { unit in
        ChunkStatistics(channels: columns(of: unit).count, chunks: blocks, on: context)
      }
    }
    let statistics = parts?.map(\.rows)
    let unitTargets = (0..<units).map { targets.parts(columns(of: $0)) }
    let (allInputs, allSums, memory) = (inputs.pointer, sums.pointer, scratch.pointer)
    for first in stride(from: 0, to: blocks, by: blocksAtOnce) {
      let group = first..<min(blocks, first + blocksAtOnce)
      for depth in stride(from: 0, to: depths, by: depthsAtOnce) {
        let range = depth..<min(depths, depth + depthsAtOnce)
        read(sources, group, range, into: inputs.pointer, zeros: zeros.pointer)
        context.workers.forEach(chunks: group.count * units) { chunk, worker in
          let block = chunk / units
          let unit = chunk % units
          let columns = self.columns(of: unit)
          let packed = memory + worker * own
          let sums = allSums + (isOneRound ? worker : chunk) * points * sumStride
          multiply(
            allInputs + block * range.count * points * inputStride, range, by: weights,
            columns, doubled: doubled, halved: halved, into: sums, packed: packed,
            transposed: packed + points * weightStride)
          guard range.upperBound == depths else { return }
          withScratch { small in
            tiling.write(
              sums, stride: sumStride, rowStride: Self.columns, self.range(of: first + block),
              to: unitTargets[unit], epilogue.from(columns.lowerBound),
              statistics: statistics?[unit][first + block], small, tiles: tiles)
          }
        }
      }
    }
    withExtendedLifetime((inputs, sums, scratch, zeros)) {}
    guard let parts, let statistics = epilogue.statistics else { return }
    for (unit, part) in parts.enumerated() {
      part.join(into: statistics.from(columns(of: unit).lowerBound)) { block in
        range(of: block).reduce(0) { $0 + tiling.pixels(of: $1) }
      }
    }
  }

  private func columns(of unit: Int) -> Range<Int> {
    unit * Self.columns..<min(outputChannels, (unit + 1) * Self.columns)
  }

  private func range(of block: Int) -> Range<Int> {
    block * tilesPerBlock..<min(tiling.count, (block + 1) * tilesPerBlock)
  }

  /// Transforms the tiles of some blocks: for each depth and point a matrix of `rows` by sixty-four.
  private func read(
    _ sources: [ImageSource], _ group: Range<Int>, _ depths: Range<Int>, into inputs: Output,
    zeros: UnsafePointer<Float>
  ) {
    let stretches = stretches(of: sources).filter { depths.contains($0.depth) }
    let inputsPerBlock = depths.count * points * inputStride
    let perChunk = 8
    let chunksPerBlock = pieces(rows, of: perChunk)
    context.workers.forEach(chunks: group.count * chunksPerBlock) { chunk in
      let block = chunk / chunksPerBlock
      let range = range(of: group.lowerBound + block)
      let first = chunk % chunksPerBlock * perChunk
      let last = min(rows, first + perChunk)
      let real = min(first, range.count)..<min(last, range.count)
      let target = inputs + block * inputsPerBlock
      withScratch { scratch in
        tiling.forEachTurn(
          of: range.lowerBound + real.lowerBound..<range.lowerBound + real.upperBound,
          channels: stretches.lazy.map(\.source.channels)
        ) { some in
          for stretch in stretches {
            tiling.forEachInput(of: some, in: stretch.source, zeros: zeros) { tile, found in
              tiles.transformInput(
                InputPatch(
                  tiling.size, found: found, isDoubled: stretch.source.isDoubled,
                  channels: stretch.source.channels,
                  normalisation: stretch.source.normalisation?.lazy,
                  target: target + (tile - range.lowerBound) * Self.rowStride
                    + (stretch.depth - depths.lowerBound) * points * inputStride + stretch.offset,
                  pointStride: inputStride, vectorStride: tiles.lanes),
                scratch: scratch)
            }
          }
        }
      }
      for row in max(first, real.upperBound)..<last {
        clear(row: target + row * Self.rowStride, matrices: depths.count * points)
      }
    }
  }

  /// A row that fills the last six is multiplied too, and never read.
  private func clear(row: Output, matrices: Int) {
    for matrix in 0..<matrices {
      (row + matrix * inputStride).update(repeating: 0, count: Self.depth)
    }
  }

  /// A stretch of a source's channels that lies in one depth.
  private struct Stretch {
    var source: ImageSource
    var depth: Int
    /// Its first channel's place there.
    var offset: Int
  }

  private func stretches(of sources: [ImageSource]) -> [Stretch] {
    var stretches: [Stretch] = []
    var place = 0
    for source in sources {
      var channel = 0
      while channel < source.channels {
        let offset = place % Self.depth
        let count = min(source.channels - channel, Self.depth - offset)
        stretches.append(
          Stretch(
            source: source.part(channel..<channel + count), depth: place / Self.depth,
            offset: offset))
        channel += count
        place += count
      }
    }
    return stretches
  }

  /// - Parameters:
  ///   - doubled: The first channels of the input, which are zero where a point cancels.
  ///   - halved: The first channels of the output, which need nothing there.
  private func multiply(
    _ inputs: UnsafePointer<Float>, _ depths: Range<Int>, by weights: Weights,
    _ columns: Range<Int>, doubled: Int, halved: Int, into sums: Output, packed: Output,
    transposed: Output
  ) {
    let lanes = tiles.lanes
    if depths.lowerBound == 0, doubled == inputChannels {
      tiling.clearCancelling(sums, stride: sumStride, count: rows * Self.columns)
    }
    for d in depths {
      let channels = d * Self.depth..<min(inputChannels, (d + 1) * Self.depth)
      let panels = Panels(columns: columns.count, depth: channels.count, lanes: lanes)
      let unhalved = panels.from(column: halved - columns.lowerBound)
      let omitsCancelling = channels.upperBound <= doubled || unhalved.isEmpty
      transform(
        weights, channels, columns, panels, omitsCancelling: omitsCancelling, into: packed,
        transposed: transposed)
      tiling.forEachPoint(omitsCancelling: omitsCancelling) { p, following in
        let cancels = tiling.size.cancels(at: p)
        let start = cancels ? doubled : 0
        let first = max(start, channels.lowerBound)
        let needed = cancels ? unhalved : 0..<panels.count
        let matrix = inputs + ((d - depths.lowerBound) * points + p) * inputStride
        for row in stride(from: 0, to: rows, by: Self.rowsAtOnce) {
          let count = min(Self.rowsAtOnce, rows - row)
          // The next matrix comes from afar, and is read once: it is asked for row by row, so that
          // products hide the wait, and by the time of its turn it is here.
          let next = matrix + (following - p) * inputStride + row * Self.rowStride
          for panel in needed {
            let vectors = panels.vectors(in: panel)
            tiles.multiply(
              matrix + row * Self.rowStride + first - channels.lowerBound, stride: Self.rowStride,
              rows: count, depth: channels.upperBound - first,
              panel: packed + p * weightStride + panels.offset(of: panel)
                + (first - channels.lowerBound) * vectors * lanes,
              vectors: vectors,
              output: sums + p * sumStride + row * Self.columns + panels.start(of: panel),
              outputStride: Self.columns, adds: first > start,
              nextRows: panel == needed.lowerBound ? next : nil, nextPanel: nil)
          }
        }
      }
    }
  }

  /// Transforms the weights between some input and some output channels.
  private func transform(
    _ weights: Weights, _ channels: Range<Int>, _ columns: Range<Int>, _ panels: Panels,
    omitsCancelling: Bool, into packed: Output, transposed: Output
  ) {
    withScratch { scratch in
      withUnsafeTemporaryAllocation(of: Input.self, capacity: 9) { taps in
        if case .backward(let w) = weights {
          for t in 0..<9 {
            transpose(
              w + ((8 - t) * outputChannels + columns.lowerBound) * inputChannels
                + channels.lowerBound,
              rows: columns.count, columns: channels.count, stride: inputChannels,
              into: transposed + t * Self.depth * Self.columns, targetStride: Self.columns)
          }
        }
        for c in channels {
          for t in 0..<9 {
            switch weights {
            case .forward(let w):
              let row = w + (t * inputChannels + c) * outputChannels + columns.lowerBound
              for i in stride(from: 0, to: Self.columns, by: 16) {
                prefetch_line(row + 8 * outputChannels + i)
              }
              taps[t] = row
            case .backward:
              let row = t * Self.depth + c - channels.lowerBound
              taps[t] = UnsafePointer(transposed + row * Self.columns)
            }
          }
          tiles.transformWeights(
            tiling.size, taps: taps.baseAddress!, channel: c - channels.lowerBound, panels: panels,
            target: packed, pointStride: weightStride,
            omitsCancelling: omitsCancelling, scratch: scratch)
        }
      }
    }
  }
}
