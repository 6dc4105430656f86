// The inner loops of products: a tile of the output stays in registers while its products are added.
// Each output is one chain of fused multiply-adds in the order of depth, whatever the tile's shape
// and the vector's length, so every processor gives the same bits. Written out by hand: arrays of
// accumulators do not stay in registers.

public import Tiles

extension Kernels {
  public static func multiplyGathered(
    inputs: UnsafePointer<UnsafePointer<Float>>, tapsPerRow: Int, block: DepthBlock,
    panel: UnsafePointer<Float>, vectors: Int, used: Int, rows: Int, start: TileStart,
    to target: TileRows, upcoming: UpcomingBlock?
  ) {
    let isWhole = used == vectors * lanes
    let whole = isWhole ? rows / 6 : 0
    let stride = tapsPerRow * 6
    var tile = 0
    var source = inputs + block.tap * 6
    #if WIDE
      if vectors == 4 {
        gatheredTiles6x4(
          count: whole, rows: inputs, rowStride: stride, block: block, b: panel, start: start,
          to: target, upcoming: upcoming)
        tile = whole
        source += whole * stride
      }
    #endif
    if vectors == 2 {
      #if WIDE
        // Thirty-two registers hold twelve rows, for which a panel is read half as often.
        while tile + 1 < whole {
          gatheredTile12x2(
            rows: source, nextRows: source + stride, block: block, b: panel,
            start: start.from(tile * 6), to: target.from(tile * 6))
          source += 2 * stride
          tile += 2
        }
      #endif
      while tile < whole {
        gatheredTile6x2(
          rows: source, block: block, b: panel, start: start.from(tile * 6),
          to: target.from(tile * 6))
        source += stride
        tile += 1
      }
    } else if vectors == 1 {
      while tile + 1 < whole {
        gatheredTile12x1(
          rows: source, nextRows: source + stride, block: block, b: panel,
          start: start.from(tile * 6), to: target.from(tile * 6))
        source += 2 * stride
        tile += 2
      }
    }
    guard tile * 6 < rows else { return }
    // Tiles at the edge go through whole ones beside them; the sums are the same.
    let width = vectors * lanes
    var memory = EdgeTile()
    withUnsafeMutableBytes(of: &memory) { bytes in
      let edge = bytes.baseAddress!.assumingMemoryBound(to: Float.self)
      withUnsafeTemporaryAllocation(of: UnsafeMutablePointer<Float>.self, capacity: 6) { edgeRows in
        for r in 0..<6 { edgeRows[r] = edge + r * width }
        let edgeTarget = TileRows(edgeRows.baseAddress!, column: 0, isNear: true)
        while tile * 6 < rows {
          let real = min(6, rows - tile * 6)
          var edgeStart = start
          if let addends = start.rows?.from(tile * 6) {
            for r in 0..<real { edgeTarget[r].update(from: addends[r], count: used) }
            edgeStart = .rows(edgeTarget)
          }
          if vectors == 4 {
            #if WIDE
              gatheredTiles6x4(
                count: 1, rows: source - block.tap * 6, rowStride: 0, block: block, b: panel,
                start: edgeStart, to: edgeTarget, upcoming: nil)
            #endif
          } else if vectors == 2 {
            gatheredTile6x2(
              rows: source, block: block, b: panel, start: edgeStart, to: edgeTarget)
          } else {
            gatheredTile6x1(
              rows: source, block: block, b: panel, start: edgeStart, to: edgeTarget)
          }
          let targets = target.from(tile * 6)
          for r in 0..<real { targets[r].update(from: edgeTarget[r], count: used) }
          source += stride
          tile += 1
        }
      }
    }
  }
}

/// Six rows of the widest panel, on the stack: a temporary allocation of so much comes from the heap.
private struct EdgeTile {
  private let rows = (
    SIMD64<Float>(), SIMD64<Float>(), SIMD64<Float>(), SIMD64<Float>(), SIMD64<Float>(),
    SIMD64<Float>()
  )
}

