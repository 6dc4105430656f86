internal import TensorKernels

extension Tape {
  /// Batch normalisation, then the residual if there is one, then rectification if asked.
  ///
  /// In training the statistics are the batch's, and the running ones move towards them by a tenth
  /// (the variance unbiased, as in PyTorch); not so for a layer that is held.
  public func normalise(
    _ x: Tensor, _ layer: NormalisationLayer, adding residual: Tensor? = nil, rectify: Bool
  ) -> Tensor {
    if mode == .training, layer.holdsStatistics {
      return normaliseHeld(x, layer, adding: residual, rectify: rectify)
    }
    let mean = context.buffers.take(x.channels)
    let variance = context.buffers.take(x.channels)
    if mode == .training {
      batchStatistics(
        NormalisationShape(rows: x.count / x.channels, channels: x.channels),
        input: x.values.pointer, mean: mean.pointer, variance: variance.pointer, on: context)
    }
    return normalise(
      x, layer, statistics: (mean, variance), adding: residual, rectify: rectify)
  }

  /// - Parameter statistics: Mean and biased variance of the batch in training; the memory is taken
  ///   over.
  func normalise(
    _ x: Tensor, _ layer: NormalisationLayer, statistics: (mean: Buffer, variance: Buffer),
    adding residual: Tensor?, rectify: Bool
  ) -> Tensor {
    let shape = NormalisationShape(rows: x.count / x.channels, channels: x.channels)
    precondition(layer.weight.count == x.channels, "the layer is for other channels")
    precondition(residual.map { $0.shape == x.shape } ?? true, "the residual has another shape")
    let (mean, deviation) = statistics
    if mode == .training {
      blend(mean, into: layer.runningMean, scale: 1)
      blend(
        deviation, into: layer.runningVariance,
        scale: Double(shape.rows) / Double(max(1, shape.rows - 1)))
    } else {
      mean.pointer.update(from: layer.runningMean.values.pointer, count: x.channels)
      deviation.pointer.update(from: layer.runningVariance.values.pointer, count: x.channels)
    }
    invertDeviations(
      of: deviation.pointer, into: deviation.pointer, count: x.channels,
      epsilon: NormalisationLayer.epsilon, on: context.workers)
    let isTracked =
      isTraining && (x.isTracked || layer.weight.isTrainable || residual?.isTracked ?? false)
    let y: Tensor
    let gate: NormalisationRecord.Gate
    if let residual {
      y = engine.tensor(shape: x.shape, isTracked: isTracked)
      residual.read { residual in
        TensorKernels.normalise(
          shape, input: x.values.pointer, mean: mean.pointer, inverseDeviation: deviation.pointer,
          gamma: layer.weight.values.pointer, beta: layer.bias.values.pointer, residual: residual,
          rectify: rectify, output: y.values.pointer, on: context)
      }
      gate = rectify ? .output(y.values.pointer) : .none
    } else {
      let deferred = deferred(layer, mean: mean, deviation: deviation, rectify: rectify)
      y = Tensor(
        shape: x.shape, values: x.values, isTracked: isTracked, normalisation: deferred)
      gate = rectify ? .normalisation(deferred.applied) : .none
    }
    let outputs = (y.stored, y.normalisation)
    remember(y) { [engine, context] gradient in
      // Mostly this is the only reader of x, and what came in becomes what goes on, in place.
      let inputTarget =
        x.isTracked
        ? x.gradient == nil
          ? GradientTarget(gradient.pointer, accumulate: false) : x.gradientTarget(on: engine)
        : nil
      normalisationGradient(
        shape, outputGradient: gradient.pointer,
        record: NormalisationRecord(
          input: x.values.pointer, gate: gate, mean: mean.pointer,
          inverseDeviation: deviation.pointer, gamma: layer.weight.values.pointer),
        gammaGradient: layer.weight.wantedGradient(on: engine),
        betaGradient: layer.bias.wantedGradient(on: engine),
        inputGradient: inputTarget,
        residualGradient: residual.flatMap {
          $0.isTracked ? $0.gradientTarget(on: engine) : nil
        },
        on: context)
      if x.isTracked, x.gradient == nil { x.takeOver(gradient: gradient) }
      withExtendedLifetime(outputs) {}
    }
    return withExtendedLifetime((mean, deviation)) { y }
  }

  /// A normalisation that the output's readers apply.
  private func deferred(
    _ layer: NormalisationLayer, mean: Buffer, deviation: Buffer, rectify: Bool
  ) -> DeferredNormalisation {
    let scale = context.buffers.take(mean.count)
    let shift = context.buffers.take(mean.count)
    let (gamma, beta) = (layer.weight.values.pointer, layer.bias.values.pointer)
    let (scales, shifts) = (scale.pointer, shift.pointer)
    let (deviations, count) = (deviation.pointer, mean.count)
    context.workers.alone {
      for c in 0..<count { scales[c] = gamma[c] * deviations[c] }
      // A copy with the slack that whole vectors need.
      shifts.update(from: beta, count: count)
    }
    return DeferredNormalisation(
      engine: engine, centre: mean, scale: scale, shift: shift, rectifies: rectify)
  }

  private func blend(_ batch: Buffer, into running: Parameter, scale: Double) {
    let momentum = NormalisationLayer.momentum
    let (target, source, count) = (running.values.pointer, batch.pointer, batch.count)
    context.workers.alone {
      for c in 0..<count {
        let share = Double(source[c]) * scale * momentum
        target[c] = Float(Double(target[c]) * (1 - momentum) + share)
      }
    }
  }
}
