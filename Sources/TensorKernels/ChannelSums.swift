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

  /// The most rows, and floats in a row, of what one call of `tiles.sum` writes.
  private static let mostRows = 8
  private static let mostColumns = 64

  /// Cuts columns into what a call of `tiles.sum` takes.
  static func forEachStretch(
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

  /// Calls of `tiles.sum` that all stretches of the columns take.
  static func turns(channels: Int, columns: Int, _ tiles: any TileKernels.Type) -> Int {
    var turns = 0
    forEachStretch(of: columns, tiles) { stretch in
      let vectors = pieces(stretch.count, of: tiles.lanes)
      turns += pieces(channels, of: tiles.sumHeight(vectors: vectors))
    }
    return turns
  }

  /// Sums the products of some channels with a stretch of columns, and adds them to the target or
  /// makes them the target.
  ///
  /// - Parameters:
  ///   - pixels: Places of both operands, at most as many as one chain has.
  ///   - columns: As `forEachStretch` gives them.
  ///   - target: Of the first of the channels and column 0. Floats past the end of the columns are
  ///     written only where `writesWhole`.
  ///   - upcoming: Called once for each turn: what it asks for.
  func sum(
    channels: Range<Int>, columns: Range<Int>, pixels: Range<Int>, into target: Output,
    rowStride: Int, adds: Bool, writesWhole: Bool, upcoming: () -> UpcomingCopies?
  ) {
    let vectors = pieces(columns.count, of: lanes)
    let height = tiles.sumHeight(vectors: vectors)
    let isWhole = writesWhole || columns.count == vectors * lanes
    let lastPair = (channels.upperBound - 1) / 2 * 2
    let left = left + pixels.lowerBound * lanes
    let right = right + columns.lowerBound / lanes * rightStride + pixels.lowerBound * lanes
    let target = target + columns.lowerBound
    withScratchRows { spill, outputs, pairs in
      for first in stride(from: channels.lowerBound, to: channels.upperBound, by: height) {
        let valid = min(height, channels.upperBound - first)
        let row = target + (first - channels.lowerBound) * rowStride
        for r in 0..<height {
          outputs[r] = isWhole && r < valid ? row + r * rowStride : spill + r * Self.mostColumns
        }
        for i in 0..<height / 2 {
          let channel = min(first + 2 * i, lastPair)
          pairs[i] = left + channel / lanes * leftStride + channel % lanes
        }
        tiles.sum(
          pairs, right, count: pixels.count, distance: rightStride,
          vectors: vectors, outputs: outputs, adds: adds && isWhole, upcoming: upcoming())
        guard !isWhole else { continue }
        for r in 0..<valid {
          for j in 0..<columns.count {
            let sum = spill[r * Self.mostColumns + j]
            row[r * rowStride + j] = adds ? row[r * rowStride + j] + sum : sum
          }
        }
      }
    }
  }

  private func withScratchRows(
    _ body: (Output, UnsafeMutablePointer<Output>, UnsafeMutablePointer<Input>) -> Void
  ) {
    withUnsafeTemporaryAllocation(
      of: Float.self, capacity: Self.mostRows * Self.mostColumns
    ) { spill in
      withUnsafeTemporaryAllocation(of: Output.self, capacity: Self.mostRows) { outputs in
        withUnsafeTemporaryAllocation(of: Input.self, capacity: Self.mostRows / 2) { pairs in
          body(spill.baseAddress!, outputs.baseAddress!, pairs.baseAddress!)
        }
      }
    }
  }
}
