/// Divides each row by its length: `y = x / max(‖x‖, 1e-12)`, as PyTorch's `normalize` does.
///
/// - Parameter lengths: `[rows]`, overwritten.
public func normaliseLengths(
  _ x: UnsafePointer<Float>, rows: Int, columns: Int, lengths: UnsafeMutablePointer<Float>,
  output y: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  workers.forEach(chunks: rows) { r in
    let row = x + r * columns
    let length = max(dot(row, row, columns).squareRoot(), 1e-12)
    lengths[r] = length
    for c in stride(from: 0, to: columns, by: 8) {
      store(load(row + c, columns - c) / length, to: y + r * columns + c, columns - c)
    }
  }
}

/// `dx (+)= (dy - y ⟨y, dy⟩) / ‖x‖`.
public func normaliseLengthsGradient(
  _ dy: UnsafePointer<Float>, output y: UnsafePointer<Float>, lengths: UnsafePointer<Float>,
  rows: Int, columns: Int, into dx: GradientTarget, on workers: WorkerPool
) {
  workers.forEach(chunks: rows) { r in
    let (g, v) = (dy + r * columns, y + r * columns)
    let along = dot(g, v, columns)
    for c in stride(from: 0, to: columns, by: 8) {
      let value = load(g + c, columns - c) - load(v + c, columns - c) * along
      dx.put(value / lengths[r], at: r * columns + c, columns - c)
    }
  }
}

/// `y[r] = ⟨a[r, :], b[r, :]⟩`.
public func rowProducts(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, rows: Int, columns: Int,
  into y: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  workers.forEach(chunks: rows) { r in y[r] = dot(a + r * columns, b + r * columns, columns) }
}

/// `y[r, :] (+)= x[r, :] factors[r]`.
public func scaleRows(
  _ x: UnsafePointer<Float>, by factors: UnsafePointer<Float>, rows: Int, columns: Int,
  into y: GradientTarget, on workers: WorkerPool
) {
  workers.forEach(chunks: rows) { r in
    for c in stride(from: 0, to: columns, by: 8) {
      y.put(load(x + r * columns + c, columns - c) * factors[r], at: r * columns + c, columns - c)
    }
  }
}

/// The mean of rows under softmax weights: `y = Σᵣ softmax(scores)ᵣ x[r, :]`.
///
/// | argument  | shape             | access    |
/// |-----------|-------------------|-----------|
/// | `x`       | `[rows, columns]` | read      |
/// | `scores`  | `[rows]`          | read      |
/// | `weights` | `[rows]`          | overwrite |
/// | `y`       | `[columns]`       | overwrite |
public func weightedMean(
  _ x: UnsafePointer<Float>, scores: UnsafePointer<Float>, rows: Int, columns: Int,
  weights: UnsafeMutablePointer<Float>, output y: UnsafeMutablePointer<Float>,
  on workers: WorkerPool
) {
  workers.alone {
    var top = scores[0]
    for r in 1..<max(1, rows) where scores[r] > top || scores[r] != scores[r] { top = scores[r] }
    var total = 0.0
    for r in stride(from: 0, to: rows, by: 8) {
      store(exponential(load(scores + r, rows - r) - top), to: weights + r, rows - r)
    }
    for r in 0..<rows { total += Double(weights[r]) }
    let inverse = Float(1 / total)
    for r in 0..<rows { weights[r] *= inverse }
  }
  workers.forEach(chunks: pieces(columns, of: 8)) { piece in
    let c = piece * 8
    var sum = Lanes()
    for r in 0..<rows {
      sum = sum.addingProduct(
        load(x + r * columns + c, columns - c), Lanes(repeating: weights[r]))
    }
    store(sum, to: y + c, columns - c)
  }
}

/// The gradients of `weightedMean`; a target that is nil is not wanted.
public func weightedMeanGradient(
  _ dy: UnsafePointer<Float>, input x: UnsafePointer<Float>, weights: UnsafePointer<Float>,
  rows: Int, columns: Int, inputGradient: GradientTarget?, scoreGradient: GradientTarget?,
  on context: KernelContext
) {
  let memory = context.buffers.take(rows)
  let products = memory.pointer
  context.workers.forEach(chunks: rows) { r in
    products[r] = dot(x + r * columns, dy, columns)
    guard let inputGradient else { return }
    for c in stride(from: 0, to: columns, by: 8) {
      inputGradient.put(
        load(dy + c, columns - c) * weights[r], at: r * columns + c, columns - c)
    }
  }
  if let scoreGradient {
    context.workers.alone {
      var mean = 0.0
      for r in 0..<rows { mean += Double(weights[r]) * Double(products[r]) }
      for r in 0..<rows {
        let value = weights[r] * (products[r] - Float(mean))
        scoreGradient.pointer[r] =
          scoreGradient.accumulate ? scoreGradient.pointer[r] + value : value
      }
    }
  }
  withExtendedLifetime(memory) {}
}
