internal import TensorKernels

extension Tape {
  /// Batch normalisation, then the residual if there is one, then rectification if asked.
  ///
  /// In training the statistics are the batch's, and the running ones move towards them by a tenth
  /// (the variance unbiased, as in PyTorch).
  public func normalise(
    _ x: Tensor, _ layer: NormalisationLayer, adding residual: Tensor? = nil, rectify: Bool
  ) -> Tensor {
    let shape = NormalisationShape(rows: x.count / x.channels, channels: x.channels)
    precondition(layer.weight.count == x.channels, "the layer is for other channels")
    precondition(residual.map { $0.shape == x.shape } ?? true, "the residual has another shape")
    if mode == .training, layer.holdsStatistics {
      return normaliseHeld(x, layer, adding: residual, rectify: rectify)
    }
    let mean = context.buffers.take(x.channels)
    let deviation = context.buffers.take(x.channels)
    if mode == .training {
      batchStatistics(
        shape, input: x.values.pointer, mean: mean.pointer, variance: deviation.pointer,
        on: context)
      blend(mean, into: layer.runningMean, scale: 1)
      blend(
        deviation, into: layer.runningVariance,
        scale: Double(shape.rows) / Double(max(1, shape.rows - 1)))
    } else {
      mean.pointer.update(from: layer.runningMean.values.pointer, count: x.channels)
      deviation.pointer.update(from: layer.runningVariance.values.pointer, count: x.channels)
    }
    invertDeviations(
      deviation.pointer, count: x.channels, epsilon: NormalisationLayer.epsilon)
    let y = engine.tensor(
      shape: x.shape,
      isTracked: isRecording
        && (x.isTracked || residual?.isTracked ?? false || layer.weight.isTrainable))
    TensorKernels.normalise(
      shape, input: x.values.pointer, mean: mean.pointer, inverseDeviation: deviation.pointer,
      gamma: layer.weight.values.pointer, beta: layer.bias.values.pointer,
      residual: residual.map { UnsafePointer($0.values.pointer) }, rectify: rectify,
      output: y.values.pointer, on: context.workers)
    record(y) { [engine, context, unowned y] gradient in
      normalisationGradient(
        shape, outputGradient: gradient.pointer,
        record: NormalisationRecord(
          input: x.values.pointer, rectifiedOutput: rectify ? UnsafePointer(y.values.pointer) : nil,
          mean: mean.pointer, inverseDeviation: deviation.pointer,
          gamma: layer.weight.values.pointer),
        gammaGradient: layer.weight.wantedGradient(on: engine),
        betaGradient: layer.bias.wantedGradient(on: engine),
        inputGradient: x.gradientTarget(on: engine),
        residualGradient: residual.flatMap {
          $0.isTracked ? $0.gradientTarget(on: engine) : nil
        },
        on: context)
    }
    return withExtendedLifetime((mean, deviation)) { y }
  }

  private func blend(_ batch: Buffer, into running: Parameter, scale: Double) {
    let momentum = NormalisationLayer.momentum
    let target = running.values.pointer
    for c in 0..<batch.count {
      let share = Double(batch.pointer[c]) * scale * momentum
      target[c] = Float(Double(target[c]) * (1 - momentum) + share)
    }
  }
}
