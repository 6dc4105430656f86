internal import TensorKernels

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
