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
/// panel stays in the first-level cache. Over a stage of blocks a panel's sums stay side by side in
/// memory of the thread's own: the rows of a wide output lie so far apart that a cache has few places
/// for them.
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

  /// - Parameters:
  ///   - accumulate: Whether the product is added to what the output holds; excludes an epilogue.
  ///   - epilogue: Its bias is padded to whole panels.
  ///   - output: Where the output begins.
  ///   - normalisation: Applied to each row of a single tap as it is read.
  func run(
    packed: UnsafePointer<Float>, accumulate: Bool, epilogue: ConvolutionEpilogue, output: Output,
    normalisation: AppliedNormalisation? = nil, on context: KernelContext,
    gather: @escaping Gather
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
    let memory = Memory(
      rows: min(rowsPerChunk, rows), taps: taps,
      width: blocksInStage(of: blocks) > 1 ? panels.vectors(in: 0) * panels.lanes : 0)
    let own = context.buffers.take(context.workers.threads * memory.size)
    let normalised = normalisation.map { _ in
      context.buffers.take(context.workers.threads * min(rowsPerChunk, rows) * normalisedStride)
    }
    let (ownStart, copies, statistics) = (own.pointer, normalised?.pointer, parts?.rows)
    context.workers.forEach(chunks: cut.count) { chunk, worker in
      let (rowChunk, range) = cut[chunk]
      guard !range.isEmpty else { return }
      let first = rowChunk * rowsPerChunk
      runChunk(
        memory: memory.pointers(in: ownStart + worker * memory.size), first: first,
        count: min(rowsPerChunk, rows - first), panels: range,
        blocks: blocks, packed: packed, accumulate: accumulate, epilogue: epilogue, output: output,
        statistics: statistics?[rowChunk]
      ) { first, count, inputs, outputs in
        gather(first, count, inputs, outputs)
        guard let normalisation, let copies else { return }
        normalise(
          inputs, count, normalisation,
          into: copies + worker * min(rowsPerChunk, rows) * normalisedStride)
      }
    }
    withExtendedLifetime((own, normalised)) {}
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

  /// A thread's own memory: the pointers of a chunk of rows, and a panel's sums.
  private struct Memory {
    let rowBlocks: Int
    let taps: Int
    /// Floats of a row of the widest panel, the first; 0 where no sums are kept.
    let width: Int

    init(rows: Int, taps: Int, width: Int) {
      rowBlocks = pieces(rows, of: 6)
      self.taps = taps
      self.width = width
    }

    private var totalsSize: Int { rowBlocks * 6 * width }

    /// In floats, two for each pointer.
    var size: Int { totalsSize + pieces(rowBlocks * (taps + 2) * 12, of: 16) * 16 }

    /// Where all of it lies; the pointers to inputs and outputs are still to be filled.
    func pointers(in own: Output) -> Pointers {
      let inputs = UnsafeMutableRawPointer(own + totalsSize)
      let outputs = inputs + rowBlocks * taps * 48
      let totals = (outputs + rowBlocks * 48).assumingMemoryBound(to: Output.self)
      if width > 0 {
        for r in 0..<rowBlocks * 6 { totals[r] = own + r * width }
      }
      return Pointers(
        inputs: inputs.assumingMemoryBound(to: Input.self),
        outputs: outputs.assumingMemoryBound(to: Output.self), totals: totals)
    }
  }

  private struct Pointers {
    var inputs: UnsafeMutablePointer<Input>
    var outputs: UnsafeMutablePointer<Output>
    var totals: UnsafeMutablePointer<Output>
  }

  private func runChunk(
    memory: Pointers, first: Int, count: Int, panels range: Range<Int>, blocks: [DepthBlock],
    packed: UnsafePointer<Float>, accumulate: Bool, epilogue: ConvolutionEpilogue, output: Output,
    statistics: UnsafeMutablePointer<Float>?, gather: Gather
  ) {
    let (inputs, outputs) = (memory.inputs, memory.outputs)
    let rowBlocks = pieces(count, of: 6)
    gather(first, count, inputs, outputs)
    fillLastBlock(inputs, blocks: rowBlocks, count: count)
    let totals = TileRows(memory.totals, column: 0, isNear: true)
    let stage = blocksInStage(of: blocks)
    for stageStart in stride(from: 0, to: blocks.count, by: stage) {
      let stageEnd = min(blocks.count, stageStart + stage)
      for panel in range {
        let column = panels.start(of: panel)
        let target = TileRows(outputs, column: column)
        let vectors = panels.vectors(in: panel)
        let beginning: TileStart =
          accumulate || stageStart > 0
          ? .rows(target) : epilogue.bias.map { .columns($0 + column) } ?? .zero
        for b in stageStart..<stageEnd {
          tiles.multiplyGathered(
            inputs: inputs, tapsPerRow: taps, block: blocks[b],
            panel: packed + offset(of: blocks[b], in: panel), vectors: vectors,
            used: panels.used(in: panel), rows: count,
            start: b > stageStart ? .rows(totals) : beginning,
            to: b + 1 < stageEnd ? totals : target,
            upcoming: UpcomingBlock(
              panel: packed
                + next(after: b, in: stageStart..<stageEnd, of: blocks, panel, of: range),
              rows: nextRows(after: stageStart..<stageEnd, of: blocks, panel, of: range)))
        }
        guard stageEnd == blocks.count else { continue }
        epilogue.finish(
          rows: outputs, count: count, columns: panels.columns(of: panel..<panel + 1),
          base: output, statistics: statistics, rowStride: pieces(panels.columns, of: 16) * 16,
          tiles: tiles)
      }
    }
  }

  /// Blocks that a panel goes through before the next panel does: all of them, as long as the rows, 96
  /// times four kilobytes at most, stay in the second-level cache for all panels, or else one.
  private func blocksInStage(of blocks: [DepthBlock]) -> Int {
    taps * depth <= 1024 ? blocks.count : 1
  }

  /// Where a block's part of a panel begins in the packed matrix.
  private func offset(of block: DepthBlock, in panel: Int) -> Int {
    panels.offset(of: panel)
      + (block.tap * depth + block.offset) * panels.vectors(in: panel) * panels.lanes
  }

  /// Where the part of a panel begins that is read after a block, in the next chunk after the last.
  private func next(
    after b: Int, in stage: Range<Int>, of blocks: [DepthBlock], _ panel: Int, of range: Range<Int>
  ) -> Int {
    if b + 1 < stage.upperBound { return offset(of: blocks[b + 1], in: panel) }
    if panel + 1 < range.upperBound { return offset(of: blocks[stage.lowerBound], in: panel + 1) }
    let later = stage.upperBound < blocks.count ? stage.upperBound : 0
    return offset(of: blocks[later], in: range.lowerBound)
  }

  /// The stretch of the rows that the next stage begins with, a part of it for each panel.
  private func nextRows(
    after stage: Range<Int>, of blocks: [DepthBlock], _ panel: Int, of range: Range<Int>
  ) -> UpcomingRows? {
    guard stage.upperBound < blocks.count else { return nil }
    let later = blocks[stage.upperBound]
    return UpcomingRows(
      tap: later.tap, offset: later.offset, part: panel - range.lowerBound, parts: range.count)
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
