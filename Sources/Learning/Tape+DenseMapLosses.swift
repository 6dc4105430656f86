public import TensorKernels

// Losses of maps of classes and distances; gradients add to those that the same maps have already.
extension Tape {
  /// Soft Dice of the softmax of pixels, over batch and space, summed over classes.
  ///
  /// - Parameters:
  ///   - labels: Whole numbers in `0 ..< channels`, one for each pixel.
  ///   - weight: Multiplies loss and gradient.
  public func softmaxDice(
    _ logits: Tensor, labels: Tensor, smoothing: Double = 1e-3, weight: Double = 1
  ) -> LossValue {
    checkLabels(labels, of: logits)
    return TensorKernels.softmaxDice(
      logits: logits.values.pointer, labels: labels.values.pointer, rows: labels.count,
      classes: logits.channels, smoothing: smoothing, weight: weight,
      gradient: isTraining ? logits.wantedGradient(on: engine) : nil, on: context)
  }

  /// The same of an array.
  public func softmaxDice(
    _ logits: Tensor, labels: [Float], smoothing: Double = 1e-3, weight: Double = 1
  ) -> Double {
    let labels = engine.tensor(labels, shape: [labels.count])
    return softmaxDice(logits, labels: labels, smoothing: smoothing, weight: weight).value
  }

  /// Mean squared error of the spatial gradients of maps of distances, inside a region.
  ///
  /// - Parameters:
  ///   - x: `[N, H, W, 2]`: distances along x and along y.
  ///   - focus: `[N, H, W]`: 1 inside the region, 0 outside.
  ///   - weight: Multiplies loss and gradient.
  public func distanceGradientError(
    _ x: Tensor, targets: Tensor, focus: Tensor, axes: GradientAxes, weight: Double = 1
  ) -> LossValue {
    precondition(x.shape.count == 4 && x.channels == 2, "distances are [N, H, W, 2]")
    precondition(
      targets.count == x.count && focus.count == x.count / 2,
      "each distance needs a target and each pixel a focus")
    return TensorKernels.distanceGradientError(
      x.values.pointer, targets: targets.values.pointer, focus: focus.values.pointer,
      images: x.shape[0], height: x.shape[1], width: x.shape[2], axes: axes, weight: weight,
      gradient: isTraining ? x.wantedGradient(on: engine) : nil, on: context)
  }

  /// The same of arrays.
  public func distanceGradientError(
    _ x: Tensor, targets: [Float], focus: [Float], axes: GradientAxes, weight: Double = 1
  ) -> Double {
    distanceGradientError(
      x, targets: engine.tensor(targets, shape: [targets.count]),
      focus: engine.tensor(focus, shape: [focus.count]), axes: axes, weight: weight
    ).value
  }
}
