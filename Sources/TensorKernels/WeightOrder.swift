/// Reorders weights from PyTorch's `[out, in, kh, kw]` to the kernels' `[kh, kw, in, out]`.
public func packWeights(
  _ source: UnsafePointer<Float>, out outputs: Int, in inputs: Int, taps: Int,
  into target: UnsafeMutablePointer<Float>
) {
  forEachBlock(of: outputs) { first, count in
    for i in 0..<inputs {
      for t in 0..<taps {
        let from = source + (first * inputs + i) * taps + t
        let to = target + (t * inputs + i) * outputs + first
        for o in 0..<count { to[o] = from[o * inputs * taps] }
      }
    }
  }
}

/// Reorders weights from the kernels' `[kh, kw, in, out]` to PyTorch's `[out, in, kh, kw]`.
public func unpackWeights(
  _ source: UnsafePointer<Float>, out outputs: Int, in inputs: Int, taps: Int,
  into target: UnsafeMutablePointer<Float>
) {
  forEachBlock(of: outputs) { first, count in
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
@inline(__always)
private func forEachBlock(of outputs: Int, _ body: (_ first: Int, _ count: Int) -> Void) {
  for first in stride(from: 0, to: outputs, by: 16) { body(first, min(16, outputs - first)) }
}
