import Learning
import TensorKernels
import Testing

@Suite("A training step that is run again")
struct TrainingStepTests {
  /// A convolution and a linear layer, their optimiser, and the step that trains them.
  private final class Learner {
    let engine = Engine(threads: 2)
    let parameters: ParameterSet
    let optimiser: Optimiser
    let step: TrainingStep
    private(set) var recordings = 0

    init(_ rule: OptimiserRule) {
      parameters = ParameterSet(
        [("conv.weight", [8, 3, 3, 3]), ("fc.weight", [2, 8]), ("fc.bias", [2])], on: engine)
      for (salt, parameter) in parameters.all.enumerated() {
        parameter.set(values(parameter.count, salt: UInt64(salt)))
      }
      optimiser = Optimiser(rule, for: parameters.all, on: engine)
      step = TrainingStep(optimiser)
    }

    func loss(_ x: Tensor, _ targets: Tensor, _ tape: Tape) -> LossValue {
      let layer = ConvolutionLayer(weight: parameters["conv.weight"], padding: 1)
      let features = tape.globalAverage(tape.rectify(tape.convolve(x, layer)))
      return tape.meanSquaredError(
        tape.linear(features, LinearLayer("fc", in: parameters)), targets: targets)
    }

    func batch(_ number: Int, images: Int = 2) -> [StepInput] {
      [
        StepInput(
          values(images * 8 * 8 * 3, salt: UInt64(number)), shape: [images, 8, 8, 3]),
        StepInput(values(images * 2, salt: UInt64(number) + 100), shape: [images, 2]),
      ]
    }

    func train(_ inputs: [StepInput], learningRate: Double = 0.1) throws -> Double {
      try step.run(inputs, learningRate: learningRate) { inputs, tape in
        recordings += 1
        return loss(inputs[0], inputs[1], tape)
      }
    }

    /// The same without a recording.
    func trainPlainly(_ inputs: [StepInput], learningRate: Double) throws -> Double {
      optimiser.clearGradients()
      let tape = Tape(.training, on: engine)
      let tensors = inputs.map { engine.tensor($0.values, shape: $0.shape) }
      let loss = loss(tensors[0], tensors[1], tape).value
      tape.backward()
      try optimiser.step(loss: loss, learningRate: learningRate)
      return loss
    }

    var weights: [[Float]] { parameters.all.map(\.array) }
  }

  @Test(
    "has the bits of steps that are not recorded, with other values and rates each time",
    arguments: [OptimiserRule.sgd(), .sgd(nesterov: true), .adam(weightDecay: 0.1), .adamW()])
  func sameBits(rule: OptimiserRule) throws {
    let (again, plain) = (Learner(rule), Learner(rule))
    for number in 0..<6 {
      let inputs = again.batch(number)
      let rate = 0.1 / Double(number + 1)
      try #expect(
        again.train(inputs, learningRate: rate)
          == plain.trainPlainly(inputs, learningRate: rate))
      #expect(again.weights == plain.weights)
    }
    #expect(again.recordings == 1 && again.optimiser.steps == 6)
  }

  @Test("is recorded anew for other sizes, and when something else has used the memory")
  func recordedAnew() throws {
    let (learner, plain) = (Learner(.sgd()), Learner(.sgd()))
    for (number, images) in [2, 2, 3, 3, 2].enumerated() {
      let inputs = learner.batch(number, images: images)
      _ = try learner.train(inputs)
      _ = try plain.trainPlainly(inputs, learningRate: 0.1)
    }
    #expect(learner.recordings == 3)
    let tape = Tape(.inference, on: learner.engine)
    let inputs = learner.batch(9)
    let images = learner.engine.tensor(inputs[0].values, shape: inputs[0].shape)
    _ = tape.rectify(images)
    _ = try learner.train(inputs)
    _ = try plain.trainPlainly(inputs, learningRate: 0.1)
    #expect(learner.recordings == 4)
    #expect(learner.weights == plain.weights)
  }

  @Test("leaves a part alone that is frozen between two of them")
  func freezing() throws {
    let learner = Learner(.sgd(momentum: 0))
    for number in 0..<2 { _ = try learner.train(learner.batch(number)) }
    let weight = learner.parameters["conv.weight"]
    weight.isFrozen = true
    let before = weight.array
    _ = try learner.train(learner.batch(2))
    #expect(learner.recordings == 2)
    #expect(weight.array == before)
    weight.isFrozen = false
    _ = try learner.train(learner.batch(3))
    #expect(learner.recordings == 3)
    #expect(weight.array != before)
  }

  @Test("names what is not finite, as the first one does", arguments: [0, 2])
  func nonFinite(stepsBefore: Int) throws {
    let learner = Learner(.adamW())
    for number in 0..<stepsBefore { _ = try learner.train(learner.batch(number)) }
    let before = learner.weights
    var broken = learner.batch(5)
    broken[1].values[0] = .nan
    #expect(throws: NonFinite(subject: "loss", step: stepsBefore + 1, learningRate: 0.2)) {
      try learner.train(broken, learningRate: 0.2)
    }
    #expect(learner.weights == before)
    // Large values and small weights: the loss is finite, and the weights' gradient is not.
    let weight = learner.parameters["conv.weight"]
    weight.set(weight.array.map { $0 * 1e-37 })
    broken[0].values = broken[0].values.map { _ in 1e38 }
    broken[1].values = [-1e3, 1e3, -1e3, 1e3]
    #expect(
      throws: NonFinite(subject: "conv.weight", step: stepsBefore + 1, learningRate: 0.2)
    ) {
      try learner.train(broken, learningRate: 0.2)
    }
    #expect(learner.optimiser.steps == stepsBefore)
  }

  @Test("takes no memory of the engine's")
  func memory() throws {
    let learner = Learner(.adamW())
    _ = try learner.train(learner.batch(0))
    let held = (learner.engine.bytesAllocated, learner.engine.allocations)
    for number in 1..<4 { _ = try learner.train(learner.batch(number)) }
    #expect((learner.engine.bytesAllocated, learner.engine.allocations) == held)
  }
}

