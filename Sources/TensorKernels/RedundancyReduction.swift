/// The Barlow Twins loss of two batches of projections (Zbontar et al. 2021), and its gradients.
///
///     a', b' = columns of a and b with mean 0 and biased variance 1 (ε = 1e-5)
///     c      = a'ᵀ b' / N
///     loss   = Σᵢ (cᵢᵢ - 1)² + λ Σᵢ≠ⱼ cᵢⱼ²
///
/// - Parameters:
///   - a, b: `[rows, columns]`.
///   - aGradient, bGradient: Added to or overwritten.
public func redundancyReduction(
  a: UnsafePointer<Float>, b: UnsafePointer<Float>, rows: Int, columns: Int,
  lambda: Float, aGradient: GradientTarget, bGradient: GradientTarget, on context: KernelContext
) -> LossValue {
  let shape = NormalisationShape(rows: rows, channels: columns)
  let first = Standardised(a, shape, on: context)
  let second = Standardised(b, shape, on: context)
  let correlation = context.buffers.take(columns * columns)
  matrixProductTransposingLeft(
    first.values.pointer, second.values.pointer,
    into: GradientTarget(correlation.pointer, accumulate: false), rows: rows, depth: columns,
    columns: columns, on: context)
  let loss = correlationLoss(
    correlation.pointer, rows: rows, columns: columns, lambda: lambda, on: context)
  let gradient = context.buffers.take(rows * columns)
  matrixProductTransposingRight(
    second.values.pointer, correlation.pointer,
    into: GradientTarget(gradient.pointer, accumulate: false), rows: rows, depth: columns,
    columns: columns, on: context)
  first.backward(gradient.pointer, input: a, shape, into: aGradient, on: context)
  matrixProduct(
    first.values.pointer, correlation.pointer, into: gradient.pointer, rows: rows, depth: columns,
    columns: columns,
    on: context)
  second.backward(gradient.pointer, input: b, shape, into: bGradient, on: context)
  return withExtendedLifetime((first, second, correlation, gradient)) { loss }
}

/// Turns sums over the batch into the loss, and each sum into the loss's derivative by it.
private func correlationLoss(
  _ c: UnsafeMutablePointer<Float>, rows: Int, columns: Int, lambda: Float,
  on context: KernelContext
) -> LossValue {
  let inverse = 1 / Float(rows)
  let (memory, partial) = context.buffers.take(columns, of: Double.self)
  context.workers.forEach(chunks: columns) { i in
    var loss = 0.0
    for j in 0..<columns {
      let value = c[i * columns + j] * inverse
      let distance = i == j ? value - 1 : value
      let weight = i == j ? 1 : lambda
      loss += Double(weight) * Double(distance) * Double(distance)
      c[i * columns + j] = 2 * weight * distance * inverse
    }
    partial[i] = loss
  }
  let loss = LossValue(on: context)
  let result = loss.pointer
  context.workers.alone {
    var total = 0.0
    for i in 0..<columns { total += partial[i] }
    result.pointee = total
  }
  return withExtendedLifetime(memory) { loss }
}

/// A batch normalised without affine parameters, with what its backward pass needs.
private struct Standardised {
  let values: Buffer
  let mean: Buffer
  let inverseDeviation: Buffer

  init(_ x: UnsafePointer<Float>, _ shape: NormalisationShape, on context: KernelContext) {
    values = context.buffers.take(shape.rows * shape.channels)
    mean = context.buffers.take(shape.channels)
    inverseDeviation = context.buffers.take(shape.channels)
    batchStatistics(
      shape, input: x, mean: mean.pointer, variance: inverseDeviation.pointer, on: context)
    invertDeviations(
      of: inverseDeviation.pointer, into: inverseDeviation.pointer, count: shape.channels,
      epsilon: 1e-5, on: context.workers)
    normalise(
      shape, input: x, mean: mean.pointer, inverseDeviation: inverseDeviation.pointer,
      gamma: nil, beta: nil, residual: nil, rectify: false, output: values.pointer,
      on: context)
  }

  func backward(
    _ gradient: UnsafePointer<Float>, input: UnsafePointer<Float>, _ shape: NormalisationShape,
    into target: GradientTarget, on context: KernelContext
  ) {
    normalisationGradient(
      shape, outputGradient: gradient,
      record: NormalisationRecord(
        input: input, gate: .none, mean: mean.pointer,
        inverseDeviation: inverseDeviation.pointer, gamma: nil),
      gammaGradient: nil, betaGradient: nil, inputGradient: target, residualGradient: nil,
      on: context)
  }
}

/// `1 / √(variance + ε)`, in Float64; both may lie in the same place.
public func invertDeviations(
  of variance: UnsafePointer<Float>, into deviations: UnsafeMutablePointer<Float>, count: Int,
  epsilon: Double, on workers: WorkerPool
) {
  workers.alone {
    for c in 0..<count { deviations[c] = Float(1 / (Double(variance[c]) + epsilon).squareRoot()) }
  }
}
