/// `y = max(x, 0)`, and NaN where x is NaN.
public func rectify(
  _ x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int,
  on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      store(rectified(load(x + i, to - i)), to: y + i, to - i)
    }
  }
}

/// `dx (+)= dy` where `y > 0`, else 0.
public func rectifyGradient(
  _ dy: UnsafePointer<Float>, output y: UnsafePointer<Float>,
  into dx: UnsafeMutablePointer<Float>, count: Int, accumulate: Bool, on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      var gradient = load(dy + i, to - i)
      gradient.replace(with: Lanes(), where: load(y + i, to - i) .<= 0)
      store(accumulate ? load(dx + i, to - i) + gradient : gradient, to: dx + i, to - i)
    }
  }
}

/// `y += x`.
public func add(
  _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, count: Int, on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      store(load(y + i, to - i) + load(x + i, to - i), to: y + i, to - i)
    }
  }
}

/// `y *= factor`.
public func scale(
  _ y: UnsafeMutablePointer<Float>, by factor: Float, count: Int, on workers: WorkerPool
) {
  workers.forEachStretch(of: count) { from, to in
    for i in stride(from: from, to: to, by: 8) {
      store(load(y + i, to - i) * factor, to: y + i, to - i)
    }
  }
}

/// `sums[c] (+)= Σ rows[r, c]`: a bias's gradient.
public func sumRows(
  _ x: UnsafePointer<Float>, rows: Int, columns: Int, into sums: UnsafeMutablePointer<Float>,
  accumulate: Bool, on context: KernelContext
) {
  let size = max(1, 8_192 / columns)
  let chunks = pieces(rows, of: size)
  let partial = context.buffers.take(chunks * columns)
  let parts = partial.pointer
  context.workers.forEach(chunks: chunks) { chunk in
    for c in stride(from: 0, to: columns, by: 8) {
      let lanes = columns - c
      var sum = Lanes()
      for r in chunk * size..<min(rows, (chunk + 1) * size) {
        sum += load(x + r * columns + c, lanes)
      }
      store(sum, to: parts + chunk * columns + c, lanes)
    }
  }
  forEachVector(of: columns, on: context.workers) { c, lanes in
    var sum = DoubleLanes()
    for chunk in 0..<chunks { sum += doubles(load(parts + chunk * columns + c, lanes)) }
    let start = accumulate ? load(sums + c, lanes) : Lanes()
    store(accumulate ? start + floats(sum) : floats(sum), to: sums + c, lanes)
  }
  withExtendedLifetime(partial) {}
}

/// NaN passes, as it must to be noticed.
@inline(__always)
func rectified(_ x: Lanes) -> Lanes {
  var x = x
  x.replace(with: Lanes(), where: x .< 0)
  return x
}
