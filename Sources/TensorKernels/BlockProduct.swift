internal import Tiles

/// A packed matrix that fits the caches, and products with it on the calling thread: what a unit of
/// work does that owns whole matrices, such as the head of an attention.
struct BlockProduct {
  let panels: Panels
  let tiles: any TileKernels.Type
  let packed: Output

  /// Rows that are multiplied at once: their pointers take less than the kilobyte up to which
  /// temporary memory lies on the stack.
  private static let rowsAtOnce = 48

  /// Floats that a packed matrix takes.
  static func size(depth: Int, columns: Int, lanes: Int) -> Int {
    Panels(columns: columns, depth: depth, lanes: lanes).size
  }

  /// - Parameter packed: Memory for `size` floats.
  init(depth: Int, columns: Int, into packed: Output, _ tiles: any TileKernels.Type) {
    panels = Panels(columns: columns, depth: depth, lanes: tiles.lanes)
    self.tiles = tiles
    self.packed = packed
  }

  /// The memory behind the packed matrix.
  var end: Output { packed + panels.size }

  /// Packs a row-major `[depth, columns]` matrix, or its first `rows` rows.
  func pack(_ b: Input, stride: Int, rows: Int) {
    for panel in 0..<panels.count {
      panels.pack(panel, 0..<rows, of: b, stride: stride, into: packed)
    }
  }

  /// Packs the transpose of a row-major `[rows, depth]` matrix, and zeros in the columns past `rows`.
  func packTransposed(_ b: Input, stride: Int, rows: Int) {
    for panel in 0..<panels.count {
      panels.packTransposed(
        panel, of: b, stride: stride, rows: rows, first: 0, count: panels.depth, into: packed)
    }
  }

  /// `c (+)= a · b` over a stretch of the depth. Each element is one sum over it in order.
  ///
  /// - Parameters:
  ///   - a: Rows of as many elements as the stretch is long.
  ///   - c: Rows of as many floats as there are columns.
  func multiply(
    _ a: Input, stride: Int, rows: Int, depth: Range<Int>, into c: GradientTarget,
    stride outputStride: Int
  ) {
    let atOnce = Self.rowsAtOnce
    withUnsafeTemporaryAllocation(of: Input.self, capacity: atOnce) { inputs in
      withUnsafeTemporaryAllocation(of: Output.self, capacity: atOnce) { outputs in
        let (inputs, outputs) = (inputs.baseAddress!, outputs.baseAddress!)
        for first in Swift.stride(from: 0, to: rows, by: atOnce) {
          let count = min(atOnce, rows - first)
          // Rows that fill the last six are read and never stored.
          for r in 0..<pieces(count, of: 6) * 6 {
            let row = first + min(r, count - 1)
            inputs[r] = a + row * stride
            outputs[r] = c.pointer + row * outputStride
          }
          for panel in 0..<panels.count {
            let vectors = panels.vectors(in: panel)
            let target = TileRows(outputs, column: panels.start(of: panel))
            tiles.multiplyGathered(
              inputs: inputs, tapsPerRow: 1,
              block: DepthBlock(tap: 0, taps: 1, offset: 0, depth: depth.count),
              panel: packed + panels.offset(of: panel)
                + depth.lowerBound * vectors * panels.lanes,
              vectors: vectors, used: panels.used(in: panel), rows: count,
              start: c.accumulate ? .rows(target) : .zero, to: target, upcoming: nil)
          }
        }
      }
    }
  }
}