@Suite("Work that is recorded")
struct RecordingTests {
  @Test("runs again in its order", arguments: [1, 2, 3])
  func order(threads: Int) {
    let workers = WorkerPool(threads: threads)
    let context = KernelContext(threads: 1)
    let memory = context.buffers.take(101)
    let (sum, parts) = (memory.pointer, memory.pointer + 1)
    sum.pointee = 0
    let (_, recording) = workers.record {
      #expect(workers.isRecording)
      workers.forEach(chunks: 100) { parts[$0] = Float($0) + sum.pointee }
      workers.alone { for i in 0..<100 { sum.pointee += parts[i] } }
      workers.forEach(chunks: 1) { _ in sum.pointee /= 10 }
    }
    #expect(!workers.isRecording && sum.pointee == 495)
    workers.run(recording)
    #expect(sum.pointee == 5494.5)
    withExtendedLifetime(memory) {}
  }

  @Test("reads no values that would be those of the first time")
  func refusals() async {
    await #expect(processExitsWith: .failure) {
      let engine = Engine()
      let step = TrainingStep(Optimiser(.sgd(), for: [], on: engine))
      _ = try step.run([StepInput([1], shape: [1, 1])], learningRate: 0) { inputs, tape in
        tape.meanSquaredError(inputs[0], targets: tape.engine.tensor([2], shape: [1, 1]))
      }
    }
    await #expect(processExitsWith: .failure) {
      let engine = Engine()
      let step = TrainingStep(Optimiser(.sgd(), for: [], on: engine))
      _ = try step.run([StepInput([1], shape: [1, 1])], learningRate: 0) { inputs, tape in
        let loss = tape.meanSquaredError(inputs[0], targets: inputs[0])
        return loss.value > 0 ? loss + loss : loss
      }
    }
    await #expect(processExitsWith: .success) {
      let engine = Engine()
      let step = TrainingStep(Optimiser(.sgd(), for: [], on: engine))
      _ = try step.run([StepInput([1], shape: [1, 1])], learningRate: 0) { inputs, tape in
        tape.meanSquaredError(inputs[0], targets: tape.constant([2], shape: [1, 1]))
      }
    }
  }

  @Test("has what work alone shares out as a part of it, not twice")
  func nesting() {
    let workers = WorkerPool(threads: 2)
    let context = KernelContext(threads: 1)
    let memory = context.buffers.take(4)
    let values = memory.pointer
    values.update(repeating: 0, count: 4)
    let (_, recording) = workers.record {
      workers.alone { workers.forEach(chunks: 4) { values[$0] += 1 } }
    }
    #expect((0..<4).allSatisfy { values[$0] == 1 })
    workers.run(recording)
    #expect((0..<4).allSatisfy { values[$0] == 2 })
    withExtendedLifetime(memory) {}
  }
}
