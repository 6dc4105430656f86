internal import Tiles

typealias Input = UnsafePointer<Float>
typealias Output = UnsafeMutablePointer<Float>

/// The product of a matrix that is gathered and one that is packed: every convolution, forward and
/// backward, and every plain matrix product.
///
/// A row of the left matrix is `taps` stretches of `depth` contiguous floats, found by pointers
/// (Dukhan, *The Indirect Convolution Algorithm*, 2019), so nothing is copied. Work is cut into
/// chunks of rows and groups of panels by shape alone; each output is summed by one thread, block by
/// block of about 64 elements of depth, each from zero: short chains round less, and a block of a
/// panel stays in the first-level cache.
struct GatheredProduct {
  var rows: Int
  var taps: Int
  var depth: Int
  var panels: Panels
  var tiles: any TileKernels.Type

  /// Fills, for rows `first ..< first + count`, the input pointers (six for each tap of each block
  /// of six rows) and the output pointers (six for each block).
  typealias Gather = (
    _ first: Int, _ count: Int, _ inputs: UnsafeMutablePointer<Input>,
    _ outputs: UnsafeMutablePointer<Output>
  ) -> Void

  /// How the work is cut: into chunks of rows, some of which are cut by panels too.
  private struct Cut {
    private let panels: Int
    /// Chunks of rows that take all panels, from the first.
    private let whole: Int
    private let groups: Int
    let count: Int

    /// With few rows there are sixteen chunks or more, where there are panels enough. With many, only
    /// the last two chunks of rows are cut, so that no thread waits long for another's last chunk.
    init(rowChunks: Int, panels: Int) {
      self.panels = panels
      let isMany = rowChunks > 8
      whole = isMany ? rowChunks - 2 : 0
      groups = min(panels, isMany ? 2 : 16 / max(1, rowChunks))
      count = whole + (rowChunks - whole) * groups
    }

    /// A chunk's rows and its panels, of which the last may have none.
    subscript(chunk: Int) -> (rows: Int, panels: Range<Int>) {
      if chunk < whole { return (chunk, 0..<panels) }
      let (rows, group) = (chunk - whole).quotientAndRemainder(dividingBy: groups)
      let size = pieces(panels, of: groups)
      let first = min(panels, group * size)
      return (whole + rows, first..<min(panels, first + size))
    }
  }

  private struct DepthBlock {
    var tap: Int
    var taps: Int
    var offset: Int
    var depth: Int
  }

  /// - Parameters:
  ///   - accumulate: Whether the product is added to what the output holds; excludes an epilogue.
  ///   - epilogue: Its bias is padded to whole panels.
  ///   - output: Where the output begins.
  ///   - normalisation: Applied to each row of a single tap as it is read.
  func run(
    packed: UnsafePointer<Float>, accumulate: Bool, epilogue: ConvolutionEpilogue, output: Output,
    normalisation: AppliedNormalisation? = nil, on context: KernelContext,
    gather: Gather
  ) {
    precondition(normalisation == nil || taps == 1, "zeros around an image are not normalised")
    let work = taps * depth * panels.columns
    // Small products take longer chunks, so that a chunk stays a microsecond or more.
    let rowsPerChunk = work < 8_192 ? 384 : 96
    let rowChunks = pieces(rows, of: rowsPerChunk)
    let cut = Cut(rowChunks: rowChunks, panels: panels.count)
    let blocks = depthBlocks
    let parts = epilogue.statistics.map { _ in
      ChunkStatistics(channels: panels.columns, chunks: rowChunks, on: context)
    }
    // Two floats for each pointer: the thread's own inputs, then its outputs.
    let rowBlocks = pieces(min(rowsPerChunk, rows), of: 6)
    let pointers = context.buffers.take(context.workers.threads * rowBlocks * (taps + 1) * 12)
    let normalised = normalisation.map { _ in
      context.buffers.take(context.workers.threads * min(rowsPerChunk, rows) * normalisedStride)
    }
    context.workers.forEach(chunks: cut.count) { chunk, worker in
      let (rowChunk, range) = cut[chunk]
      guard !range.isEmpty else { return }
      let first = rowChunk * rowsPerChunk
      let own = UnsafeMutableRawPointer(pointers.pointer + worker * rowBlocks * (taps + 1) * 12)
      runChunk(
        inputs: own.assumingMemoryBound(to: Input.self),
        outputs: (own + rowBlocks * taps * 48).assumingMemoryBound(to: Output.self), first: first,
        count: min(rowsPerChunk, rows - first), panels: range,
        blocks: blocks, packed: packed, accumulate: accumulate, epilogue: epilogue, output: output,
        statistics: parts.map { $0.rows(of: rowChunk) }
      ) { first, count, inputs, outputs in
        gather(first, count, inputs, outputs)
        guard let normalisation, let normalised else { return }
        normalise(
          inputs, count, normalisation,
          into: normalised.pointer + worker * min(rowsPerChunk, rows) * normalisedStride)
      }
    }
    withExtendedLifetime(pointers) {}
    if let parts, let statistics = epilogue.statistics {
      parts.join(into: statistics) { min(rowsPerChunk, rows - $0 * rowsPerChunk) }
    }
  }

