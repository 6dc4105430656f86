internal import TensorKernels

/// What a convolution reads: one tensor, or a U-Net's two, which are never copied together.
public struct ConvolutionInput {
  struct Part {
    var tensor: Tensor
    /// Whether its rows and columns are doubled by repetition.
    var isDoubled: Bool
  }

  let parts: [Part]

  /// One tensor as it is.
  public init(_ x: Tensor) { parts = [Part(tensor: x, isDoubled: false)] }

  /// A tensor whose rows and columns are doubled, then the channels of another, if there is one.
  public init(doubling x: Tensor, joining skip: Tensor?) {
    if let skip {
      precondition(
        Array(skip.shape.dropLast()) == [x.shape[0], x.shape[1] * 2, x.shape[2] * 2],
        "the skip connection has another size")
    }
    parts =
      [Part(tensor: x, isDoubled: true)]
      + (skip.map { [Part(tensor: $0, isDoubled: false)] } ?? [])
  }

  /// `[batch, height, width, channels]` of what is read.
  var shape: [Int] {
    let first = parts[0]
    let scale = first.isDoubled ? 2 : 1
    return [
      first.tensor.shape[0], first.tensor.shape[1] * scale, first.tensor.shape[2] * scale,
      parts.reduce(0) { $0 + $1.tensor.channels },
    ]
  }

  var isTracked: Bool { parts.contains { $0.tensor.isTracked } }

  var sources: [ImageSource] {
    parts.map {
      ImageSource(
        $0.tensor.stored.pointer, channels: $0.tensor.channels, isDoubled: $0.isDoubled,
        normalisation: $0.tensor.normalisation?.applied)
    }
  }

  /// Where the gradients of its tensors go.
  func targets(on engine: Engine) -> [ImageTarget] {
    parts.map { part in
      let target = part.tensor.gradientTarget(on: engine)
      return ImageTarget(
        target.pointer, channels: part.tensor.channels, isHalved: part.isDoubled,
        accumulate: target.accumulate)
    }
  }
}

extension Tape {
  /// Convolves an NHWC tensor and adds a residual, if there is one.
  public func convolve(
    _ x: Tensor, _ layer: ConvolutionLayer, adding residual: Tensor? = nil
  ) -> Tensor {
    convolve(ConvolutionInput(x), layer, adding: residual, statistics: nil)
  }

  /// Convolves, normalises, adds the residual if there is one, and rectifies if asked.
  ///
  /// In training the statistics are taken while the convolution's output is in the cache; in
  /// inference the normalisation is folded into weights and bias.
  public func convolve(
    _ input: ConvolutionInput, _ layer: ConvolutionLayer, _ norm: NormalisationLayer,
    adding residual: Tensor? = nil, rectify: Bool
  ) -> Tensor {
    guard mode == .training else {
      return convolveFolded(input, layer, norm, adding: residual, rectify: rectify)
    }
    if norm.holdsStatistics {
      return normalise(
        convolve(input, layer, adding: nil, statistics: nil), norm, adding: residual,
        rectify: rectify)
    }
    let channels = layer.weight.shape[0]
    let mean = context.buffers.take(channels)
    let variance = context.buffers.take(channels)
    let y = convolve(
      input, layer, adding: nil,
      statistics: ChannelStatistics(mean: mean.pointer, variance: variance.pointer))
    return normalise(
      y, norm, statistics: (mean, variance), adding: residual, rectify: rectify)
  }

  /// The same for one tensor.
  public func convolve(
    _ x: Tensor, _ layer: ConvolutionLayer, _ norm: NormalisationLayer,
    adding residual: Tensor? = nil, rectify: Bool
  ) -> Tensor {
    convolve(ConvolutionInput(x), layer, norm, adding: residual, rectify: rectify)
  }

  /// `x · weightᵀ + bias` over the rows of `[N, C]`, and a residual, if there is one.
  public func linear(_ x: Tensor, _ layer: LinearLayer, adding residual: Tensor? = nil) -> Tensor {
    precondition(x.shape.count == 2, "a linear layer takes rows")
    precondition(layer.weight.shape[1] == x.channels, "the weight is for other channels")
    let shape = ConvolutionShape.product(
      rows: x.shape[0], depth: x.channels, columns: layer.weight.shape[0])
    let input = ConvolutionInput(x)
    let y = engine.tensor(
      shape: [x.shape[0], layer.weight.shape[0]],
      isTracked: tracks(input, layer.weight, layer.bias, residual))
    apply(shape, input, layer.weight, layer.bias, adding: residual, statistics: nil, to: y)
    return y
  }

