import Learning
import Networks
import Testing

@Suite("Frozen parts")
struct FreezingTests {
  private struct Run {
    var before: [String: [Float]] = [:]
    var after: [String: [Float]] = [:]
    var gradients: Set<String> = []
    var bytes = 0
  }

  /// Two training steps of a small U-Net, frozen as asked.
  private func train(_ freeze: (UNet) -> Void) throws -> Run {
    let engine = Engine()
    let network = UNet(width: 0.125, classes: 1, on: engine)
    network.initialise(seed: 1, replicate: 0)
    freeze(network)
    let optimiser = Optimiser(.adamW(), for: network.parameters.trainable, on: engine)
    let images = HashedUniform("images").values(2 * 64 * 64 * 3)
    let masks = (0..<2 * 64 * 64).map { Float($0 / 16 % 2) }
    var run = Run()
    for parameter in network.parameters.all { run.before[parameter.name] = parameter.array }
    for _ in 0..<2 {
      let tape = Tape(.training, on: engine)
      let logits = network.logits(engine.tensor(images, shape: [2, 64, 64, 3]), on: tape)
      let loss = tape.binaryCrossEntropy(logits, targets: masks, withDice: true)
      optimiser.clearGradients()
      tape.backward()
      try optimiser.step(loss: loss, learningRate: 1e-2)
    }
    for parameter in network.parameters.all {
      run.after[parameter.name] = parameter.array
      if parameter.gradientArray != nil { run.gradients.insert(parameter.name) }
    }
    run.bytes = engine.bytesAllocated
    return run
  }

  @Test("an encoder keeps its bits, takes no gradient, and needs less memory")
  func encoder() throws {
    let whole = try train { _ in }
    let frozen = try train { $0.encoder.parameters.freeze() }
    for (name, values) in frozen.after {
      let isEncoder = name.hasPrefix("encoder.")
      #expect((frozen.before[name] == values) == isEncoder, "\(name)")
      #expect(!isEncoder || !frozen.gradients.contains(name), "\(name)")
    }
    #expect(frozen.bytes < whole.bytes * 4 / 5)
  }

  @Test("a part in the middle passes gradients on", arguments: [true, false])
  func middle(holdsStatistics: Bool) throws {
    let prefix = "encoder.layer3."
    let run = try train {
      $0.parameters.freeze(prefix, holdingStatistics: holdsStatistics)
    }
    for (name, values) in run.after {
      let isStatistic = name.contains("running_")
      let stays = name.hasPrefix(prefix) && (holdsStatistics || !isStatistic)
      #expect((run.before[name] == values) == stays, "\(name)")
      #expect(run.gradients.contains(name) == (!name.hasPrefix(prefix) && !isStatistic), "\(name)")
    }
  }

  @Test("an optimiser keeps no state for them")
  func state() throws {
    func checkpoint(_ isFrozen: Bool) -> Int {
      let network = SegmentationNetwork(
        encoderWidth: 0.125, freezesEncoder: isFrozen, seed: 1, replicate: 0)
      return network.checkpoint().count
    }
    let encoder = EncoderName.resNet18.keys(width: 0.125).filter { !$0.name.contains("running_") }
    let elements = encoder.reduce(0) { $0 + $1.shape.reduce(1, *) }
    // AdamW keeps two numbers for each weight.
    #expect(checkpoint(false) - checkpoint(true) >= elements * 8)
  }

  @Test("parts that are unfrozen learn again")
  func unfreezing() throws {
    let run = try train {
      $0.parameters.freeze()
      $0.parameters.unfreeze()
    }
    #expect(run.after.allSatisfy { $0.value != run.before[$0.key] })
  }
}
