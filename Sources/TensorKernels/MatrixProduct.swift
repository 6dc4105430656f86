/// `c[rows, columns] = a[rows, depth] · b[depth, columns] (+ bias[columns])`: a linear layer.
public func matrixProduct(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, bias: UnsafePointer<Float>? = nil,
  into c: UnsafeMutablePointer<Float>, rows: Int, depth: Int, columns: Int,
  on context: KernelContext
) {
  convolve(
    .product(rows: rows, depth: depth, columns: columns),
    sources: [ImageSource(a, channels: depth)], weights: b,
    epilogue: ConvolutionEpilogue(bias: bias), output: c, on: context)
}

/// `c[rows, depth] (+)= a[rows, columns] · b[depth, columns]ᵀ`.
public func matrixProductTransposingRight(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: GradientTarget,
  rows: Int, depth: Int, columns: Int, on context: KernelContext
) {
  convolveInputGradient(
    .product(rows: rows, depth: depth, columns: columns), outputGradient: a, weights: b,
    targets: [ImageTarget(c.pointer, channels: depth, accumulate: c.accumulate)], on: context)
}

/// `c[depth, columns] (+)= a[rows, depth]ᵀ · b[rows, columns]`; 64 bytes behind `a` are readable.
public func matrixProductTransposingLeft(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: GradientTarget,
  rows: Int, depth: Int, columns: Int, on context: KernelContext
) {
  convolveWeightGradient(
    .product(rows: rows, depth: depth, columns: columns),
    sources: [ImageSource(a, channels: depth)], outputGradient: b, weightGradient: c, on: context)
}

extension ConvolutionShape {
  /// A matrix product is a convolution of one-pixel images.
  public static func product(rows: Int, depth: Int, columns: Int) -> ConvolutionShape {
    ConvolutionShape(
      batch: rows, height: 1, width: 1, inputChannels: depth, outputChannels: columns,
      kernelHeight: 1,
      kernelWidth: 1)
  }
}
