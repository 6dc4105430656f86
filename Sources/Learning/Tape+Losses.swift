internal import TensorKernels

// Losses return their value and leave their gradient at the logits; `backward` goes on from there.
extension Tape {
  /// Mean binary cross-entropy of logits, with soft Dice over batch and space if asked.
  ///
  /// - Parameter targets: 0 or 1, one for each logit.
  public func binaryCrossEntropy(
    _ logits: Tensor, targets: [Float], withDice: Bool
  ) -> Double {
    precondition(targets.count == logits.count, "each logit needs a target")
    return finish(logits) { gradient in
      targets.withUnsafeBufferPointer {
        TensorKernels.binaryCrossEntropy(
          logits: logits.values.pointer, targets: $0.baseAddress!, count: logits.count,
          withDice: withDice, gradient: gradient, on: context.workers)
      }
    }
  }

  /// Mean softmax cross-entropy over rows, or over pixels.
  ///
  /// - Parameter labels: Whole numbers in `0 ..< channels`, one for each row or pixel.
  public func crossEntropy(_ logits: Tensor, labels: [Float]) -> Double {
    let rows = logits.count / logits.channels
    precondition(labels.count == rows, "each row needs a label")
    precondition(
      labels.allSatisfy { $0 >= 0 && $0 < Float(logits.channels) && $0 == $0.rounded() },
      "a label is the number of a class")
    return finish(logits) { gradient in
      labels.withUnsafeBufferPointer {
        softmaxCrossEntropy(
          logits: logits.values.pointer, labels: $0.baseAddress!, rows: rows,
          classes: logits.channels, gradient: gradient, on: context.workers)
      }
    }
  }

  /// The Barlow Twins loss of two batches of projections, each `[N, D]`.
  public func redundancyReduction(_ a: Tensor, _ b: Tensor, lambda: Double) -> Double {
    precondition(a.shape == b.shape && a.shape.count == 2, "the views have different shapes")
    return TensorKernels.redundancyReduction(
      a: a.values.pointer, b: b.values.pointer, rows: a.shape[0], columns: a.channels,
      lambda: Float(lambda), aGradient: a.gradientTarget(on: engine),
      bGradient: b.gradientTarget(on: engine), on: context)
  }

  /// Lets a loss write its gradient where it belongs, or nowhere in inference.
  private func finish(
    _ logits: Tensor, _ loss: (UnsafeMutablePointer<Float>) -> Double
  ) -> Double {
    if isRecording {
      let target = logits.gradientTarget(on: engine)
      precondition(!target.accumulate, "the logits have a loss already")
      return loss(target.pointer)
    }
    let scratch = context.buffers.take(logits.count)
    return withExtendedLifetime(scratch) { loss(scratch.pointer) }
  }
}
