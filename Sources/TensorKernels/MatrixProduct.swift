/// `c[M, N] = a[M, K] · b[K, N] (+ bias[N])`; a linear layer over rows.
public func matrixProduct(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, bias: UnsafePointer<Float>? = nil,
  into c: UnsafeMutablePointer<Float>, M: Int, K: Int, N: Int, on context: KernelContext
) {
  convolve(
    .product(M: M, K: K, N: N), input: a, weights: b, bias: bias, output: c, on: context)
}

/// `c[M, K] (+)= a[M, N] · b[K, N]ᵀ`.
public func matrixProductTransposingRight(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: GradientTarget,
  M: Int, K: Int, N: Int, on context: KernelContext
) {
  convolveInputGradient(
    .product(M: M, K: K, N: N), outputGradient: a, weights: b, inputGradient: c.pointer,
    accumulate: c.accumulate, on: context)
}

/// `c[K, N] (+)= a[M, K]ᵀ · b[M, N]`; 64 bytes behind `a` must be readable.
public func matrixProductTransposingLeft(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: GradientTarget,
  M: Int, K: Int, N: Int, on context: KernelContext
) {
  convolveWeightGradient(
    .product(M: M, K: K, N: N), input: a, outputGradient: b, weightGradient: c.pointer,
    accumulate: c.accumulate, on: context)
}

extension ConvolutionShape {
  /// A matrix product is a convolution of one-pixel images.
  public static func product(M: Int, K: Int, N: Int) -> ConvolutionShape {
    ConvolutionShape(
      batch: M, height: 1, width: 1, inputChannels: K, outputChannels: N, kernelHeight: 1,
      kernelWidth: 1)
  }
}

/// Reorders weights from PyTorch's `[out, in, kh, kw]` to the kernels' `[kh, kw, in, out]`.
public func packWeights(
  _ source: UnsafePointer<Float>, out O: Int, in I: Int, taps T: Int,
  into target: UnsafeMutablePointer<Float>
) {
  for o in 0..<O {
    for i in 0..<I {
      for t in 0..<T { target[(t * I + i) * O + o] = source[(o * I + i) * T + t] }
    }
  }
}

/// Reorders weights from the kernels' `[kh, kw, in, out]` to PyTorch's `[out, in, kh, kw]`.
public func unpackWeights(
  _ source: UnsafePointer<Float>, out O: Int, in I: Int, taps T: Int,
  into target: UnsafeMutablePointer<Float>
) {
  for o in 0..<O {
    for i in 0..<I {
      for t in 0..<T { target[(o * I + i) * T + t] = source[(t * I + i) * O + o] }
    }
  }
}
