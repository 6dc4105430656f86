// The inner loops: a tile of six rows of the output stays in registers while its products are
// added. Six rows by sixteen columns fill twelve of the sixteen AVX2 registers, enough to hide the
// latency of FMA. Written out by hand: arrays of accumulators do not stay in registers.

typealias Input = UnsafePointer<Float>
typealias Output = UnsafeMutablePointer<Float>

/// What the sums of a tile are joined to.
enum TileStart {
  case zero
  /// The sums begin at one value for each column of the tile.
  case columns(UnsafePointer<Float>)
  /// The sums begin at zero and are added to what the output holds once they are complete. A chain
  /// that went on from the output would round every product at the size of the whole sum.
  case output
}

/// Six gathered rows times sixteen packed columns.
///
/// - Parameters:
///   - rows: Six pointers for each tap, tap by tap.
///   - offset: Where to begin behind each of them, and `depth` how far to read.
///   - b: Sixteen columns for each element of depth, tap by tap.
///   - outputs: Six rows to write at `column`.
@inline(__always)
func multiplyTile16(
  rows: UnsafePointer<Input>, taps: Int, offset: Int, depth: Int, b: UnsafePointer<Float>,
  outputs: UnsafePointer<Output>, column: Int, start: TileStart
) {
  var c00 = Lanes()
  var c01 = Lanes()
  var c10 = Lanes()
  var c11 = Lanes()
  var c20 = Lanes()
  var c21 = Lanes()
  var c30 = Lanes()
  var c31 = Lanes()
  var c40 = Lanes()
  var c41 = Lanes()
  var c50 = Lanes()
  var c51 = Lanes()
  var adds = false
  switch start {
  case .zero: break
  case .columns(let bias):
    let low = lanes(bias)
    let high = lanes(bias + 8)
    (c00, c10, c20, c30, c40, c50) = (low, low, low, low, low, low)
    (c01, c11, c21, c31, c41, c51) = (high, high, high, high, high, high)
  case .output: adds = true
  }
  var rows = rows
  var b = b
  for _ in 0..<taps {
    let a0 = rows[0] + offset
    let a1 = rows[1] + offset
    let a2 = rows[2] + offset
    let a3 = rows[3] + offset
    let a4 = rows[4] + offset
    let a5 = rows[5] + offset
    for k in 0..<depth {
      let b0 = lanes(b)
      let b1 = lanes(b + 8)
      var a = Lanes(repeating: a0[k])
      c00 = c00.addingProduct(a, b0)
      c01 = c01.addingProduct(a, b1)
      a = Lanes(repeating: a1[k])
      c10 = c10.addingProduct(a, b0)
      c11 = c11.addingProduct(a, b1)
      a = Lanes(repeating: a2[k])
      c20 = c20.addingProduct(a, b0)
      c21 = c21.addingProduct(a, b1)
      a = Lanes(repeating: a3[k])
      c30 = c30.addingProduct(a, b0)
      c31 = c31.addingProduct(a, b1)
      a = Lanes(repeating: a4[k])
      c40 = c40.addingProduct(a, b0)
      c41 = c41.addingProduct(a, b1)
      a = Lanes(repeating: a5[k])
      c50 = c50.addingProduct(a, b0)
      c51 = c51.addingProduct(a, b1)
      b += 16
    }
    rows += 6
  }
  emit(c00, c01, outputs[0] + column, adds)
  emit(c10, c11, outputs[1] + column, adds)
  emit(c20, c21, outputs[2] + column, adds)
  emit(c30, c31, outputs[3] + column, adds)
  emit(c40, c41, outputs[4] + column, adds)
  emit(c50, c51, outputs[5] + column, adds)
}

