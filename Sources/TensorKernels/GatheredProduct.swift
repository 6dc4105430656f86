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

  private struct DepthBlock {
    var tap: Int
    var taps: Int
    var offset: Int
    var depth: Int
  }

  /// - Parameters:
  ///   - bias: One value for each column, padded to whole panels, or `nil` for zero.
  ///   - accumulate: Whether the product is added to what the output holds; excludes a bias.
  func run(
    packed: UnsafePointer<Float>, bias: UnsafePointer<Float>?, accumulate: Bool,
    on workers: WorkerPool, gather: @escaping Gather
  ) {
    let work = taps * depth * panels.columns
    // Small products take longer chunks, so that a chunk stays a microsecond or more.
    let rowsPerChunk = work < 8_192 ? 384 : 96
    let rowChunks = pieces(rows, of: rowsPerChunk)
    // With few rows the panels are shared out as well: sixteen chunks or more where there are any.
    let groups = min(panels.count, max(1, 16 / max(1, rowChunks)))
    let panelsPerGroup = pieces(panels.count, of: groups)
    let blocks = depthBlocks
    workers.forEach(chunks: rowChunks * groups) { chunk in
      let first = chunk / groups * rowsPerChunk
      let firstPanel = chunk % groups * panelsPerGroup
      let lastPanel = min(panels.count, firstPanel + panelsPerGroup)
      guard firstPanel < lastPanel else { return }
      runChunk(
        first: first, count: min(rowsPerChunk, rows - first), panels: firstPanel..<lastPanel,
        blocks: blocks, packed: packed, bias: bias, accumulate: accumulate, gather: gather)
    }
  }

  private var depthBlocks: [DepthBlock] {
    // Rounding grows with the length of a chain of sums. Chains of 64 halve the error that chains of
    // 384 leave in a ResNet's activations, and cost no time: measured on a U-Net's training step.
    let target = 64
    var blocks: [DepthBlock] = []
    if depth > target {
      let size = pieces(pieces(depth, of: pieces(depth, of: target)), of: 8) * 8
      for tap in 0..<taps {
        for offset in stride(from: 0, to: depth, by: size) {
          blocks.append(
            DepthBlock(tap: tap, taps: 1, offset: offset, depth: min(size, depth - offset)))
        }
      }
    } else {
      let size = pieces(taps, of: pieces(taps * depth, of: target))
      for tap in stride(from: 0, to: taps, by: size) {
        blocks.append(DepthBlock(tap: tap, taps: min(size, taps - tap), offset: 0, depth: depth))
      }
    }
    return blocks
  }

  private func runChunk(
    first: Int, count: Int, panels range: Range<Int>, blocks: [DepthBlock],
    packed: UnsafePointer<Float>, bias: UnsafePointer<Float>?, accumulate: Bool, gather: Gather
  ) {
    let rowBlocks = pieces(count, of: 6)
    withUnsafeTemporaryAllocation(of: Input.self, capacity: rowBlocks * taps * 6) { inputs in
      withUnsafeTemporaryAllocation(of: Output.self, capacity: rowBlocks * 6) { outputs in
        let inputs = inputs.baseAddress!
        let outputs = outputs.baseAddress!
        gather(first, count, inputs, outputs)
        fillLastBlock(inputs, blocks: rowBlocks, count: count)
        for (b, block) in blocks.enumerated() {
          for panel in range {
            let column = panel * panels.panelWidth
            let vectors = panels.vectors(in: panel)
            tiles.multiplyGathered(
              inputs: inputs, tapsPerRow: taps, firstTap: block.tap, taps: block.taps,
              offset: block.offset, depth: block.depth,
              panel: packed + panels.offset(of: panel)
                + (block.tap * depth + block.offset) * vectors * panels.lanes,
              vectors: vectors, outputs: outputs, column: column,
              start: accumulate || b > 0
                ? .output : bias.map { .columns($0 + column) } ?? .zero,
              rows: count, used: panels.used(in: panel))
          }
        }
      }
    }
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
