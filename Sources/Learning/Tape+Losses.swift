public import TensorKernels

// Losses leave their gradient at the logits, and `backward` goes on from there. With targets that are
// tensors they can be recorded; of targets that are arrays they return the value at once.
extension Tape {
  /// Mean binary cross-entropy of logits, with soft Dice over batch and space if asked.
  ///
  /// - Parameter targets: 0 or 1, one for each logit.
  public func binaryCrossEntropy(
    _ logits: Tensor, targets: Tensor, withDice: Bool
  ) -> LossValue {
    precondition(targets.count == logits.count, "each logit needs a target")
    return finish(logits) { gradient in
      TensorKernels.binaryCrossEntropy(
        logits: logits.values.pointer, targets: targets.values.pointer, count: logits.count,
        withDice: withDice, gradient: gradient, on: context)
    }
  }

  /// The same of an array.
  public func binaryCrossEntropy(_ logits: Tensor, targets: [Float], withDice: Bool) -> Double {
    let targets = engine.tensor(targets, shape: [targets.count])
    return binaryCrossEntropy(logits, targets: targets, withDice: withDice).value
  }

  /// Mean softmax cross-entropy over rows, or over pixels.
  ///
  /// - Parameter labels: Whole numbers in `0 ..< channels`, one for each row or pixel.
  public func crossEntropy(_ logits: Tensor, labels: Tensor) -> LossValue {
    checkLabels(labels, of: logits)
    return finish(logits) { gradient in
      softmaxCrossEntropy(
        logits: logits.values.pointer, labels: labels.values.pointer, rows: labels.count,
        classes: logits.channels, gradient: gradient, on: context)
    }
  }

  /// The same of an array.
  public func crossEntropy(_ logits: Tensor, labels: [Float]) -> Double {
    crossEntropy(logits, labels: engine.tensor(labels, shape: [labels.count])).value
  }

  /// Traps unless every label is the number of a class, by which kernels find memory; again each time
  /// that a recorded step runs.
  func checkLabels(_ labels: Tensor, of logits: Tensor) {
    let (rows, classes) = (labels.count, Float(logits.channels))
    precondition(rows == logits.count / logits.channels, "each row needs a label")
    let values = labels.values.pointer
    context.workers.alone {
      for row in 0..<rows {
        let label = values[row]
        precondition(
          label >= 0 && label < classes && label == label.rounded(),
          "a label is the number of a class")
      }
    }
  }

  /// The Barlow Twins loss of two batches of projections, each `[N, D]`.
  public func redundancyReduction(_ a: Tensor, _ b: Tensor, lambda: Double) -> LossValue {
    precondition(a.shape == b.shape && a.shape.count == 2, "the views have different shapes")
    return TensorKernels.redundancyReduction(
      a: a.values.pointer, b: b.values.pointer, rows: a.shape[0], columns: a.channels,
      lambda: Float(lambda), aGradient: a.gradientTarget(on: engine),
      bGradient: b.gradientTarget(on: engine), on: context)
  }

  /// Lets a loss write its gradient where it belongs, or nowhere in inference.
  private func finish(
    _ logits: Tensor, _ loss: (UnsafeMutablePointer<Float>) -> LossValue
  ) -> LossValue {
    if isTraining {
      let target = logits.gradientTarget(on: engine)
      precondition(!target.accumulate, "the logits have a loss already")
      return loss(target.pointer)
    }
    let scratch = context.buffers.take(logits.count)
    return withExtendedLifetime(scratch) { loss(scratch.pointer) }
  }
}
