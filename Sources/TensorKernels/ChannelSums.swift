internal import Tiles

/// Sums over pixels of the channels of one operand times the vectors of another, which gradients of
/// weights are made of.
struct ChannelSums {
  let tiles: any TileKernels.Type
  /// Both operands lie vector by vector: for each, its values at every pixel.
  let left: Input
  /// Floats from a vector to the next.
  let leftStride: Int
  let right: Input
  let rightStride: Int

  private var lanes: Int { tiles.lanes }

  /// Cuts columns into what a call of `tiles.sum` takes.
  static func forEachTileWidth(
    of columns: Int, _ tiles: any TileKernels.Type, _ body: (Range<Int>) -> Void
  ) {
    var first = 0
    while first < columns {
      let vectors = tiles.sumVectors(of: pieces(columns - first, of: tiles.lanes))
      let end = min(columns, first + vectors * tiles.lanes)
      body(first..<end)
      first = end
    }
  }

  /// Calls of `tiles.sum` that all of the columns take.
  static func calls(channels: Int, columns: Int, _ tiles: any TileKernels.Type) -> Int {
    var calls = 0
    forEachTileWidth(of: columns, tiles) { width in
      let vectors = pieces(width.count, of: tiles.lanes)
      var first = 0
      while first < channels {
        first += tiles.sumHeight(vectors: vectors, of: channels - first)
        calls += 1
      }
    }
    return calls
  }

  /// Sums the products of some channels with some columns, and adds them to the target or makes them
  /// the target.
  ///
  /// - Parameters:
  ///   - channels: From an even one, so that a pair lies in one vector.
  ///   - pixels: Places of both operands, at most as many as one chain has.
  ///   - columns: As `forEachTileWidth` gives them.
  ///   - target: Of the first of the channels and column 0. Floats past the end of the columns are
  ///     written only where `writesWhole`.
  ///   - upcoming: What each call of `tiles.sum` asks for.
  func sum(
    channels: Range<Int>, columns: Range<Int>, pixels: Range<Int>, into target: Output,
    rowStride: Int, adds: Bool, writesWhole: Bool, upcoming: () -> UpcomingCopies?
  ) {
    let vectors = pieces(columns.count, of: lanes)
    let isWhole = writesWhole || columns.count == vectors * lanes
    // Rows past the end repeat the last pair, so that nothing behind it is read.
    let lastPair = (channels.upperBound - 1) / 2 * 2
    let left = left + pixels.lowerBound * lanes
    let right = right + columns.lowerBound / lanes * rightStride + pixels.lowerBound * lanes
    let target = target + columns.lowerBound
    withScratchRows { spill, outputs, pairs in
      var first = channels.lowerBound
      while first < channels.upperBound {
        let height = tiles.sumHeight(vectors: vectors, of: channels.upperBound - first)
        let valid = min(height, channels.upperBound - first)
        let row = target + (first - channels.lowerBound) * rowStride
        for r in 0..<height {
          outputs[r] = isWhole && r < valid ? row + r * rowStride : spill + r * Spill.columns
        }
        for i in 0..<height / 2 {
          let channel = min(first + 2 * i, lastPair)
          pairs[i] = left + channel / lanes * leftStride + channel % lanes
        }
        tiles.sum(
          pairs, right, count: pixels.count, distance: rightStride,
          vectors: vectors, height: height, outputs: outputs, adds: adds && isWhole,
          upcoming: upcoming())
        first += height
        guard !isWhole else { continue }
        for r in 0..<valid {
          for j in 0..<columns.count {
            let sum = spill[r * Spill.columns + j]
            row[r * rowStride + j] = adds ? row[r * rowStride + j] + sum : sum
          }
        }
      }
    }
  }

  private func withScratchRows(
    _ body: (Output, UnsafeMutablePointer<Output>, UnsafeMutablePointer<Input>) -> Void
  ) {
    var memory = Spill()
    withUnsafeMutableBytes(of: &memory) { bytes in
      let spill = bytes.baseAddress!.assumingMemoryBound(to: Float.self)
      withUnsafeTemporaryAllocation(of: Output.self, capacity: Spill.rows) { outputs in
        withUnsafeTemporaryAllocation(of: Input.self, capacity: Spill.rows / 2) { pairs in
          body(spill, outputs.baseAddress!, pairs.baseAddress!)
        }
      }
    }
  }

  /// The most rows and columns that one call of `tiles.sum` writes, on the stack: a temporary
  /// allocation of more than a kilobyte comes from the heap.
  private struct Spill {
    static let rows = 8
    static let columns = 64
    private let memory = (
      SIMD64<Float>(), SIMD64<Float>(), SIMD64<Float>(), SIMD64<Float>(), SIMD64<Float>(),
      SIMD64<Float>(), SIMD64<Float>(), SIMD64<Float>()
    )
  }
}
