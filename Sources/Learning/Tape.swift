internal import TensorKernels

/// Runs operations forward, and remembers how to run them backward.
///
/// An inference tape remembers nothing: what an operation no longer needs is reused at once. Each
/// operation's gradient is added in the reverse order of the forward pass, so sums have one order.
public final class Tape {
  public enum Mode: Hashable, Sendable {
    /// Batch statistics, running statistics updated, operations remembered.
    case training
    /// Running statistics, nothing remembered.
    case inference
  }

  public let mode: Mode
  public let engine: Engine
  private var remembered: [() -> Void] = []
  let foldedWeights: FoldedWeights

  /// - Parameter foldedWeights: What earlier tapes of inference have prepared of the same parameters,
  ///   if none of them has changed since.
  public init(_ mode: Mode, reusing foldedWeights: FoldedWeights? = nil, on engine: Engine) {
    precondition(
      mode == .training || !engine.context.workers.isRecording,
      "inference keeps what it has prepared, which recorded work would not prepare again")
    self.mode = mode
    self.engine = engine
    self.foldedWeights = foldedWeights ?? FoldedWeights()
  }

  var isTraining: Bool { mode == .training }
  var context: KernelContext { engine.context }

  /// A tensor of values that stay the same however often the tape's work is run again.
  public func constant(_ values: [Float], shape: [Int]) -> Tensor {
    precondition(shape.reduce(1, *) == values.count, "the shape does not hold the values")
    let tensor = engine.tensor(shape: shape, isTracked: false)
    let target = tensor.stored.pointer
    // Written each time: until here the step may use its memory for something else.
    context.workers.alone {
      values.withUnsafeBufferPointer { source in
        guard let base = source.baseAddress else { return }
        target.update(from: base, count: source.count)
      }
    }
    return tensor
  }

  /// Marks an input whose gradient is wanted, as checks of single operations do.
  public func track(_ values: [Float], shape: [Int]) -> Tensor {
    let tensor = engine.tensor(values, shape: shape)
    return Tensor(shape: shape, values: tensor.values, isTracked: true)
  }

  /// Goes back over all operations, last first, and forgets each one.
  ///
  /// Parameters and tracked tensors that are still held have their gradients then.
  public func backward() {
    while let backward = remembered.popLast() { backward() }
  }

  /// Starts the way back at a tensor that is not a loss.
  public func seed(_ tensor: Tensor, gradient: [Float]) {
    precondition(gradient.count == tensor.count, "the gradient does not fit the tensor")
    let target = tensor.gradientTarget(on: engine)
    context.workers.alone {
      for (i, value) in gradient.enumerated() {
        target.pointer[i] = target.accumulate ? target.pointer[i] + value : value
      }
    }
  }

  /// Remembers the backward pass of an operation that made `output`; it is left out if no gradient
  /// reached the output.
  func remember(_ output: Tensor, _ backward: @escaping (_ gradient: Buffer) -> Void) {
    guard isTraining, output.isTracked else { return }
    remembered.append {
      guard let gradient = output.gradient else { return }
      backward(gradient)
      output.releaseGradient()
    }
  }
}
