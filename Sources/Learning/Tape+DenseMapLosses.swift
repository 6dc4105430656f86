public import TensorKernels

// Losses of maps of classes and distances; gradients add to those that the same maps have already.
extension Tape {
  /// Soft Dice of the softmax of pixels, over batch and space, summed over classes.
  ///
  /// - Parameters:
  ///   - labels: Whole numbers in `0 ..< channels`, one for each pixel.
  ///   - weight: Multiplies loss and gradient.
  public func softmaxDice(
    _ logits: Tensor, labels: [Float], smoothing: Double = 1e-3, weight: Double = 1
  ) -> Double {
    let rows = logits.count / logits.channels
    precondition(labels.count == rows, "each pixel needs a label")
    precondition(
      labels.allSatisfy { $0 >= 0 && $0 < Float(logits.channels) && $0 == $0.rounded() },
      "a label is the number of a class")
    let gradient = isRecording ? logits.wantedGradient(on: engine) : nil
    return labels.withUnsafeBufferPointer {
      TensorKernels.softmaxDice(
        logits: logits.values.pointer, labels: $0.baseAddress!, rows: rows,
        classes: logits.channels, smoothing: smoothing, weight: weight, gradient: gradient,
        on: context)
    }
  }

  /// Mean squared error of the spatial gradients of maps of distances, inside a region.
  ///
  /// - Parameters:
  ///   - x: `[N, H, W, 2]`: distances along x and along y.
  ///   - focus: `[N, H, W]`: 1 inside the region, 0 outside.
  ///   - weight: Multiplies loss and gradient.
  public func distanceGradientError(
    _ x: Tensor, targets: [Float], focus: [Float], axes: GradientAxes, weight: Double = 1
  ) -> Double {
    precondition(x.shape.count == 4 && x.channels == 2, "distances are [N, H, W, 2]")
    precondition(
      targets.count == x.count && focus.count == x.count / 2,
      "each distance needs a target and each pixel a focus")
    let gradient = isRecording ? x.wantedGradient(on: engine) : nil
    return targets.withUnsafeBufferPointer { targets in
      focus.withUnsafeBufferPointer { focus in
        TensorKernels.distanceGradientError(
          x.values.pointer, targets: targets.baseAddress!, focus: focus.baseAddress!,
          images: x.shape[0], height: x.shape[1], width: x.shape[2], axes: axes, weight: weight,
          gradient: gradient, on: context)
      }
    }
  }
}
