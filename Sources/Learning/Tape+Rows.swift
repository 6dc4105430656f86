internal import TensorKernels

// Operations on rows `[N, C]`: embeddings, bags of instances, projections.
extension Tape {
  /// Each row divided by its length.
  public func normaliseLengths(_ x: Tensor) -> Tensor {
    let rows = x.count / x.channels
    let lengths = context.buffers.take(rows)
    let y = engine.tensor(shape: x.shape, isTracked: x.isTracked)
    TensorKernels.normaliseLengths(
      x.values.pointer, rows: rows, columns: x.channels, lengths: lengths.pointer,
      output: y.values.pointer, on: context.workers)
    remember(y) { [engine, context, unowned y] gradient in
      normaliseLengthsGradient(
        gradient.pointer, output: y.values.pointer, lengths: lengths.pointer, rows: rows,
        columns: x.channels, into: x.gradientTarget(on: engine), on: context.workers)
    }
    return withExtendedLifetime(lengths) { y }
  }

  /// `a · bᵀ` of rows: `[N, C]` and `[M, C]` give `[N, M]`.
  public func products(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.channels == b.channels, "the rows have different lengths")
    let (rows, columns, others) = (a.shape[0], a.channels, b.shape[0])
    let y = engine.tensor(shape: [rows, others], isTracked: a.isTracked || b.isTracked)
    matrixProductTransposingRight(
      a.values.pointer, b.values.pointer,
      into: GradientTarget(y.values.pointer, accumulate: false), rows: rows, depth: others,
      columns: columns, on: context)
    remember(y) { [engine, context] gradient in
      if let target = b.wantedGradient(on: engine) {
        matrixProductTransposingLeft(
          gradient.pointer, a.values.pointer, into: target, rows: rows, depth: others,
          columns: columns, on: context)
      }
      guard let target = a.wantedGradient(on: engine) else { return }
      let scratch = context.buffers.take(rows * columns)
      matrixProduct(
        gradient.pointer, b.values.pointer, into: scratch.pointer, rows: rows, depth: others,
        columns: columns, on: context)
      copy(scratch.pointer, into: target, count: rows * columns, on: context.workers)
      withExtendedLifetime(scratch) {}
    }
    return y
  }

  /// The cosines between all rows of `a` and all rows of `b`.
  public func cosines(_ a: Tensor, _ b: Tensor) -> Tensor {
    products(normaliseLengths(a), normaliseLengths(b))
  }

  /// The scalar product of each row of `a` with the same row of `b`, `[N, 1]`.
  public func rowProducts(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "the rows do not correspond")
    let (rows, columns) = (a.shape[0], a.channels)
    let y = engine.tensor(shape: [rows, 1], isTracked: a.isTracked || b.isTracked)
    TensorKernels.rowProducts(
      a.values.pointer, b.values.pointer, rows: rows, columns: columns, into: y.values.pointer,
      on: context.workers)
    remember(y) { [engine, context] gradient in
      for (tensor, other) in [(a, b), (b, a)] where tensor.isTracked {
        scaleRows(
          other.values.pointer, by: gradient.pointer, rows: rows, columns: columns,
          into: tensor.gradientTarget(on: engine), on: context.workers)
      }
    }
    return y
  }

  /// Every value times a constant.
  public func scale(_ x: Tensor, by factor: Float) -> Tensor {
    let y = engine.tensor(shape: x.shape, isTracked: x.isTracked)
    copy(
      x.values.pointer, scaledBy: factor, into: GradientTarget(y.values.pointer, accumulate: false),
      count: x.count, on: context.workers)
    remember(y) { [engine, context] gradient in
      copy(
        gradient.pointer, scaledBy: factor, into: x.gradientTarget(on: engine), count: x.count,
        on: context.workers)
    }
    return y
  }

  /// `tanh x`.
  public func hyperbolicTangent(_ x: Tensor) -> Tensor {
    let y = engine.tensor(shape: x.shape, isTracked: x.isTracked)
    TensorKernels.hyperbolicTangent(
      x.values.pointer, into: y.values.pointer, count: x.count, on: context.workers)
    remember(y) { [engine, context, unowned y] gradient in
      hyperbolicTangentGradient(
        gradient.pointer, output: y.values.pointer, into: x.gradientTarget(on: engine),
        count: x.count, on: context.workers)
    }
    return y
  }

  /// `1 / (1 + e^-x)`.
  public func sigmoid(_ x: Tensor) -> Tensor {
    let y = engine.tensor(shape: x.shape, isTracked: x.isTracked)
    TensorKernels.sigmoid(
      x.values.pointer, into: y.values.pointer, count: x.count, on: context.workers)
    remember(y) { [engine, context, unowned y] gradient in
      sigmoidGradient(
        gradient.pointer, output: y.values.pointer, into: x.gradientTarget(on: engine),
        count: x.count, on: context.workers)
    }
    return y
  }

  /// The product of values at the same place.
  public func multiply(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "the factors have different shapes")
    let y = engine.tensor(shape: a.shape, isTracked: a.isTracked || b.isTracked)
    TensorKernels.multiply(
      a.values.pointer, b.values.pointer,
      into: GradientTarget(y.values.pointer, accumulate: false), count: a.count,
      on: context.workers)
    remember(y) { [engine, context] gradient in
      for (tensor, other) in [(a, b), (b, a)] where tensor.isTracked {
        TensorKernels.multiply(
          gradient.pointer, other.values.pointer, into: tensor.gradientTarget(on: engine),
          count: a.count, on: context.workers)
      }
    }
    return y
  }

  /// The mean of the rows of `[N, C]` under the softmax of their scores `[N, 1]`: `[1, C]`.
  ///
  /// - Returns: The mean, and the weights, through which no gradient flows.
  public func weightedMean(_ x: Tensor, scores: Tensor) -> (mean: Tensor, weights: Tensor) {
    let rows = x.shape[0]
    precondition(scores.count == rows, "each row needs a score")
    let y = engine.tensor(shape: [1, x.channels], isTracked: x.isTracked || scores.isTracked)
    let weights = engine.tensor(shape: [rows, 1], isTracked: false)
    TensorKernels.weightedMean(
      x.values.pointer, scores: scores.values.pointer, rows: rows, columns: x.channels,
      weights: weights.values.pointer, output: y.values.pointer, on: context.workers)
    remember(y) { [engine, context] gradient in
      weightedMeanGradient(
        gradient.pointer, input: x.values.pointer, weights: weights.values.pointer, rows: rows,
        columns: x.channels, inputGradient: x.wantedGradient(on: engine),
        scoreGradient: scores.wantedGradient(on: engine), on: context)
    }
    return (y, weights)
  }
}