/// Six gathered rows times eight packed columns; even and odd depths accumulate apart.
@inline(__always)
func multiplyTile8(
  rows: UnsafePointer<Input>, taps: Int, offset: Int, depth: Int, b: UnsafePointer<Float>,
  outputs: UnsafePointer<Output>, column: Int, start: TileStart
) {
  var c0 = Lanes()
  var c1 = Lanes()
  var c2 = Lanes()
  var c3 = Lanes()
  var c4 = Lanes()
  var c5 = Lanes()
  var d0 = Lanes()
  var d1 = Lanes()
  var d2 = Lanes()
  var d3 = Lanes()
  var d4 = Lanes()
  var d5 = Lanes()
  var adds = false
  switch start {
  case .zero: break
  case .columns(let bias):
    let low = lanes(bias)
    (c0, c1, c2, c3, c4, c5) = (low, low, low, low, low, low)
  case .output: adds = true
  }
  var rows = rows
  var b = b
  for _ in 0..<taps {
    let a0 = rows[0] + offset
    let a1 = rows[1] + offset
    let a2 = rows[2] + offset
    let a3 = rows[3] + offset
    let a4 = rows[4] + offset
    let a5 = rows[5] + offset
    var k = 0
    while k + 1 < depth {
      let b0 = lanes(b)
      let b1 = lanes(b + 8)
      c0 = c0.addingProduct(Lanes(repeating: a0[k]), b0)
      d0 = d0.addingProduct(Lanes(repeating: a0[k + 1]), b1)
      c1 = c1.addingProduct(Lanes(repeating: a1[k]), b0)
      d1 = d1.addingProduct(Lanes(repeating: a1[k + 1]), b1)
      c2 = c2.addingProduct(Lanes(repeating: a2[k]), b0)
      d2 = d2.addingProduct(Lanes(repeating: a2[k + 1]), b1)
      c3 = c3.addingProduct(Lanes(repeating: a3[k]), b0)
      d3 = d3.addingProduct(Lanes(repeating: a3[k + 1]), b1)
      c4 = c4.addingProduct(Lanes(repeating: a4[k]), b0)
      d4 = d4.addingProduct(Lanes(repeating: a4[k + 1]), b1)
      c5 = c5.addingProduct(Lanes(repeating: a5[k]), b0)
      d5 = d5.addingProduct(Lanes(repeating: a5[k + 1]), b1)
      b += 16
      k += 2
    }
    if k < depth {
      let b0 = lanes(b)
      c0 = c0.addingProduct(Lanes(repeating: a0[k]), b0)
      c1 = c1.addingProduct(Lanes(repeating: a1[k]), b0)
      c2 = c2.addingProduct(Lanes(repeating: a2[k]), b0)
      c3 = c3.addingProduct(Lanes(repeating: a3[k]), b0)
      c4 = c4.addingProduct(Lanes(repeating: a4[k]), b0)
      c5 = c5.addingProduct(Lanes(repeating: a5[k]), b0)
      b += 8
    }
    rows += 6
  }
  emit(c0 + d0, outputs[0] + column, adds)
  emit(c1 + d1, outputs[1] + column, adds)
  emit(c2 + d2, outputs[2] + column, adds)
  emit(c3 + d3, outputs[3] + column, adds)
  emit(c4 + d4, outputs[4] + column, adds)
  emit(c5 + d5, outputs[5] + column, adds)
}

/// A stretch of pixels in a row: where the left operand begins, and the packed right one.
struct Run {
  var a: Input
  var b: Input
  var count: Int
}

