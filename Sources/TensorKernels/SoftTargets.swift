/// Cross-entropy against weights for each class rather than one label, and its gradient.
///
///     loss           = -weight/N · Σₙₖ t[n, k] ln softmax(sharpness · z[n, :])[k]       in nats
///     gradient[n, k] = weight · sharpness / N · (softmax(…)[k] Σⱼ t[n, j] - t[n, k])
///
/// | argument   | shape    | access             |
/// |------------|----------|--------------------|
/// | `logits`   | `[N, K]` | read               |
/// | `targets`  | `[N, K]` | read; any row sums |
/// | `gradient` | `[N, K]` | overwrite or add   |
///
/// Rows are shifted by their maximum before `exp`; sums run in row order, in Float64.
public func softTargetCrossEntropy(
  logits: UnsafePointer<Float>, targets: UnsafePointer<Float>, rows: Int, classes: Int,
  sharpness: Float, weight: Float, gradient: GradientTarget?, on context: KernelContext
) -> LossValue {
  let probabilities = context.buffers.take(rows * classes)
  let memory = context.buffers.take(rows)
  let (allProbabilities, losses) = (probabilities.pointer, memory.pointer)
  let factor = weight * sharpness / Float(rows)
  context.workers.forEach(chunks: rows) { n in
    let (z, t) = (logits + n * classes, targets + n * classes)
    let p = allProbabilities + n * classes
    let (top, total) = exponentials(z, count: classes, sharpness: sharpness, into: p)
    let logSum = logarithm(Lanes(repeating: total))[0] + top
    var mass = Lanes()
    var loss = Lanes()
    for k in stride(from: 0, to: classes, by: 8) {
      let target = load(t + k, classes - k)
      mass += target
      loss += target * (logSum - sharpness * load(z + k, classes - k))
    }
    losses[n] = loss.total
    guard let gradient else { return }
    let scale = mass.total / total
    for k in stride(from: 0, to: classes, by: 8) {
      let slope = load(p + k, classes - k) * scale - load(t + k, classes - k)
      gradient.put(slope * factor, at: n * classes + k, classes - k)
    }
  }
  let loss = LossValue(on: context)
  let result = loss.pointer
  context.workers.alone {
    var sum = 0.0
    for n in 0..<rows { sum += Double(losses[n]) }
    result.pointee = sum * Double(weight) / Double(rows)
  }
  return withExtendedLifetime((probabilities, memory)) { loss }
}

/// `y = softmax(sharpness (x - centre))` of each row; without a centre it is zero.
public func softmaxRows(
  _ x: UnsafePointer<Float>, centre: UnsafePointer<Float>?, rows: Int, columns: Int,
  sharpness: Float, into y: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  workers.forEach(chunks: rows) { r in
    let row = y + r * columns
    for c in stride(from: 0, to: columns, by: 8) {
      let shift = centre.map { load($0 + c, columns - c) } ?? Lanes()
      store(load(x + r * columns + c, columns - c) - shift, to: row + c, columns - c)
    }
    let (_, total) = exponentials(row, count: columns, sharpness: sharpness, into: row)
    for c in stride(from: 0, to: columns, by: 8) {
      store(load(row + c, columns - c) / total, to: row + c, columns - c)
    }
  }
}

/// Writes `exp(sharpness x - top)` and returns the largest scaled value and the sum.
@inline(__always)
private func exponentials(
  _ x: UnsafePointer<Float>, count: Int, sharpness: Float, into y: UnsafeMutablePointer<Float>
) -> (top: Float, total: Float) {
  var top = x[0]
  for i in 1..<max(1, count) where x[i] > top || x[i] != x[i] { top = x[i] }
  top *= sharpness
  var sum = Lanes()
  for i in stride(from: 0, to: count, by: 8) {
    let value = exponential(load(x + i, count - i) * sharpness - top)
    sum += masked(value, count - i)
    store(value, to: y + i, count - i)
  }
  return (top, sum.total)
}

/// Balanced soft assignments of rows to columns (Sinkhorn and Knopp 1967, as in SwAV 2020).
///
///     Q = exp(scores / ε); `iterations` times: columns, then rows, are scaled to equal sums
///
/// - Parameters:
///   - scores: `[rows, columns]`: images by prototypes.
///   - codes: The same shape, overwritten; each row sums to 1.
public func sinkhorn(
  _ scores: UnsafePointer<Float>, rows: Int, columns: Int, epsilon: Float, iterations: Int,
  codes: UnsafeMutablePointer<Float>, on context: KernelContext
) {
  let count = rows * columns
  let memory = context.buffers.take(1 + columns)
  let (largest, sums) = (memory.pointer, memory.pointer + 1)
  // A common shift cancels in the first scaling and keeps exp in range.
  context.workers.alone {
    var top = scores[0]
    for i in 1..<max(1, count) where scores[i] > top { top = scores[i] }
    largest.pointee = top
  }
  context.workers.forEachStretch(of: count) { from, to in
    let top = largest.pointee
    for i in stride(from: from, to: to, by: 8) {
      store(exponential((load(scores + i, to - i) - top) / epsilon), to: codes + i, to - i)
    }
  }
  for _ in 0..<iterations {
    sumRows(
      codes, rows: rows, columns: columns, into: sums, accumulate: false, on: context)
    context.workers.forEach(chunks: rows) { r in
      let row = codes + r * columns
      var total = Lanes()
      for c in stride(from: 0, to: columns, by: 8) {
        let lanes = columns - c
        var divisor = load(sums + c, lanes)
        if lanes < 8 { for lane in lanes..<8 { divisor[lane] = 1 } }
        let value = load(row + c, lanes) / divisor
        total += value
        store(value, to: row + c, lanes)
      }
      let inverse = 1 / total.total
      for c in stride(from: 0, to: columns, by: 8) {
        store(load(row + c, columns - c) * inverse, to: row + c, columns - c)
      }
    }
  }
  withExtendedLifetime(memory) {}
}

/// Mean squared error, and its gradient: `weight / N · Σ (x - t)²`.
///
/// - Parameter gradient: As large as x: overwritten or added to.
public func meanSquaredError(
  _ x: UnsafePointer<Float>, targets t: UnsafePointer<Float>, count: Int, weight: Float,
  gradient: GradientTarget?, on context: KernelContext
) -> LossValue {
  let size = 4_096
  let chunks = pieces(count, of: size)
  let memory = context.buffers.take(chunks)
  let partial = memory.pointer
  let factor = 2 * weight / Float(count)
  context.workers.forEach(chunks: chunks) { chunk in
    var sum = Lanes()
    let end = min(count, (chunk + 1) * size)
    for i in stride(from: chunk * size, to: end, by: 8) {
      let d = load(x + i, end - i) - load(t + i, end - i)
      sum = sum.addingProduct(d, d)
      gradient?.put(d * factor, at: i, end - i)
    }
    partial[chunk] = sum.total
  }
  let loss = LossValue(on: context)
  let result = loss.pointer
  context.workers.alone {
    var total = 0.0
    for chunk in 0..<chunks { total += Double(partial[chunk]) }
    result.pointee = total * Double(weight) / Double(count)
  }
  return withExtendedLifetime(memory) { loss }
}
