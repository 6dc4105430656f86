// Statistics of rows that a product has just written, while they are in the cache.

internal import Tiles

extension Kernels {
  public static func statistics(
    of rows: UnsafePointer<UnsafeMutablePointer<Float>>, count: Int, columns: Range<Int>,
    means: UnsafeMutablePointer<Float>, squares: UnsafeMutablePointer<Float>
  ) {
    var c = columns.lowerBound
    while c + 4 * lanes <= columns.upperBound {
      statisticsOfFour(rows, count, at: c, means + c, squares + c)
      c += 4 * lanes
    }
    while c < columns.upperBound {
      statisticsOfOne(rows, count, at: c, columns.upperBound - c, means + c, squares + c)
      c += lanes
    }
  }
}

/// Four vectors of columns: a line of the cache is read once for each of the two passes, and four
/// sums hide the latency of additions.
@inline(__always)
private func statisticsOfFour(
  _ rows: UnsafePointer<UnsafeMutablePointer<Float>>, _ count: Int, at c: Int,
  _ means: UnsafeMutablePointer<Float>, _ squares: UnsafeMutablePointer<Float>
) {
  let lanes = Lanes.scalarCount
  var s0 = Lanes()
  var s1 = Lanes()
  var s2 = Lanes()
  var s3 = Lanes()
  for r in 0..<count {
    let p = rows[r] + c
    s0 += load(p)
    s1 += load(p + lanes)
    s2 += load(p + 2 * lanes)
    s3 += load(p + 3 * lanes)
  }
  let (m0, m1) = (s0 / Float(count), s1 / Float(count))
  let (m2, m3) = (s2 / Float(count), s3 / Float(count))
  s0 = Lanes()
  s1 = Lanes()
  s2 = Lanes()
  s3 = Lanes()
  for r in 0..<count {
    let p = rows[r] + c
    let (d0, d1) = (load(p) - m0, load(p + lanes) - m1)
    let (d2, d3) = (load(p + 2 * lanes) - m2, load(p + 3 * lanes) - m3)
    s0 = s0.addingProduct(d0, d0)
    s1 = s1.addingProduct(d1, d1)
    s2 = s2.addingProduct(d2, d2)
    s3 = s3.addingProduct(d3, d3)
  }
  store(m0, to: means)
  store(m1, to: means + lanes)
  store(m2, to: means + 2 * lanes)
  store(m3, to: means + 3 * lanes)
  store(s0, to: squares)
  store(s1, to: squares + lanes)
  store(s2, to: squares + 2 * lanes)
  store(s3, to: squares + 3 * lanes)
}

/// One vector of columns, of which `used` are real.
@inline(__always)
private func statisticsOfOne(
  _ rows: UnsafePointer<UnsafeMutablePointer<Float>>, _ count: Int, at c: Int, _ used: Int,
  _ means: UnsafeMutablePointer<Float>, _ squares: UnsafeMutablePointer<Float>
) {
  var sum = Lanes()
  for r in 0..<count { sum += load(rows[r] + c, used) }
  let mean = sum / Float(count)
  var square = Lanes()
  for r in 0..<count {
    let d = load(rows[r] + c, used) - mean
    square = square.addingProduct(d, d)
  }
  for i in 0..<min(used, Lanes.scalarCount) {
    means[i] = mean[i]
    squares[i] = square[i]
  }
}

// Their own copies: a debug build compiles file by file and would call another file's.
@inline(__always)
private func load(_ p: UnsafePointer<Float>) -> Lanes {
  UnsafeRawPointer(p).loadUnaligned(as: Lanes.self)
}

@inline(__always)
private func load(_ p: UnsafePointer<Float>, _ count: Int) -> Lanes {
  if count >= Lanes.scalarCount { return load(p) }
  var value = Lanes()
  for i in 0..<count { value[i] = p[i] }
  return value
}

@inline(__always)
private func store(_ value: Lanes, to p: UnsafeMutablePointer<Float>) {
  UnsafeMutableRawPointer(p).storeBytes(of: value, as: Lanes.self)
}
