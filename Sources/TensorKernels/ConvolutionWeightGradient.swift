/// The gradient with respect to a convolution's weights.
///
/// For each tap, the sum over pixels of input channels times output channels, in chains of 128
/// pixels, so the order of the sums depends on the shape alone.
/// - Parameters:
///   - sources: The input, with 64 readable bytes behind each end (as a `Buffer` has).
public func convolveWeightGradient(
  _ shape: ConvolutionShape, sources: [ImageSource], outputGradient dy: UnsafePointer<Float>,
  weightGradient: GradientTarget, on context: KernelContext
) {
  if shape.usesWinogradForWeights {
    return withPaired(sources, of: shape, on: context) {
      WinogradWeightGradient(shape, on: context).run(
        sources: $0, outputGradient: dy, target: weightGradient)
    }
  }
  // A single source is normalised as it is packed: its zeros around are never read.
  let isNarrow = NarrowConvolution.suits(shape)
  let isPlain = sources.count == 1 && !sources[0].isDoubled && !shape.mergesKernelRows
  let normalisation = isPlain && !isNarrow ? sources[0].normalisation : nil
  var sources = sources
  if normalisation != nil { sources[0].normalisation = nil }
  withJoined(sources, of: shape, on: context) { x in
    if isNarrow {
      return NarrowConvolution(shape: shape, context: context).weightGradient(
        input: x, outputGradient: dy, target: weightGradient)
    }
    let copy = shape.mergesKernelRows ? padInput(shape, x, on: context) : nil
    withExtendedLifetime(copy) {
      TapSums(
        shape, input: copy.map { UnsafePointer($0.pointer) } ?? x, normalisation: normalisation,
        outputGradient: dy, context: context
      ).run(into: weightGradient)
    }
  }
}
