// Twelve rows by two vectors: for the thirty-two registers of AVX-512.

internal import Tiles

#if WIDE
  /// Twelve gathered rows times two vectors of columns.
  func gatheredTile12x2(
    rows: UnsafePointer<UnsafePointer<Float>>, nextRows: UnsafePointer<UnsafePointer<Float>>,
    taps: Int, offset: Int, depth: Int, b: UnsafePointer<Float>,
    outputs: UnsafePointer<UnsafeMutablePointer<Float>>, column: Int, start: TileStart
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
    var adds = false
    switch start {
    case .zero: break
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
    case .output: adds = true
    }
    var rows = rows
    var nextRows = nextRows
    var b = b
    for _ in 0..<taps {
      let a0 = rows[0] + offset
      let a1 = rows[1] + offset
      let a2 = rows[2] + offset
      let a3 = rows[3] + offset
      let a4 = rows[4] + offset
      let a5 = rows[5] + offset
      let a6 = nextRows[0] + offset
      let a7 = nextRows[1] + offset
      let a8 = nextRows[2] + offset
      let a9 = nextRows[3] + offset
      let a10 = nextRows[4] + offset
      let a11 = nextRows[5] + offset
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
      rows += 6
      nextRows += 6
    }
    emit(c0l, c0h, to: outputs[0] + column, adds)
    emit(c1l, c1h, to: outputs[1] + column, adds)
    emit(c2l, c2h, to: outputs[2] + column, adds)
    emit(c3l, c3h, to: outputs[3] + column, adds)
    emit(c4l, c4h, to: outputs[4] + column, adds)
    emit(c5l, c5h, to: outputs[5] + column, adds)
    emit(c6l, c6h, to: outputs[6] + column, adds)
    emit(c7l, c7h, to: outputs[7] + column, adds)
    emit(c8l, c8h, to: outputs[8] + column, adds)
    emit(c9l, c9h, to: outputs[9] + column, adds)
    emit(c10l, c10h, to: outputs[10] + column, adds)
    emit(c11l, c11h, to: outputs[11] + column, adds)
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
    emit(low, to: output, adds)
    emit(high, to: output + Lanes.scalarCount, adds)
  }

  @inline(__always)
  private func emit(_ value: Lanes, to output: UnsafeMutablePointer<Float>, _ adds: Bool) {
    UnsafeMutableRawPointer(output).storeBytes(
      of: adds ? load(output) + value : value, as: Lanes.self)
  }

  // Its own copy: a debug build compiles file by file and would call another file's.
  @inline(__always)
  private func load(_ p: UnsafePointer<Float>) -> Lanes {
    UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
  }
#endif
