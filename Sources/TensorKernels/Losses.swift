/// Mean binary cross-entropy of logits, with soft Dice if asked, and the gradient.
///
///     p    = 1 / (1 + e^-z)
///     bce  = 1/N · Σ max(z, 0) - z t + ln(1 + e^-|z|)
///     dice = 1 - (2 Σ p t + 1) / (Σ p + Σ t + 1)        sums over batch and space
///
/// | argument   | shape | element      | access    |
/// |------------|-------|--------------|-----------|
/// | `logits`   | `[N]` | Float32      | read      |
/// | `targets`  | `[N]` | 0 or 1       | read      |
/// | `gradient` | `[N]` | Float32      | overwrite |
///
/// Sums run over stretches in order, in Float64.
public func binaryCrossEntropy(
  logits: UnsafePointer<Float>, targets: UnsafePointer<Float>, count: Int, withDice: Bool,
  gradient: UnsafeMutablePointer<Float>, on context: KernelContext
) -> LossValue {
  let size = 4_096
  let chunks = pieces(count, of: size)
  let (memory, partial) = context.buffers.take(chunks, of: SIMD4<Double>.self)
  context.workers.forEach(chunks: chunks) { chunk in
    var entropy = Lanes()
    var overlap = Lanes()
    var predicted = Lanes()
    var wanted = Lanes()
    let end = min(count, (chunk + 1) * size)
    for i in stride(from: chunk * size, to: end, by: 8) {
      let z = load(logits + i, end - i)
      let t = load(targets + i, end - i)
      let p = sigmoid(z)
      let magnitude = z.replacing(with: -z, where: z .< 0)
      var term = rectified(z) - z * t + logarithm(1 + exponential(-magnitude))
      var counted = p
      if end - i < 8 {
        for lane in (end - i)..<8 { (term[lane], counted[lane]) = (0, 0) }
      }
      entropy += term
      overlap += counted * t
      predicted += counted
      wanted += t
      store(p, to: gradient + i, end - i)
    }
    partial[chunk] = SIMD4(
      Double(entropy.total), Double(overlap.total), Double(predicted.total),
      Double(wanted.total))
  }
  let loss = LossValue(on: context)
  let result = loss.pointer
  let (slopeMemory, slopes) = context.buffers.take(1, of: SIMD2<Float>.self)
  context.workers.alone {
    var sums = SIMD4<Double>()
    for chunk in 0..<chunks { sums += partial[chunk] }
    let numerator = 2 * sums.y + 1
    let denominator = sums.z + sums.w + 1
    // d dice / dp = (numerator - 2 t denominator) / denominator²
    slopes.pointee =
      withDice
      ? SIMD2(Float(numerator / (denominator * denominator)), Float(2 / denominator)) : SIMD2()
    let dice = withDice ? 1 - numerator / denominator : 0
    result.pointee = sums.x / Double(count) + dice
  }
  let inverse = 1 / Float(count)
  context.workers.forEachStretch(of: count) { from, to in
    let (base, slope) = (slopes.pointee.x, slopes.pointee.y)
    for i in stride(from: from, to: to, by: 8) {
      let p = load(gradient + i, to - i)
      let t = load(targets + i, to - i)
      store((p - t) * inverse + (base - slope * t) * p * (1 - p), to: gradient + i, to - i)
    }
  }
  return withExtendedLifetime((memory, slopeMemory)) { loss }
}

/// Mean softmax cross-entropy of rows of logits, and its gradient.
///
///     loss           = -1/N · Σₙ ln softmax(logits[n, :])[labels[n]]        in nats
///     gradient[n, k] = (softmax(logits[n, :])[k] - [k = labels[n]]) / N
///
/// | argument   | shape    | element             | access    |
/// |------------|----------|---------------------|-----------|
/// | `logits`   | `[N, K]` | Float32             | read      |
/// | `labels`   | `[N]`    | whole, in `0 ..< K` | read      |
/// | `gradient` | `[N, K]` | Float32             | overwrite |
///
/// Rows are shifted by their maximum before `exp`; sums run in row order, in Float64.
public func softmaxCrossEntropy(
  logits: UnsafePointer<Float>, labels: UnsafePointer<Float>, rows: Int, classes: Int,
  gradient: UnsafeMutablePointer<Float>, on context: KernelContext
) -> LossValue {
  let size = max(1, 4_096 / classes)
  let chunks = pieces(rows, of: size)
  let inverse = 1 / Float(rows)
  let (memory, partial) = context.buffers.take(chunks, of: Double.self)
  context.workers.forEach(chunks: chunks) { chunk in
    var loss = 0.0
    for n in chunk * size..<min(rows, (chunk + 1) * size) {
      let z = logits + n * classes
      let g = gradient + n * classes
      var top = z[0]
      for k in 1..<max(1, classes) where z[k] > top || z[k] != z[k] { top = z[k] }
      var sum = 0.0
      for k in stride(from: 0, to: classes, by: 8) {
        store(exponential(load(z + k, classes - k) - top), to: g + k, classes - k)
      }
      for k in 0..<classes { sum += Double(g[k]) }
      let label = Int(labels[n])
      let logSum = logarithm(Lanes(repeating: Float(sum)))[0]
      loss += Double(logSum) - Double(z[label] - top)
      let factor = inverse / Float(sum)
      for k in 0..<classes { g[k] *= factor }
      g[label] -= inverse
    }
    partial[chunk] = loss
  }
  let loss = LossValue(on: context)
  let result = loss.pointer
  context.workers.alone {
    var total = 0.0
    for chunk in 0..<chunks { total += partial[chunk] }
    result.pointee = total / Double(rows)
  }
  return withExtendedLifetime(memory) { loss }
}
