internal import TensorKernels

/// A convolution in groups: weight `[out, in / groups, kh, kw]`, no bias.
public struct GroupedConvolutionLayer {
  public var weight: Parameter
  public var groups: Int
  public var padding: Int

  public init(weight: Parameter, groups: Int, padding: Int = 0) {
    self.weight = weight
    self.groups = groups
    self.padding = padding
  }
}

extension Tape {
  /// Convolves an NHWC tensor in groups of channels.
  public func convolve(_ x: Tensor, _ layer: GroupedConvolutionLayer) -> Tensor {
    let weight = layer.weight
    let shape = ConvolutionShape(
      batch: x.shape[0], height: x.shape[1], width: x.shape[2], inputChannels: x.channels,
      outputChannels: weight.shape[0], kernelHeight: weight.shape[2], kernelWidth: weight.shape[3],
      padding: layer.padding)
    precondition(
      weight.shape[1] * layer.groups == x.channels && weight.shape[0] % layer.groups == 0,
      "the weight is for other channels")
    let groups = GroupedWeightShape(
      taps: shape.kernelHeight * shape.kernelWidth, inputs: x.channels,
      outputs: shape.outputChannels, groups: layer.groups)
    let full = context.buffers.take(groups.fullCount)
    spreadGroups(groups, weight.values.pointer, into: full.pointer, on: context.workers)
    let y = engine.tensor(
      shape: [shape.batch, shape.outputHeight, shape.outputWidth, shape.outputChannels],
      isTracked: isTraining && (x.isTracked || weight.isTrainable))
    TensorKernels.convolve(
      shape, sources: ConvolutionInput(x).sources, weights: full.pointer,
      output: y.values.pointer, on: context)
    remember(y) { [engine, context] gradient in
      if weight.isTrainable {
        let slope = context.buffers.take(groups.fullCount)
        convolveWeightGradient(
          shape, sources: ConvolutionInput(x).sources, outputGradient: gradient.pointer,
          weightGradient: GradientTarget(slope.pointer, accumulate: false), on: context)
        collectGroups(
          groups, slope.pointer, into: weight.gradientTarget(on: engine), on: context.workers)
        withExtendedLifetime(slope) {}
      }
      guard x.isTracked else { return }
      convolveInputGradient(
        shape, outputGradient: gradient.pointer, weights: full.pointer,
        targets: ConvolutionInput(x).targets(on: engine), on: context)
    }
    return withExtendedLifetime(full) { y }
  }
}
