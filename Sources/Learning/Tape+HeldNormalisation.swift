internal import TensorKernels

extension Tape {
  /// Batch normalisation with running statistics that stay as they are, in a training tape too.
  func normaliseHeld(
    _ x: Tensor, _ layer: NormalisationLayer, adding residual: Tensor?, rectify: Bool
  ) -> Tensor {
    let shape = NormalisationShape(rows: x.count / x.channels, channels: x.channels)
    let deviation = context.buffers.take(x.channels)
    invertDeviations(
      of: layer.runningVariance.values.pointer, into: deviation.pointer, count: x.channels,
      epsilon: NormalisationLayer.epsilon, on: context.workers)
    let y = engine.tensor(
      shape: x.shape,
      isTracked: isTraining
        && (x.isTracked || residual?.isTracked ?? false || layer.weight.isTrainable
          || layer.bias.isTrainable)
    )
    TensorKernels.normalise(
      shape, input: x.values.pointer, mean: layer.runningMean.values.pointer,
      inverseDeviation: deviation.pointer, gamma: layer.weight.values.pointer,
      beta: layer.bias.values.pointer, residual: residual.map { UnsafePointer($0.values.pointer) },
      rectify: rectify, output: y.values.pointer, on: context)
    remember(y) { [engine, context, unowned y] gradient in
      heldNormalisationGradient(
        shape, outputGradient: gradient.pointer,
        record: NormalisationRecord(
          input: x.values.pointer, gate: rectify ? .output(y.values.pointer) : .none,
          mean: layer.runningMean.values.pointer, inverseDeviation: deviation.pointer,
          gamma: layer.weight.values.pointer),
        gammaGradient: layer.weight.wantedGradient(on: engine),
        betaGradient: layer.bias.wantedGradient(on: engine),
        inputGradient: x.wantedGradient(on: engine),
        residualGradient: residual.flatMap { $0.wantedGradient(on: engine) }, on: context)
    }
    return withExtendedLifetime(deviation) { y }
  }
}
