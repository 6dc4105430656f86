/// How the right operand of a product is packed: panels of sixteen columns, element of depth by
/// element, so that the micro-kernel reads it in one stream; a last panel of up to eight is narrow.
struct Panels {
  /// Columns of the matrix.
  var columns: Int
  /// Elements that one column has.
  var depth: Int

  var count: Int { pieces(columns, of: 16) }

  /// Floats that the packed matrix takes, padding included.
  var size: Int { count * 16 * depth }

  /// Columns that are stored for a panel: 8 or 16.
  func width(of panel: Int) -> Int { columns - panel * 16 <= 8 ? 8 : 16 }

  /// Columns of the matrix that a panel holds.
  func used(in panel: Int) -> Int { min(16, columns - panel * 16) }

  func offset(of panel: Int) -> Int { panel * 16 * depth }

  /// Packs a row-major `[depth, columns]` matrix whose rows are `stride` apart.
  func pack(_ b: UnsafePointer<Float>, stride: Int, into packed: Output, on workers: WorkerPool) {
    // A chunk is a panel and a stretch of depth: wide matrices have few panels, deep ones many rows.
    let stretch = 1024
    let stretches = pieces(depth, of: stretch)
    workers.forEach(chunks: count * stretches) { chunk in
      let panel = chunk / stretches
      let width = self.width(of: panel)
      let used = self.used(in: panel)
      let first = chunk % stretches * stretch
      var target = packed + self.offset(of: panel) + first * width
      var source = b + panel * 16 + first * stride
      for _ in first..<min(self.depth, first + stretch) {
        if used == width {
          store(load(source), to: target)
          if width == 16 { store(load(source + 8), to: target + 8) }
        } else {
          for j in 0..<width { target[j] = j < used ? source[j] : 0 }
        }
        target += width
        source += stride
      }
    }
  }

  /// Packs the transpose of a row-major matrix: element (k, j) is `b[j * stride + k]`, with the
  /// depth in pieces of `piece` elements that begin at `starts`.
  func packTransposed(
    _ b: UnsafePointer<Float>, stride: Int, starts: [Int], piece: Int, into packed: Output,
    on workers: WorkerPool
  ) {
    workers.forEach(chunks: count * starts.count) { chunk in
      let panel = chunk / starts.count
      let tap = chunk % starts.count
      let width = self.width(of: panel)
      let used = self.used(in: panel)
      let target = packed + self.offset(of: panel) + tap * piece * width
      for j in 0..<width {
        if j < used {
          let source = b + starts[tap] + (panel * 16 + j) * stride
          for k in 0..<piece { target[k * width + j] = source[k] }
        } else {
          for k in 0..<piece { target[k * width + j] = 0 }
        }
      }
    }
  }
}
