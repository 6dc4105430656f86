/// Reorders weights from PyTorch's `[out, in, kh, kw]` to the kernels' `[kh, kw, in, out]`.
public func packWeights(
  _ source: UnsafePointer<Float>, out outputs: Int, in inputs: Int, taps: Int,
  into target: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  let row = inputs * taps
  forEachBlock(of: outputs, on: workers) { first, count in
    withUnsafeTemporaryAllocation(of: Output.self, capacity: 8) { places in
      let places = places.baseAddress!
      var (i, t) = (0, 0)
      for k in stride(from: 0, to: row, by: 8) {
        let columns = min(8, row - k)
        for column in 0..<columns {
          places[column] = target + (t * inputs + i) * outputs
          t += 1
          if t == taps { (i, t) = (i + 1, 0) }
        }
        for o in stride(from: first, to: first + count, by: 8) {
          let corner = source + o * row + k
          if columns == 8, o + 8 <= first + count {
            forEachColumn(of: corner, row) { column, values in
              store(values, to: places[column] + o)
            }
          } else {
            for column in 0..<columns {
              for r in 0..<min(8, first + count - o) {
                places[column][o + r] = corner[r * row + column]
              }
            }
          }
        }
      }
    }
  }
}

/// Reorders weights from the kernels' `[kh, kw, in, out]` to PyTorch's `[out, in, kh, kw]`.
public func unpackWeights(
  _ source: UnsafePointer<Float>, out outputs: Int, in inputs: Int, taps: Int,
  into target: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  forEachBlock(of: outputs, on: workers) { first, count in
    for i in 0..<inputs {
      for t in 0..<taps {
        let from = source + (t * inputs + i) * outputs + first
        let to = target + (first * inputs + i) * taps + t
        for o in 0..<count { to[o * inputs * taps] = from[o] }
      }
    }
  }
}

/// Sixteen outputs at a time: a line of the cache on one side, sixteen lines that are used to their
/// end on the other.
private func forEachBlock(
  of outputs: Int, on workers: WorkerPool, _ body: @escaping (_ first: Int, _ count: Int) -> Void
) {
  workers.forEach(chunks: pieces(outputs, of: 16)) { body($0 * 16, min(16, outputs - $0 * 16)) }
}
