/// A matrix with a stride between rows and one between columns.
struct StridedMatrix {
  var pointer: UnsafePointer<Float>
  var row: Int
  var column = 1
}

/// `c (+)= a · b` for matrices that fit the caches, on the calling thread; c's and b's columns are
/// contiguous. Each element is one sum over the depth in order.
func blockProduct(
  _ a: StridedMatrix, _ b: StridedMatrix, into c: GradientTarget, stride: Int, rows: Int,
  depth: Int, columns: Int
) {
  var column = 0
  while column + 16 <= columns {
    var r = 0
    while r + 4 <= rows {
      multiplyFourRows(a, b, c, stride, r, column, depth)
      r += 4
    }
    while r < rows {
      multiplyRow(a, b, c, stride, r, column, depth, 16)
      r += 1
    }
    column += 16
  }
  guard column < columns else { return }
  for r in 0..<rows { multiplyRow(a, b, c, stride, r, column, depth, columns - column) }
}

@inline(__always)
private func multiplyFourRows(
  _ a: StridedMatrix, _ b: StridedMatrix, _ c: GradientTarget, _ stride: Int, _ r: Int,
  _ column: Int, _ depth: Int
) {
  var (s00, s01, s10, s11) = (Lanes(), Lanes(), Lanes(), Lanes())
  var (s20, s21, s30, s31) = (Lanes(), Lanes(), Lanes(), Lanes())
  var left = a.pointer + r * a.row
  var right = b.pointer + column
  for _ in 0..<depth {
    let b0 = load(right)
    let b1 = load(right + 8)
    let a0 = Lanes(repeating: left[0])
    s00 = s00.addingProduct(a0, b0)
    s01 = s01.addingProduct(a0, b1)
    let a1 = Lanes(repeating: left[a.row])
    s10 = s10.addingProduct(a1, b0)
    s11 = s11.addingProduct(a1, b1)
    let a2 = Lanes(repeating: left[2 * a.row])
    s20 = s20.addingProduct(a2, b0)
    s21 = s21.addingProduct(a2, b1)
    let a3 = Lanes(repeating: left[3 * a.row])
    s30 = s30.addingProduct(a3, b0)
    s31 = s31.addingProduct(a3, b1)
    left += a.column
    right += b.row
  }
  let target = r * stride + column
  c.put(s00, at: target, 8)
  c.put(s01, at: target + 8, 8)
  c.put(s10, at: target + stride, 8)
  c.put(s11, at: target + stride + 8, 8)
  c.put(s20, at: target + 2 * stride, 8)
  c.put(s21, at: target + 2 * stride + 8, 8)
  c.put(s30, at: target + 3 * stride, 8)
  c.put(s31, at: target + 3 * stride + 8, 8)
}

@inline(__always)
private func multiplyRow(
  _ a: StridedMatrix, _ b: StridedMatrix, _ c: GradientTarget, _ stride: Int, _ r: Int,
  _ column: Int, _ depth: Int, _ columns: Int
) {
  var (s0, s1) = (Lanes(), Lanes())
  var left = a.pointer + r * a.row
  var right = b.pointer + column
  for _ in 0..<depth {
    let value = Lanes(repeating: left[0])
    s0 = s0.addingProduct(value, load(right, columns))
    if columns > 8 { s1 = s1.addingProduct(value, load(right + 8, columns - 8)) }
    left += a.column
    right += b.row
  }
  c.put(s0, at: r * stride + column, columns)
  if columns > 8 { c.put(s1, at: r * stride + column + 8, columns - 8) }
}

/// Writes a `[rows, columns]` matrix as `[columns, width]`, zeros in the columns past `rows`.
func transpose(
  _ source: StridedMatrix, rows: Int, columns: Int, into target: UnsafeMutablePointer<Float>,
  width: Int
) {
  for c in 0..<columns {
    for r in 0..<rows { target[c * width + r] = source.pointer[r * source.row + c] }
    for r in rows..<max(rows, width) { target[c * width + r] = 0 }
  }
}
