/// How the right operand of a product is packed: panels of two vectors of columns, element of depth
/// by element, so that the inner loop reads it in one stream. A last panel is one vector wide if no
/// more columns are left.
struct Panels {
  /// Columns of the matrix.
  var columns: Int
  /// Elements that one column has.
  var depth: Int
  /// Floats in a vector.
  var lanes: Int

  var panelWidth: Int { 2 * lanes }
  var count: Int { pieces(columns, of: panelWidth) }

  /// Floats that the packed matrix takes, padding included.
  var size: Int { pieces(columns, of: lanes) * lanes * depth }

  /// Vectors that are stored for a panel's row: 1 or 2.
  func vectors(in panel: Int) -> Int { columns - panel * panelWidth <= lanes ? 1 : 2 }

  /// Columns of the matrix that a panel holds.
  func used(in panel: Int) -> Int { min(panelWidth, columns - panel * panelWidth) }

  func offset(of panel: Int) -> Int { panel * panelWidth * depth }

  /// Packs a row-major `[depth, columns]` matrix whose rows are `stride` apart.
  func pack(_ b: UnsafePointer<Float>, stride: Int, into packed: Output, on workers: WorkerPool) {
    // A chunk is a panel and a stretch of depth: wide matrices have few panels, deep ones many rows.
    let stretch = 1024
    let stretches = pieces(depth, of: stretch)
    workers.forEach(chunks: count * stretches) { chunk in
      let panel = chunk / stretches
      let width = vectors(in: panel) * lanes
      let used = self.used(in: panel)
      let first = chunk % stretches * stretch
      var target = packed + self.offset(of: panel) + first * width
      var source = b + panel * panelWidth + first * stride
      for _ in first..<min(self.depth, first + stretch) {
        if used == width {
          for j in Swift.stride(from: 0, to: width, by: 8) {
            store(load(source + j), to: target + j)
          }
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
      let width = vectors(in: panel) * lanes
      let used = self.used(in: panel)
      transpose(
        b + starts[tap] + panel * panelWidth * stride, rows: used, columns: piece, stride: stride,
        into: packed + self.offset(of: panel) + tap * piece * width, targetStride: width)
      guard used < width else { return }
      let target = packed + self.offset(of: panel) + tap * piece * width
      for k in 0..<piece {
        for j in used..<width { target[k * width + j] = 0 }
      }
    }
  }
}

/// `target[k * targetStride + j] = source[j * stride + k]`, in blocks of eight by eight.
func transpose(
  _ source: UnsafePointer<Float>, rows: Int, columns: Int, stride: Int,
  into target: UnsafeMutablePointer<Float>, targetStride: Int
) {
  for j in Swift.stride(from: 0, to: rows, by: 8) {
    for k in Swift.stride(from: 0, to: columns, by: 8) {
      let corner = source + j * stride + k
      if j + 8 <= rows, k + 8 <= columns {
        transposeBlock(corner, stride, target + k * targetStride + j, targetStride)
        continue
      }
      for r in 0..<min(8, rows - j) {
        for c in 0..<min(8, columns - k) {
          target[(k + c) * targetStride + j + r] = corner[r * stride + c]
        }
      }
    }
  }
}

/// Eight rows become eight columns, by halves, quarters and pairs.
@inline(__always)
private func transposeBlock(
  _ source: UnsafePointer<Float>, _ stride: Int, _ target: UnsafeMutablePointer<Float>,
  _ targetStride: Int
) {
  let (a0, a1, a2, a3) = interleave(
    load(source), load(source + 4 * stride), load(source + 2 * stride), load(source + 6 * stride))
  let (b0, b1, b2, b3) = interleave(
    load(source + stride), load(source + 5 * stride), load(source + 3 * stride),
    load(source + 7 * stride))
  var row = target
  for (even, odd) in [(a0, b0), (a1, b1), (a2, b2), (a3, b3)] {
    store(zip(even.lowHalf, odd.lowHalf), to: row)
    store(zip(even.highHalf, odd.highHalf), to: row + targetStride)
    row += 2 * targetStride
  }
}

/// Four rows, 0 4 2 6 of a block's even ones: pairs of columns of the four, in order.
@inline(__always)
private func interleave(
  _ r0: Lanes, _ r4: Lanes, _ r2: Lanes, _ r6: Lanes
) -> (Lanes, Lanes, Lanes, Lanes) {
  // x holds rows 0 and 4 in turn, y rows 2 and 6; zipped again, columns hold rows 0 2 4 6.
  let (x0, x1) = (zip(r0.lowHalf, r4.lowHalf), zip(r0.highHalf, r4.highHalf))
  let (y0, y1) = (zip(r2.lowHalf, r6.lowHalf), zip(r2.highHalf, r6.highHalf))
  return (
    zip(x0.lowHalf, y0.lowHalf), zip(x0.highHalf, y0.highHalf), zip(x1.lowHalf, y1.lowHalf),
    zip(x1.highHalf, y1.highHalf)
  )
}

/// The lanes of two halves in turn.
@inline(__always)
private func zip(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> Lanes {
  Lanes(a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3])
}