  private func convolve(
    _ input: ConvolutionInput, _ layer: ConvolutionLayer, adding residual: Tensor?,
    statistics: ChannelStatistics?
  ) -> Tensor {
    let shape = self.shape(input, layer)
    let y = engine.tensor(
      shape: [shape.batch, shape.outputHeight, shape.outputWidth, shape.outputChannels],
      isTracked: tracks(input, layer.weight, layer.bias, residual))
    apply(shape, input, layer.weight, layer.bias, adding: residual, statistics: statistics, to: y)
    return y
  }

  private func convolveFolded(
    _ input: ConvolutionInput, _ layer: ConvolutionLayer, _ norm: NormalisationLayer,
    adding residual: Tensor?, rectify: Bool
  ) -> Tensor {
    let shape = self.shape(input, layer)
    let folded = foldedWeights.find(layer.weight, for: shape) {
      fold(shape, layer, norm)
    }
    let y = engine.tensor(
      shape: [shape.batch, shape.outputHeight, shape.outputWidth, shape.outputChannels],
      isTracked: false)
    precondition(residual.map { $0.shape == y.shape } ?? true, "the residual has another shape")
    withExtendedLifetime(folded) {
      TensorKernels.convolve(
        shape, sources: input.sources, prepared: folded.prepared,
        epilogue: ConvolutionEpilogue(
          bias: folded.bias.pointer, residual: residual.map { UnsafePointer($0.values.pointer) },
          rectifies: rectify),
        output: y.values.pointer, on: context)
    }
    return y
  }

  private func fold(
    _ shape: ConvolutionShape, _ layer: ConvolutionLayer, _ norm: NormalisationLayer
  ) -> FoldedWeights.Entry {
    let weights = context.buffers.take(shape.weightCount)
    let bias = context.buffers.take(shape.outputChannels)
    foldNormalisation(
      layer.weight.values.pointer, bias: layer.bias.map { UnsafePointer($0.values.pointer) },
      rows: shape.weightCount / shape.outputChannels, columns: shape.outputChannels,
      normalisation: StoredNormalisation(
        mean: norm.runningMean.values.pointer, variance: norm.runningVariance.values.pointer,
        gamma: norm.weight.values.pointer, beta: norm.bias.values.pointer,
        epsilon: NormalisationLayer.epsilon),
      into: weights.pointer, foldedBias: bias.pointer)
    return FoldedWeights.Entry(
      weights: weights, bias: bias,
      prepared: prepareWeights(shape, weights.pointer, on: context))
  }

  private func shape(_ input: ConvolutionInput, _ layer: ConvolutionLayer) -> ConvolutionShape {
    let size = input.shape
    let shape = ConvolutionShape(
      batch: size[0], height: size[1], width: size[2], inputChannels: size[3],
      outputChannels: layer.weight.shape[0], kernelHeight: layer.weight.shape[2],
      kernelWidth: layer.weight.shape[3], stride: layer.stride, padding: layer.padding)
    precondition(layer.weight.shape[1] == size[3], "the weight is for other channels")
    precondition(
      shape.height + 2 * shape.padding >= shape.kernelHeight
        && shape.width + 2 * shape.padding >= shape.kernelWidth, "the image is under the kernel")
    return shape
  }

  /// Whether a gradient is to be found for what these give.
  private func tracks(
    _ input: ConvolutionInput, _ weight: Parameter, _ bias: Parameter?, _ residual: Tensor?
  ) -> Bool {
    isTraining
      && (input.isTracked || weight.isTrainable || bias?.isTrainable ?? false
        || residual?.isTracked ?? false)
  }

  private func apply(
    _ shape: ConvolutionShape, _ input: ConvolutionInput, _ weight: Parameter, _ bias: Parameter?,
    adding residual: Tensor?, statistics: ChannelStatistics?, to y: Tensor
  ) {
    precondition(residual.map { $0.shape == y.shape } ?? true, "the residual has another shape")
    TensorKernels.convolve(
      shape, sources: input.sources, weights: weight.values.pointer,
      epilogue: ConvolutionEpilogue(
        bias: bias.map { UnsafePointer($0.values.pointer) },
        residual: residual.map { UnsafePointer($0.values.pointer) }, statistics: statistics),
      output: y.values.pointer, on: context)
    remember(y) { [engine, context] gradient in
      if let target = residual?.wantedGradient(on: engine) {
        copy(gradient.pointer, into: target, count: gradient.count, on: context.workers)
      }
      if let target = bias?.wantedGradient(on: engine) {
        sumRows(
          gradient.pointer, rows: shape.outputPixels, columns: shape.outputChannels,
          into: target.pointer, accumulate: target.accumulate, on: context)
      }
      if let target = weight.wantedGradient(on: engine) {
        convolveWeightGradient(
          shape, sources: input.sources, outputGradient: gradient.pointer,
          weightGradient: target, on: context)
      }
      guard input.isTracked else { return }
      convolveInputGradient(
        shape, outputGradient: gradient.pointer, weights: weight.values.pointer,
        targets: input.targets(on: engine), on: context)
    }
  }
}
