/// A vision transformer's sequence: a class token, then the patches, with positions added.
///
/// Positions lie `[channels, tokens]`, which is how a parameter `[1, tokens, channels]` is kept.
public struct TokenShape: Hashable, Sendable {
  public var batch: Int
  /// Patches of one image; there is one token more.
  public var patches: Int
  public var channels: Int

  public init(batch: Int, patches: Int, channels: Int) {
    self.batch = batch
    self.patches = patches
    self.channels = channels
  }

  public var tokens: Int { patches + 1 }
}

/// `y[n, 0] = class + position[0]`, `y[n, 1 + p] = x[n, p] + position[1 + p]`.
public func embedTokens(
  _ shape: TokenShape, patches x: UnsafePointer<Float>, class first: UnsafePointer<Float>,
  positions: UnsafePointer<Float>, output y: UnsafeMutablePointer<Float>,
  on context: KernelContext
) {
  let (T, C) = (shape.tokens, shape.channels)
  let memory = context.buffers.take(T * C)
  let rows = memory.pointer
  context.workers.forEach(chunks: T) { t in
    for c in 0..<C { rows[t * C + c] = positions[c * T + t] }
  }
  context.workers.forEach(chunks: shape.batch * T) { row in
    let t = row % T
    let source = t == 0 ? first : x + (row / T * shape.patches + t - 1) * C
    for c in stride(from: 0, to: C, by: 8) {
      store(
        load(source + c, C - c) + load(rows + t * C + c, C - c), to: y + row * C + c, C - c)
    }
  }
  withExtendedLifetime(memory) {}
}

/// The gradients of `embedTokens`; a target that is nil is not wanted.
public func embedTokensGradient(
  _ shape: TokenShape, outputGradient dy: UnsafePointer<Float>, patchGradient: GradientTarget?,
  classGradient: GradientTarget?, positionGradient: GradientTarget?, on workers: WorkerPool
) {
  let (T, C) = (shape.tokens, shape.channels)
  workers.forEach(chunks: T) { t in
    if t > 0, let patchGradient {
      for n in 0..<shape.batch {
        for c in stride(from: 0, to: C, by: 8) {
          patchGradient.put(
            load(dy + (n * T + t) * C + c, C - c), at: (n * shape.patches + t - 1) * C + c, C - c)
        }
      }
    }
    for c in stride(from: 0, to: C, by: 8) {
      var sum = Lanes()
      for n in 0..<shape.batch { sum += load(dy + (n * T + t) * C + c, C - c) }
      if t == 0 { classGradient?.put(sum, at: c, C - c) }
      guard let positionGradient else { continue }
      for lane in 0..<min(8, C - c) {
        let place = (c + lane) * T + t
        positionGradient.pointer[place] =
          positionGradient.accumulate ? positionGradient.pointer[place] + sum[lane] : sum[lane]
      }
    }
  }
}

/// Every `step`-th row, from the first: `y[n] = x[n * step]`.
public func takeRows(
  _ x: UnsafePointer<Float>, rows: Int, step: Int, columns: Int,
  output y: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  workers.forEach(chunks: rows) { r in
    (y + r * columns).update(from: x + r * step * columns, count: columns)
  }
}

/// The gradient of `takeRows`: zero in the rows that were not taken.
public func takeRowsGradient(
  _ dy: UnsafePointer<Float>, rows: Int, step: Int, columns: Int, into dx: GradientTarget,
  on workers: WorkerPool
) {
  if !dx.accumulate { clear(dx.pointer, count: rows * step * columns, on: workers) }
  workers.forEach(chunks: rows) { r in
    for c in stride(from: 0, to: columns, by: 8) {
      dx.put(load(dy + r * columns + c, columns - c), at: r * step * columns + c, columns - c)
    }
  }
}
