/// The same operations by their formulas, in Float64, one loop for each index: what the fast
/// kernels are compared with. Never called by the program.
public enum Reference {
  /// See `TensorKernels.convolve`.
  public static func convolve(
    _ shape: ConvolutionShape, input x: [Float], weights w: [Float], bias: [Float]?
  ) -> [Double] {
    var y = [Double](repeating: 0, count: shape.outputCount)
    for pixel in 0..<shape.outputPixels {
      for k in 0..<shape.outputChannels {
        y[pixel * shape.outputChannels + k] = Double(bias?[k] ?? 0)
      }
    }
    forEachProduct(shape) { y[$2] += Double(x[$0]) * Double(w[$1]) }
    return y
  }

  /// See `convolveInputGradient`.
  public static func convolveInputGradient(
    _ shape: ConvolutionShape, outputGradient dy: [Float], weights w: [Float]
  ) -> [Double] {
    var dx = [Double](repeating: 0, count: shape.inputCount)
    forEachProduct(shape) { dx[$0] += Double(dy[$2]) * Double(w[$1]) }
    return dx
  }

  /// See `convolveWeightGradient`.
  public static func convolveWeightGradient(
    _ shape: ConvolutionShape, input x: [Float], outputGradient dy: [Float]
  ) -> [Double] {
    var dw = [Double](repeating: 0, count: shape.weightCount)
    forEachProduct(shape) { dw[$1] += Double(x[$0]) * Double(dy[$2]) }
    return dw
  }

  /// Calls `body` with the indices of input, weight and output of each product in a convolution.
  private static func forEachProduct(
    _ s: ConvolutionShape, _ body: (_ input: Int, _ weight: Int, _ output: Int) -> Void
  ) {
    for n in 0..<s.batch {
      for p in 0..<s.outputHeight {
        for q in 0..<s.outputWidth {
          let output = ((n * s.outputHeight + p) * s.outputWidth + q) * s.outputChannels
          for i in 0..<s.kernelHeight {
            for j in 0..<s.kernelWidth {
              let h = p * s.stride - s.padding + i
              let w = q * s.stride - s.padding + j
              guard h >= 0, h < s.height, w >= 0, w < s.width else { continue }
              let input = ((n * s.height + h) * s.width + w) * s.inputChannels
              let weight = (i * s.kernelWidth + j) * s.inputChannels * s.outputChannels
              for c in 0..<s.inputChannels {
                for k in 0..<s.outputChannels {
                  body(input + c, weight + c * s.outputChannels + k, output + k)
                }
              }
            }
          }
        }
      }
    }
  }
}
