internal import TensorKernels

extension Tape {
  /// Layer normalisation of rows `[N, C]`.
  public func normalise(_ x: Tensor, _ layer: LayerNormalisationLayer) -> Tensor {
    precondition(layer.weight.count == x.channels, "the layer is for other channels")
    let shape = NormalisationShape(rows: x.count / x.channels, channels: x.channels)
    let mean = context.buffers.take(shape.rows)
    let deviation = context.buffers.take(shape.rows)
    let y = engine.tensor(
      shape: x.shape,
      isTracked: isTraining
        && (x.isTracked || layer.weight.isTrainable || layer.bias.isTrainable))
    layerNormalise(
      shape, input: x.values.pointer, gamma: layer.weight.values.pointer,
      beta: layer.bias.values.pointer, epsilon: Float(layer.epsilon), mean: mean.pointer,
      inverseDeviation: deviation.pointer, output: y.values.pointer, on: context.workers)
    remember(y) { [engine, context] gradient in
      layerNormalisationGradient(
        shape, outputGradient: gradient.pointer, input: x.values.pointer,
        gamma: layer.weight.values.pointer, mean: mean.pointer,
        inverseDeviation: deviation.pointer,
        gammaGradient: layer.weight.wantedGradient(on: engine),
        betaGradient: layer.bias.wantedGradient(on: engine),
        inputGradient: x.wantedGradient(on: engine), on: context)
    }
    return withExtendedLifetime((mean, deviation)) { y }
  }

  /// The exact GELU, `x Φ(x)`.
  public func gaussianGate(_ x: Tensor) -> Tensor {
    let y = engine.tensor(shape: x.shape, isTracked: x.isTracked)
    TensorKernels.gaussianGate(
      x.values.pointer, into: y.values.pointer, count: x.count, on: context.workers)
    remember(y) { [engine, context] gradient in
      gaussianGateGradient(
        gradient.pointer, input: x.values.pointer, into: x.gradientTarget(on: engine),
        count: x.count, on: context.workers)
    }
    return y
  }

  /// Softmax attention among the tokens of each image.
  ///
  /// - Parameter qkv: `[batch * tokens, 3 * C]`: queries of all heads, keys, values.
  /// - Returns: `[batch * tokens, C]`.
  public func attend(_ qkv: Tensor, batch: Int, heads: Int) -> Tensor {
    precondition(
      qkv.shape.count == 2 && qkv.channels % (3 * heads) == 0 && qkv.shape[0] % batch == 0,
      "queries, keys and values do not divide among images and heads")
    let shape = AttentionShape(
      batch: batch, tokens: qkv.shape[0] / batch, heads: heads, depth: qkv.channels / 3 / heads)
    let y = engine.tensor(shape: [qkv.shape[0], shape.channels], isTracked: qkv.isTracked)
    let logarithms = context.buffers.take(shape.logarithmCount)
    TensorKernels.attend(
      shape, qkv: qkv.values.pointer, output: y.values.pointer, logarithms: logarithms.pointer,
      on: context)
    remember(y) { [engine, context, unowned y] gradient in
      attentionGradient(
        shape, outputGradient: gradient.pointer, qkv: qkv.values.pointer,
        output: y.values.pointer, logarithms: logarithms.pointer,
        into: qkv.gradientTarget(on: engine), on: context)
    }
    return withExtendedLifetime(logarithms) { y }
  }

  /// A class token and the patches of `[N, H, W, C]`, positions added: `[N * (1 + H * W), C]`.
  ///
  /// - Parameters:
  ///   - first: `[1, 1, C]`.
  ///   - positions: `[1, 1 + H * W, C]`.
  public func embedTokens(_ x: Tensor, class first: Parameter, positions: Parameter) -> Tensor {
    let shape = TokenShape(
      batch: x.shape[0], patches: x.shape[1] * x.shape[2], channels: x.channels)
    precondition(
      positions.shape == [1, shape.tokens, shape.channels] && first.count == shape.channels,
      "the positions are for another number of tokens")
    let y = engine.tensor(
      shape: [shape.batch * shape.tokens, shape.channels],
      isTracked: isTraining && (x.isTracked || first.isTrainable || positions.isTrainable))
    TensorKernels.embedTokens(
      shape, patches: x.values.pointer, class: first.values.pointer,
      positions: positions.values.pointer, output: y.values.pointer, on: context)
    remember(y) { [engine, context] gradient in
      embedTokensGradient(
        shape, outputGradient: gradient.pointer, patchGradient: x.wantedGradient(on: engine),
        classGradient: first.wantedGradient(on: engine),
        positionGradient: positions.wantedGradient(on: engine), on: context.workers)
    }
    return y
  }

  /// Every `step`-th row of `[N, C]`, from the first: the class tokens.
  public func takeRows(_ x: Tensor, step: Int) -> Tensor {
    precondition(x.shape.count == 2 && x.shape[0] % step == 0, "the rows do not divide")
    let rows = x.shape[0] / step
    let y = engine.tensor(shape: [rows, x.channels], isTracked: x.isTracked)
    TensorKernels.takeRows(
      x.values.pointer, rows: rows, step: step, columns: x.channels, output: y.values.pointer,
      on: context.workers)
    remember(y) { [engine, context] gradient in
      takeRowsGradient(
        gradient.pointer, rows: rows, step: step, columns: x.channels,
        into: x.gradientTarget(on: engine), on: context.workers)
    }
    return y
  }
}

extension Tensor {
  /// Where a gradient goes, if one is wanted.
  func wantedGradient(on engine: Engine) -> GradientTarget? {
    isTracked ? gradientTarget(on: engine) : nil
  }
}

extension Parameter {
  /// Where a gradient goes, if one is wanted.
  func wantedGradient(on engine: Engine) -> GradientTarget? {
    isTrainable ? gradientTarget(on: engine) : nil
  }
}
