public import TensorKernels

extension Tape {
  /// Cross-entropy of rows against weights for each class, averaged over rows.
  ///
  /// A loss of several terms may call this several times with the same logits: gradients add up.
  ///
  /// - Parameters:
  ///   - targets: As large as the logits; a row may have any sum.
  ///   - temperature: Divides the logits.
  ///   - weight: Multiplies loss and gradient.
  public func crossEntropy(
    _ logits: Tensor, targets: Tensor, temperature: Double, weight: Double = 1
  ) -> LossValue {
    precondition(targets.shape == logits.shape, "each logit needs a target")
    return softTargetCrossEntropy(
      logits: logits.values.pointer, targets: targets.values.pointer,
      rows: logits.count / logits.channels, classes: logits.channels,
      sharpness: Float(1 / temperature), weight: Float(weight),
      gradient: isTraining ? logits.wantedGradient(on: engine) : nil, on: context)
  }

  /// Mean squared error over all values.
  ///
  /// - Parameter weight: Multiplies loss and gradient.
  public func meanSquaredError(
    _ x: Tensor, targets: Tensor, weight: Double = 1
  ) -> LossValue {
    precondition(targets.count == x.count, "each value needs a target")
    return TensorKernels.meanSquaredError(
      x.values.pointer, targets: targets.values.pointer, count: x.count, weight: Float(weight),
      gradient: isTraining ? x.wantedGradient(on: engine) : nil, on: context)
  }

  /// The same of an array.
  public func meanSquaredError(_ x: Tensor, targets: [Float], weight: Double = 1) -> Double {
    let targets = engine.tensor(targets, shape: [targets.count])
    return meanSquaredError(x, targets: targets, weight: weight).value
  }

  /// The softmax of rows as a constant: no gradient flows through it.
  public func softmax(_ x: Tensor, temperature: Double, centre: [Float]? = nil) -> Tensor {
    precondition(centre.map { $0.count == x.channels } ?? true, "the centre has other channels")
    let y = engine.tensor(shape: x.shape, isTracked: false)
    let shift = centre.map { engine.tensor($0, shape: [$0.count]) }
    softmaxRows(
      x.values.pointer, centre: shift.map { UnsafePointer($0.values.pointer) },
      rows: x.count / x.channels, columns: x.channels, sharpness: Float(1 / temperature),
      into: y.values.pointer, on: context.workers)
    return withExtendedLifetime(shift) { y }
  }

  /// SwAV's codes: balanced assignments of rows to columns, as a constant.
  public func balancedAssignments(
    _ scores: Tensor, epsilon: Double = 0.05, iterations: Int = 3
  ) -> Tensor {
    let y = engine.tensor(shape: scores.shape, isTracked: false)
    sinkhorn(
      scores.values.pointer, rows: scores.count / scores.channels, columns: scores.channels,
      epsilon: Float(epsilon), iterations: iterations, codes: y.values.pointer, on: context)
    return y
  }

  /// The same values as a constant: no gradient flows through it.
  public func detach(_ x: Tensor) -> Tensor {
    Tensor(shape: x.shape, values: x.stored, isTracked: false, normalisation: x.normalisation)
  }
}
