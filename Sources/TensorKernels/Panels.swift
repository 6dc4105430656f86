internal import Tiles

extension Panels {
  /// Packs a row-major `[depth, columns]` matrix whose rows are `stride` apart.
  func pack(_ b: UnsafePointer<Float>, stride: Int, into packed: Output, on workers: WorkerPool) {
    // A chunk is a panel and a stretch of depth: wide matrices have few panels, deep ones many rows.
    let stretch = 1024
    let stretches = pieces(depth, of: stretch)
    workers.forEach(chunks: count * stretches) { chunk in
      let first = chunk % stretches * stretch
      pack(
        chunk / stretches, first..<min(depth, first + stretch), of: b, stride: stride, into: packed)
    }
  }

  /// Packs some rows of one panel.
  func pack(
    _ panel: Int, _ rows: Range<Int>, of b: UnsafePointer<Float>, stride: Int, into packed: Output
  ) {
    let width = vectors(in: panel) * lanes
    let used = self.used(in: panel)
    var target = packed + offset(of: panel) + rows.lowerBound * width
    var source = b + start(of: panel) + rows.lowerBound * stride
    for _ in rows {
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

  /// Packs the transpose of a row-major matrix: element (k, j) is `b[j * stride + k]`, with the
  /// depth in pieces of `piece` elements that begin at `starts`.
  func packTransposed(
    _ b: UnsafePointer<Float>, stride: Int, starts: [Int], piece: Int, into packed: Output,
    on workers: WorkerPool
  ) {
    workers.forEach(chunks: count * starts.count) { chunk in
      let tap = chunk % starts.count
      packTransposed(
        chunk / starts.count, of: b + starts[tap], stride: stride, rows: columns,
        first: tap * piece, count: piece, into: packed)
    }
  }

  /// Packs one panel's elements of depth from `first` on: element (first + k, j) is
  /// `b[j * stride + k]`, and zero for `j` past `rows`.
  func packTransposed(
    _ panel: Int, of b: UnsafePointer<Float>, stride: Int, rows: Int, first: Int, count: Int,
    into packed: Output
  ) {
    let width = vectors(in: panel) * lanes
    let used = max(0, min(width, rows - start(of: panel)))
    let target = packed + offset(of: panel) + first * width
    transpose(
      b + start(of: panel) * stride, rows: used, columns: count, stride: stride, into: target,
      targetStride: width)
    guard used < width else { return }
    for k in 0..<count {
      for j in used..<width { target[k * width + j] = 0 }
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
  forEachColumn(of: source, stride) { column, values in
    store(values, to: target + column * targetStride)
  }
}

/// Calls `body` with each of eight columns of eight rows.
@inline(__always)
func forEachColumn(
  of source: UnsafePointer<Float>, _ stride: Int, _ body: (_ column: Int, _ values: Lanes) -> Void
) {
  let (a0, a1, a2, a3) = interleave(
    load(source), load(source + 4 * stride), load(source + 2 * stride), load(source + 6 * stride))
  let (b0, b1, b2, b3) = interleave(
    load(source + stride), load(source + 5 * stride), load(source + 3 * stride),
    load(source + 7 * stride))
  body(0, zip(a0.lowHalf, b0.lowHalf))
  body(1, zip(a0.highHalf, b0.highHalf))
  body(2, zip(a1.lowHalf, b1.lowHalf))
  body(3, zip(a1.highHalf, b1.highHalf))
  body(4, zip(a2.lowHalf, b2.lowHalf))
  body(5, zip(a2.highHalf, b2.highHalf))
  body(6, zip(a3.lowHalf, b3.lowHalf))
  body(7, zip(a3.highHalf, b3.highHalf))
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