/// Six gathered rows times two vectors of columns.
@inline(__always)
private func gatheredTile6x2(
  rows: UnsafePointer<UnsafePointer<Float>>,
  block: DepthBlock, b: UnsafePointer<Float>, start: TileStart, to target: TileRows
) {
  var c0l = Lanes()
  var c0h = Lanes()
  var c1l = Lanes()
  var c1h = Lanes()
  var c2l = Lanes()
  var c2h = Lanes()
  var c3l = Lanes()
  var c3h = Lanes()
  var c4l = Lanes()
  var c4h = Lanes()
  var c5l = Lanes()
  var c5h = Lanes()
  let adds = start.rows != nil
  let addends = start.rows ?? target
  switch start {
  case .zero, .rows: break
  case .columns(let bias):
    let low = load(bias)
    let high = load(bias + Lanes.scalarCount)
    c0l = low
    c0h = high
    c1l = low
    c1h = high
    c2l = low
    c2h = high
    c3l = low
    c3h = high
    c4l = low
    c4h = high
    c5l = low
    c5h = high
  }
  var rows = rows
  var b = b
  for _ in 0..<block.taps {
    let a0 = rows[0] + block.offset
    let a1 = rows[1] + block.offset
    let a2 = rows[2] + block.offset
    let a3 = rows[3] + block.offset
    let a4 = rows[4] + block.offset
    let a5 = rows[5] + block.offset
    for k in 0..<block.depth {
      let low = load(b)
      let high = load(b + Lanes.scalarCount)
      var x = Lanes(repeating: a0[k])
      c0l = c0l.addingProduct(x, low)
      c0h = c0h.addingProduct(x, high)
      x = Lanes(repeating: a1[k])
      c1l = c1l.addingProduct(x, low)
      c1h = c1h.addingProduct(x, high)
      x = Lanes(repeating: a2[k])
      c2l = c2l.addingProduct(x, low)
      c2h = c2h.addingProduct(x, high)
      x = Lanes(repeating: a3[k])
      c3l = c3l.addingProduct(x, low)
      c3h = c3h.addingProduct(x, high)
      x = Lanes(repeating: a4[k])
      c4l = c4l.addingProduct(x, low)
      c4h = c4h.addingProduct(x, high)
      x = Lanes(repeating: a5[k])
      c5l = c5l.addingProduct(x, low)
      c5h = c5h.addingProduct(x, high)
      b += 2 * Lanes.scalarCount
    }
    rows += 6
  }
  emit(c0l, c0h, to: target[0], adding: addends[0], adds)
  emit(c1l, c1h, to: target[1], adding: addends[1], adds)
  emit(c2l, c2h, to: target[2], adding: addends[2], adds)
  emit(c3l, c3h, to: target[3], adding: addends[3], adds)
  emit(c4l, c4h, to: target[4], adding: addends[4], adds)
  emit(c5l, c5h, to: target[5], adding: addends[5], adds)
}

/// Twelve gathered rows times one vector of columns.
@inline(__always)
private func gatheredTile12x1(
  rows: UnsafePointer<UnsafePointer<Float>>, nextRows: UnsafePointer<UnsafePointer<Float>>,
  block: DepthBlock, b: UnsafePointer<Float>, start: TileStart, to target: TileRows
) {
  var c0 = Lanes()
  var c1 = Lanes()
  var c2 = Lanes()
  var c3 = Lanes()
  var c4 = Lanes()
  var c5 = Lanes()
  var c6 = Lanes()
  var c7 = Lanes()
  var c8 = Lanes()
  var c9 = Lanes()
  var c10 = Lanes()
  var c11 = Lanes()
  let adds = start.rows != nil
  let addends = start.rows ?? target
  switch start {
  case .zero, .rows: break
  case .columns(let bias):
    let low = load(bias)
    c0 = low
    c1 = low
    c2 = low
    c3 = low
    c4 = low
    c5 = low
    c6 = low
    c7 = low
    c8 = low
    c9 = low
    c10 = low
    c11 = low
  }
  var rows = rows
  var nextRows = nextRows
  var b = b
  for _ in 0..<block.taps {
    let a0 = rows[0] + block.offset
    let a1 = rows[1] + block.offset
    let a2 = rows[2] + block.offset
    let a3 = rows[3] + block.offset
    let a4 = rows[4] + block.offset
    let a5 = rows[5] + block.offset
    let a6 = nextRows[0] + block.offset
    let a7 = nextRows[1] + block.offset
    let a8 = nextRows[2] + block.offset
    let a9 = nextRows[3] + block.offset
    let a10 = nextRows[4] + block.offset
    let a11 = nextRows[5] + block.offset
    for k in 0..<block.depth {
      let low = load(b)
      c0 = c0.addingProduct(Lanes(repeating: a0[k]), low)
      c1 = c1.addingProduct(Lanes(repeating: a1[k]), low)
      c2 = c2.addingProduct(Lanes(repeating: a2[k]), low)
      c3 = c3.addingProduct(Lanes(repeating: a3[k]), low)
      c4 = c4.addingProduct(Lanes(repeating: a4[k]), low)
      c5 = c5.addingProduct(Lanes(repeating: a5[k]), low)
      c6 = c6.addingProduct(Lanes(repeating: a6[k]), low)
      c7 = c7.addingProduct(Lanes(repeating: a7[k]), low)
      c8 = c8.addingProduct(Lanes(repeating: a8[k]), low)
      c9 = c9.addingProduct(Lanes(repeating: a9[k]), low)
      c10 = c10.addingProduct(Lanes(repeating: a10[k]), low)
      c11 = c11.addingProduct(Lanes(repeating: a11[k]), low)
      b += Lanes.scalarCount
    }
    rows += 6
    nextRows += 6
  }
  emit(c0, to: target[0], adding: addends[0], adds)
  emit(c1, to: target[1], adding: addends[1], adds)
  emit(c2, to: target[2], adding: addends[2], adds)
  emit(c3, to: target[3], adding: addends[3], adds)
  emit(c4, to: target[4], adding: addends[4], adds)
  emit(c5, to: target[5], adding: addends[5], adds)
  emit(c6, to: target[6], adding: addends[6], adds)
  emit(c7, to: target[7], adding: addends[7], adds)
  emit(c8, to: target[8], adding: addends[8], adds)
  emit(c9, to: target[9], adding: addends[9], adds)
  emit(c10, to: target[10], adding: addends[10], adds)
  emit(c11, to: target[11], adding: addends[11], adds)
}

