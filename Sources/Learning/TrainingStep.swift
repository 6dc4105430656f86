public import TensorKernels

/// Values that a training step reads, and their shape.
public struct StepInput {
  /// Row-major.
  public var values: [Float]
  /// That of the tensor that is made of them.
  public var shape: [Int]

  /// - Parameter shape: Holds as many values as there are.
  public init(_ values: [Float], shape: [Int]) {
    precondition(shape.reduce(1, *) == values.count, "the shape does not hold the values")
    self.values = values
    self.shape = shape
  }
}

/// A network's optimiser step: forward, backward, update.
///
/// The first one is recorded as it runs. Those that follow copy their inputs over the first one's and
/// have the threads do the same work again on the same memory: no tensor is made, no way through a
/// kernel is chosen, nothing is allocated. Once something else has taken memory of the engine, such as a
/// look at the hold-out or a step of another size, that memory may be in use, and the next step is
/// recorded anew; so it is when a part has been frozen or thawed.
public final class TrainingStep {
  private let optimiser: Optimiser
  private var recorded: Recorded?

  private struct Recorded {
    var inputs: [Tensor]
    var loss: LossValue
    var gradients: Recording
    var update: Recording
    /// What the engine had given out and changed when it was complete.
    var taken: Int
    var changes: Int
  }

  /// - Parameter optimiser: What moves the parameters, on whose engine the step runs.
  public init(_ optimiser: Optimiser) { self.optimiser = optimiser }

  /// Takes one step and returns the loss before it.
  ///
  /// - Parameter forward: Computes the loss of tensors with the inputs' values; called only where a
  ///   step is recorded, so that it must do the same each time.
  /// - Throws: `NonFinite` if the loss is, and no weight has changed (running statistics have); or if a
  ///   gradient is, and the parameters are of no use any more.
  public func run(
    _ inputs: [StepInput] = [], learningRate: Double,
    _ forward: (_ inputs: [Tensor], _ tape: Tape) -> LossValue
  ) throws(NonFinite) -> Double {
    guard let recorded, recorded.taken == buffers.taken, recorded.changes == workers.changes,
      fits(recorded.inputs, inputs)
    else {
      return try record(inputs, learningRate: learningRate, forward)
    }
    for (tensor, input) in zip(recorded.inputs, inputs) { tensor.fill(input.values) }
    workers.run(recorded.gradients)
    let loss = recorded.loss.value
    try optimiser.step(loss: loss, learningRate: learningRate) { workers.run(recorded.update) }
    return loss
  }

  private var engine: Engine { optimiser.engine }
  private var buffers: BufferPool { engine.context.buffers }
  private var workers: WorkerPool { engine.context.workers }

  private func fits(_ tensors: [Tensor], _ inputs: [StepInput]) -> Bool {
    guard tensors.count == inputs.count else { return false }
    for (tensor, input) in zip(tensors, inputs) where tensor.shape != input.shape { return false }
    return true
  }

  private func record(
    _ inputs: [StepInput], learningRate: Double, _ forward: ([Tensor], Tape) -> LossValue
  ) throws(NonFinite) -> Double {
    recorded = nil
    // Activations use the memory of gradients until these follow them.
    optimiser.clearGradients()
    let tensors = inputs.map { engine.tensor($0.values, shape: $0.shape) }
    let tape = Tape(.training, on: engine)
    let (found, gradients) = workers.record {
      let loss = forward(tensors, tape)
      tape.backward()
      return loss
    }
    let loss = found.value
    var update = Recording()
    try optimiser.step(loss: loss, learningRate: learningRate) {
      update = workers.record { optimiser.update() }.recording
    }
    recorded = Recorded(
      inputs: tensors, loss: found, gradients: gradients, update: update, taken: buffers.taken,
      changes: workers.changes)
    return loss
  }
}