/// The sum over pixels of six values of the left operand times sixteen of the right.
@inline(__always)
func sumTile16(
  runs: UnsafePointer<Run>, count: Int, offset: Int, stride: Int,
  outputs: UnsafePointer<Output>, accumulate: Bool
) {
  var c00 = Lanes()
  var c01 = Lanes()
  var c10 = Lanes()
  var c11 = Lanes()
  var c20 = Lanes()
  var c21 = Lanes()
  var c30 = Lanes()
  var c31 = Lanes()
  var c40 = Lanes()
  var c41 = Lanes()
  var c50 = Lanes()
  var c51 = Lanes()
  for r in 0..<count {
    var p = runs[r].a + offset
    var b = runs[r].b
    for _ in 0..<runs[r].count {
      let b0 = lanes(b)
      let b1 = lanes(b + 8)
      var a = Lanes(repeating: p[0])
      c00 = c00.addingProduct(a, b0)
      c01 = c01.addingProduct(a, b1)
      a = Lanes(repeating: p[1])
      c10 = c10.addingProduct(a, b0)
      c11 = c11.addingProduct(a, b1)
      a = Lanes(repeating: p[2])
      c20 = c20.addingProduct(a, b0)
      c21 = c21.addingProduct(a, b1)
      a = Lanes(repeating: p[3])
      c30 = c30.addingProduct(a, b0)
      c31 = c31.addingProduct(a, b1)
      a = Lanes(repeating: p[4])
      c40 = c40.addingProduct(a, b0)
      c41 = c41.addingProduct(a, b1)
      a = Lanes(repeating: p[5])
      c50 = c50.addingProduct(a, b0)
      c51 = c51.addingProduct(a, b1)
      p += stride
      b += 16
    }
  }
  emit(c00, c01, outputs[0], accumulate)
  emit(c10, c11, outputs[1], accumulate)
  emit(c20, c21, outputs[2], accumulate)
  emit(c30, c31, outputs[3], accumulate)
  emit(c40, c41, outputs[4], accumulate)
  emit(c50, c51, outputs[5], accumulate)
}

/// The sum over pixels of eight values of the left operand times eight of the right.
@inline(__always)
func sumTile8(
  runs: UnsafePointer<Run>, count: Int, offset: Int, stride: Int,
  outputs: UnsafePointer<Output>, accumulate: Bool
) {
  var c0 = Lanes()
  var c1 = Lanes()
  var c2 = Lanes()
  var c3 = Lanes()
  var c4 = Lanes()
  var c5 = Lanes()
  var c6 = Lanes()
  var c7 = Lanes()
  for r in 0..<count {
    var p = runs[r].a + offset
    var b = runs[r].b
    for _ in 0..<runs[r].count {
      let b0 = lanes(b)
      c0 = c0.addingProduct(Lanes(repeating: p[0]), b0)
      c1 = c1.addingProduct(Lanes(repeating: p[1]), b0)
      c2 = c2.addingProduct(Lanes(repeating: p[2]), b0)
      c3 = c3.addingProduct(Lanes(repeating: p[3]), b0)
      c4 = c4.addingProduct(Lanes(repeating: p[4]), b0)
      c5 = c5.addingProduct(Lanes(repeating: p[5]), b0)
      c6 = c6.addingProduct(Lanes(repeating: p[6]), b0)
      c7 = c7.addingProduct(Lanes(repeating: p[7]), b0)
      p += stride
      b += 8
    }
  }
  let all = (c0, c1, c2, c3, c4, c5, c6, c7)
  emit(all.0, outputs[0], accumulate)
  emit(all.1, outputs[1], accumulate)
  emit(all.2, outputs[2], accumulate)
  emit(all.3, outputs[3], accumulate)
  emit(all.4, outputs[4], accumulate)
  emit(all.5, outputs[5], accumulate)
  emit(all.6, outputs[6], accumulate)
  emit(all.7, outputs[7], accumulate)
}

@inline(__always)
private func emit(_ low: Lanes, _ high: Lanes, _ output: Output, _ accumulate: Bool) {
  write(accumulate ? lanes(output) + low : low, to: output)
  write(accumulate ? lanes(output + 8) + high : high, to: output + 8)
}

@inline(__always)
private func emit(_ value: Lanes, _ output: Output, _ accumulate: Bool) {
  write(accumulate ? lanes(output) + value : value, to: output)
}

// Their own copies of these two: a debug build compiles file by file and would call the module's.
@inline(__always)
private func lanes(_ p: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
}

@inline(__always)
private func write(_ value: Lanes, to p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self)
}