  private var depthBlocks: [DepthBlock] {
    // Rounding grows with the length of a chain of sums. Chains of 64 halve the error that chains of
    // 384 leave in a ResNet's activations, and cost no time: measured on a U-Net's training step.
    let target = 64
    var blocks: [DepthBlock] = []
    if depth > target {
      let size = pieces(pieces(depth, of: pieces(depth, of: target)), of: 8) * 8
      blocks.reserveCapacity(taps * pieces(depth, of: size))
      for tap in 0..<taps {
        for offset in stride(from: 0, to: depth, by: size) {
          blocks.append(
            DepthBlock(tap: tap, taps: 1, offset: offset, depth: min(size, depth - offset)))
        }
      }
    } else {
      let size = pieces(taps, of: pieces(taps * depth, of: target))
      blocks.reserveCapacity(pieces(taps, of: size))
      for tap in stride(from: 0, to: taps, by: size) {
        blocks.append(DepthBlock(tap: tap, taps: min(size, taps - tap), offset: 0, depth: depth))
      }
    }
    return blocks
  }

  private func runChunk(
    inputs: UnsafeMutablePointer<Input>, outputs: UnsafeMutablePointer<Output>, first: Int,
    count: Int, panels range: Range<Int>, blocks: [DepthBlock],
    packed: UnsafePointer<Float>, accumulate: Bool, epilogue: ConvolutionEpilogue, output: Output,
    statistics: UnsafeMutablePointer<Float>?, gather: Gather
  ) {
    let rowBlocks = pieces(count, of: 6)
    gather(first, count, inputs, outputs)
    fillLastBlock(inputs, blocks: rowBlocks, count: count)
    func start(of block: DepthBlock, in panel: Int) -> Input {
      packed + panels.offset(of: panel)
        + (block.tap * depth + block.offset) * panels.vectors(in: panel) * panels.lanes
    }
    for (b, block) in blocks.enumerated() {
      let later = b + 1 < blocks.count ? blocks[b + 1] : nil
      for panel in range {
        let column = panels.start(of: panel)
        let vectors = panels.vectors(in: panel)
        let isLast = panel + 1 == range.upperBound
        let upcoming = UpcomingBlock(
          panel: isLast
            ? start(of: later ?? block, in: range.lowerBound) : start(of: block, in: panel + 1),
          rows: later.map {
            UpcomingRows(
              tap: $0.tap, offset: $0.offset, part: panel - range.lowerBound, parts: range.count)
          })
        tiles.multiplyGathered(
          inputs: inputs, tapsPerRow: taps, firstTap: block.tap, taps: block.taps,
          offset: block.offset, depth: block.depth,
          panel: start(of: block, in: panel), vectors: vectors, outputs: outputs, column: column,
          start: accumulate || b > 0
            ? .output : epilogue.bias.map { .columns($0 + column) } ?? .zero,
          rows: count, used: panels.used(in: panel), upcoming: upcoming)
        guard later == nil else { continue }
        epilogue.finish(
          rows: outputs, count: count, columns: panels.columns(of: panel..<panel + 1),
          base: output, statistics: statistics, rowStride: pieces(panels.columns, of: 16) * 16,
          tiles: tiles)
      }
    }
  }

  /// Floats of a row's normalised copy: whole vectors.
  private var normalisedStride: Int { pieces(depth, of: 16) * 16 }

  /// Replaces rows by their normalised copies, which stay in the cache until they are multiplied.
  private func normalise(
    _ inputs: UnsafeMutablePointer<Input>, _ count: Int, _ normalisation: AppliedNormalisation,
    into target: Output
  ) {
    let stride = normalisedStride
    tiles.copyVectors(
      inputs, count: count, channels: 0..<depth, normalisation: normalisation.lazy, to: target,
      pixelStride: stride, vectorStride: tiles.lanes)
    for r in 0..<count { inputs[r] = UnsafePointer(target + r * stride) }
  }

  /// Rows past the end repeat the block's first, which may be read and is never stored.
  private func fillLastBlock(_ inputs: UnsafeMutablePointer<Input>, blocks: Int, count: Int) {
    for r in (count - (blocks - 1) * 6)..<6 {
      for tap in 0..<taps {
        let row = inputs + ((blocks - 1) * taps + tap) * 6
        row[r] = row[0]
      }
    }
  }
}
