// Twelve rows by two vectors: for the thirty-two registers of AVX-512.

internal import Tiles

#if WIDE
  /// Twelve gathered rows times two vectors of columns.
  func gatheredTile12x2(
    rows: UnsafePointer<UnsafePointer<Float>>, nextRows: UnsafePointer<UnsafePointer<Float>>,
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
    var c6l = Lanes()
    var c6h = Lanes()
    var c7l = Lanes()
    var c7h = Lanes()
    var c8l = Lanes()
    var c8h = Lanes()
    var c9l = Lanes()
    var c9h = Lanes()
    var c10l = Lanes()
    var c10h = Lanes()
    var c11l = Lanes()
    var c11h = Lanes()
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
      c6l = low
      c6h = high
      c7l = low
      c7h = high
      c8l = low
      c8h = high
      c9l = low
      c9h = high
      c10l = low
      c10h = high
      c11l = low
      c11h = high
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
        x = Lanes(repeating: a6[k])
        c6l = c6l.addingProduct(x, low)
        c6h = c6h.addingProduct(x, high)
        x = Lanes(repeating: a7[k])
        c7l = c7l.addingProduct(x, low)
        c7h = c7h.addingProduct(x, high)
        x = Lanes(repeating: a8[k])
        c8l = c8l.addingProduct(x, low)
        c8h = c8h.addingProduct(x, high)
        x = Lanes(repeating: a9[k])
        c9l = c9l.addingProduct(x, low)
        c9h = c9h.addingProduct(x, high)
        x = Lanes(repeating: a10[k])
        c10l = c10l.addingProduct(x, low)
        c10h = c10h.addingProduct(x, high)
        x = Lanes(repeating: a11[k])
        c11l = c11l.addingProduct(x, low)
        c11h = c11h.addingProduct(x, high)
        b += 2 * Lanes.scalarCount
      }
      rows += 6
      nextRows += 6
    }
    emit(c0l, c0h, to: target[0], adding: addends[0], adds)
    emit(c1l, c1h, to: target[1], adding: addends[1], adds)
    emit(c2l, c2h, to: target[2], adding: addends[2], adds)
    emit(c3l, c3h, to: target[3], adding: addends[3], adds)
    emit(c4l, c4h, to: target[4], adding: addends[4], adds)
    emit(c5l, c5h, to: target[5], adding: addends[5], adds)
    emit(c6l, c6h, to: target[6], adding: addends[6], adds)
    emit(c7l, c7h, to: target[7], adding: addends[7], adds)
    emit(c8l, c8h, to: target[8], adding: addends[8], adds)
    emit(c9l, c9h, to: target[9], adding: addends[9], adds)
    emit(c10l, c10h, to: target[10], adding: addends[10], adds)
    emit(c11l, c11h, to: target[11], adding: addends[11], adds)
  }

  /// Twelve rows times two vectors of columns.
  func plainTile12x2(
    a: UnsafePointer<Float>, stride: Int, depth: Int, b: UnsafePointer<Float>,
    output: UnsafeMutablePointer<Float>, outputStride: Int, adds: Bool
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
    var c6l = Lanes()
    var c6h = Lanes()
    var c7l = Lanes()
    var c7h = Lanes()
    var c8l = Lanes()
    var c8h = Lanes()
    var c9l = Lanes()
    var c9h = Lanes()
    var c10l = Lanes()
    var c10h = Lanes()
    var c11l = Lanes()
    var c11h = Lanes()
    var b = b
    let a0 = a
    let a1 = a + 1 * stride
    let a2 = a + 2 * stride
    let a3 = a + 3 * stride
    let a4 = a + 4 * stride
    let a5 = a + 5 * stride
    let a6 = a + 6 * stride
    let a7 = a + 7 * stride
    let a8 = a + 8 * stride
    let a9 = a + 9 * stride
    let a10 = a + 10 * stride
    let a11 = a + 11 * stride
    for k in 0..<depth {
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
      x = Lanes(repeating: a6[k])
      c6l = c6l.addingProduct(x, low)
      c6h = c6h.addingProduct(x, high)
      x = Lanes(repeating: a7[k])
      c7l = c7l.addingProduct(x, low)
      c7h = c7h.addingProduct(x, high)
      x = Lanes(repeating: a8[k])
      c8l = c8l.addingProduct(x, low)
      c8h = c8h.addingProduct(x, high)
      x = Lanes(repeating: a9[k])
      c9l = c9l.addingProduct(x, low)
      c9h = c9h.addingProduct(x, high)
      x = Lanes(repeating: a10[k])
      c10l = c10l.addingProduct(x, low)
      c10h = c10h.addingProduct(x, high)
      x = Lanes(repeating: a11[k])
      c11l = c11l.addingProduct(x, low)
      c11h = c11h.addingProduct(x, high)
      b += 2 * Lanes.scalarCount
    }
    emit(c0l, c0h, to: output, adds)
    emit(c1l, c1h, to: output + 1 * outputStride, adds)
    emit(c2l, c2h, to: output + 2 * outputStride, adds)
    emit(c3l, c3h, to: output + 3 * outputStride, adds)
    emit(c4l, c4h, to: output + 4 * outputStride, adds)
    emit(c5l, c5h, to: output + 5 * outputStride, adds)
    emit(c6l, c6h, to: output + 6 * outputStride, adds)
    emit(c7l, c7h, to: output + 7 * outputStride, adds)
    emit(c8l, c8h, to: output + 8 * outputStride, adds)
    emit(c9l, c9h, to: output + 9 * outputStride, adds)
    emit(c10l, c10h, to: output + 10 * outputStride, adds)
    emit(c11l, c11h, to: output + 11 * outputStride, adds)
  }

  @inline(__always)
  private func emit(
    _ low: Lanes, _ high: Lanes, to output: UnsafeMutablePointer<Float>, _ adds: Bool
  ) {
    emit(low, high, to: output, adding: output, adds)
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
#endif