/// Six gathered rows times one vector of columns.
@inline(__always)
private func gatheredTile6x1(
  rows: UnsafePointer<UnsafePointer<Float>>,
  block: DepthBlock, b: UnsafePointer<Float>, start: TileStart, to target: TileRows
) {
  var c0 = Lanes()
  var c1 = Lanes()
  var c2 = Lanes()
  var c3 = Lanes()
  var c4 = Lanes()
  var c5 = Lanes()
  let adds = start.rows != nil
  let addends = start.rows ?? target
  switch start {
  case .zero, .rows: break
  case .columns(let bias):
    let low = load(bias)
    c0 = low
    c1 = low
    c2 = low
    c3 = low
    c4 = low
    c5 = low
  }
  var rows = rows
  var b = b
  for _ in 0..<block.taps {
    let a0 = rows[0] + block.offset
    let a1 = rows[1] + block.offset
    let a2 = rows[2] + block.offset
    let a3 = rows[3] + block.offset
    let a4 = rows[4] + block.offset
    let a5 = rows[5] + block.offset
    for k in 0..<block.depth {
      let low = load(b)
      c0 = c0.addingProduct(Lanes(repeating: a0[k]), low)
      c1 = c1.addingProduct(Lanes(repeating: a1[k]), low)
      c2 = c2.addingProduct(Lanes(repeating: a2[k]), low)
      c3 = c3.addingProduct(Lanes(repeating: a3[k]), low)
      c4 = c4.addingProduct(Lanes(repeating: a4[k]), low)
      c5 = c5.addingProduct(Lanes(repeating: a5[k]), low)
      b += Lanes.scalarCount
    }
    rows += 6
  }
  emit(c0, to: target[0], adding: addends[0], adds)
  emit(c1, to: target[1], adding: addends[1], adds)
  emit(c2, to: target[2], adding: addends[2], adds)
  emit(c3, to: target[3], adding: addends[3], adds)
  emit(c4, to: target[4], adding: addends[4], adds)
  emit(c5, to: target[5], adding: addends[5], adds)
}

@inline(__always)
private func emit(
  _ low: Lanes, _ high: Lanes, to output: UnsafeMutablePointer<Float>,
  adding addend: UnsafePointer<Float>, _ adds: Bool
) {
  emit(low, to: output, adding: addend, adds)
  emit(high, to: output + Lanes.scalarCount, adding: addend + Lanes.scalarCount, adds)
}

@inline(__always)
private func emit(
  _ value: Lanes, to output: UnsafeMutablePointer<Float>, adding addend: UnsafePointer<Float>,
  _ adds: Bool
) {
  UnsafeMutableRawPointer(output).storeBytes(
    of: adds ? load(addend) + value : value, as: Lanes.self)
}

// Its own copy: a debug build compiles file by file and would call another file's.
@inline(__always)
private func load(_ p: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
}
