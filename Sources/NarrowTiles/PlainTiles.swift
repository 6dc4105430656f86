internal import CHints
internal import Tiles

extension Kernels {
  public static func multiply(
    _ a: UnsafePointer<Float>, stride: Int, rows: Int, depth: Int, panel: UnsafePointer<Float>,
    vectors: Int, output: UnsafeMutablePointer<Float>, outputStride: Int, adds: Bool,
    nextRows: UnsafePointer<Float>?, nextPanel: UnsafePointer<Float>?
  ) {
    var row = 0
    #if WIDE
      if vectors == 4 {
        return plainTiles6x4(
          count: rows / 6, a: a, stride: stride, depth: depth, b: panel, output: output,
          outputStride: outputStride, adds: adds, nextRows: nextRows, nextPanel: nextPanel)
      }
    #endif
    if let nextRows {
      for i in Swift.stride(from: 0, to: rows * stride, by: 16) {
        prefetch_line_for_later(nextRows + i)
      }
    }
    if vectors == 2 {
      #if WIDE
        while row + 6 < rows {
          plainTile12x2(
            a: a + row * stride, stride: stride, depth: depth, b: panel,
            output: output + row * outputStride, outputStride: outputStride, adds: adds)
          row += 12
        }
      #endif
      while row < rows {
        plainTile6x2(
          a: a + row * stride, stride: stride, depth: depth, b: panel,
          output: output + row * outputStride, outputStride: outputStride, adds: adds)
        row += 6
      }
      return
    }
    while row + 6 < rows {
      plainTile12x1(
        a: a + row * stride, stride: stride, depth: depth, b: panel,
        output: output + row * outputStride, outputStride: outputStride, adds: adds)
      row += 12
    }
    if row < rows {
      plainTile6x1(
        a: a + row * stride, stride: stride, depth: depth, b: panel,
        output: output + row * outputStride, outputStride: outputStride, adds: adds)
    }
  }
}

/// Six rows times two vectors of columns.
@inline(__always)
private func plainTile6x2(
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
  var b = b
  let a0 = a
  let a1 = a + 1 * stride
  let a2 = a + 2 * stride
  let a3 = a + 3 * stride
  let a4 = a + 4 * stride
  let a5 = a + 5 * stride
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
    b += 2 * Lanes.scalarCount
  }
  emit(c0l, c0h, to: output, adds)
  emit(c1l, c1h, to: output + 1 * outputStride, adds)
  emit(c2l, c2h, to: output + 2 * outputStride, adds)
  emit(c3l, c3h, to: output + 3 * outputStride, adds)
  emit(c4l, c4h, to: output + 4 * outputStride, adds)
  emit(c5l, c5h, to: output + 5 * outputStride, adds)
}

/// Twelve rows times one vector of columns.
@inline(__always)
private func plainTile12x1(
  a: UnsafePointer<Float>, stride: Int, depth: Int, b: UnsafePointer<Float>,
  output: UnsafeMutablePointer<Float>, outputStride: Int, adds: Bool
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
  emit(c0, to: output, adds)
  emit(c1, to: output + 1 * outputStride, adds)
  emit(c2, to: output + 2 * outputStride, adds)
  emit(c3, to: output + 3 * outputStride, adds)
  emit(c4, to: output + 4 * outputStride, adds)
  emit(c5, to: output + 5 * outputStride, adds)
  emit(c6, to: output + 6 * outputStride, adds)
  emit(c7, to: output + 7 * outputStride, adds)
  emit(c8, to: output + 8 * outputStride, adds)
  emit(c9, to: output + 9 * outputStride, adds)
  emit(c10, to: output + 10 * outputStride, adds)
  emit(c11, to: output + 11 * outputStride, adds)
}

/// Six rows times one vector of columns.
@inline(__always)
private func plainTile6x1(
  a: UnsafePointer<Float>, stride: Int, depth: Int, b: UnsafePointer<Float>,
  output: UnsafeMutablePointer<Float>, outputStride: Int, adds: Bool
) {
  var c0 = Lanes()
  var c1 = Lanes()
  var c2 = Lanes()
  var c3 = Lanes()
  var c4 = Lanes()
  var c5 = Lanes()
  var b = b
  let a0 = a
  let a1 = a + 1 * stride
  let a2 = a + 2 * stride
  let a3 = a + 3 * stride
  let a4 = a + 4 * stride
  let a5 = a + 5 * stride
  for k in 0..<depth {
    let low = load(b)
    c0 = c0.addingProduct(Lanes(repeating: a0[k]), low)
    c1 = c1.addingProduct(Lanes(repeating: a1[k]), low)
    c2 = c2.addingProduct(Lanes(repeating: a2[k]), low)
    c3 = c3.addingProduct(Lanes(repeating: a3[k]), low)
    c4 = c4.addingProduct(Lanes(repeating: a4[k]), low)
    c5 = c5.addingProduct(Lanes(repeating: a5[k]), low)
    b += Lanes.scalarCount
  }
  emit(c0, to: output, adds)
  emit(c1, to: output + 1 * outputStride, adds)
  emit(c2, to: output + 2 * outputStride, adds)
  emit(c3, to: output + 3 * outputStride, adds)
  emit(c4, to: output + 4 * outputStride, adds)
  emit(c5, to: output + 5 * outputStride, adds)
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
