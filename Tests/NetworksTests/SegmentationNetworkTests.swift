import Archives
import Learning
import Networks
import Testing

@Suite("A segmentation network")
struct SegmentationNetworkTests {
  /// Two images of checkered squares under noise, and masks that follow the squares.
  private static let images: [Float] = (0..<(2 * 64 * 64 * 3)).map { (index: Int) -> Float in
    let (row, column) = (index / 3 / 64 % 64, index / 3 % 64)
    return Float((row / 16 + column / 16) % 2) + Float(index * 31 % 97) / 97
  }
  private static let masks: [Float] = (0..<(2 * 64 * 64)).map { (pixel: Int) -> Float in
    images[pixel * 3] >= 1 ? 1 : 0
  }

  private func make(
    threads: Int = 1, seed: UInt64 = 1, replicate: UInt64 = 0, classes: Int = 1,
    loss: SegmentationLoss = .crossEntropyAndDice, rule: OptimiserRule = .adamW()
  ) -> SegmentationNetwork {
    SegmentationNetwork(
      encoderWidth: 0.125, classes: classes, loss: loss, optimiser: rule, seed: seed,
      replicate: replicate, threads: threads)
  }

  @discardableResult
  private func train(
    _ network: SegmentationNetwork, steps: Int, learningRate: Double = 3e-3
  ) throws -> [Double] {
    try (0..<steps).map { _ in
      try network.trainStep(
        images: Self.images, masks: Self.masks, batch: 2, height: 64, width: 64,
        learningRate: learningRate)
    }
  }

  @Test("learns what it is shown", arguments: [OptimiserRule.adamW(), .sgd(), .adam()])
  func learns(rule: OptimiserRule) throws {
    let losses = try train(make(rule: rule), steps: 12, learningRate: 1e-2)
    #expect(losses[11] < losses[0] * 0.9)
  }

  @Test("has the same bits at 1, 2 and 4 threads after whole training steps")
  func threads() throws {
    let runs = try [1, 2, 4].map { threads in
      let network = make(threads: threads)
      let losses = try train(network, steps: 2)
      return (losses, network.checkpoint())
    }
    #expect(runs[0].0 == runs[1].0 && runs[0].0 == runs[2].0)
    #expect(runs[0].1 == runs[1].1)
    #expect(runs[0].1 == runs[2].1)
  }

  @Test("a decoder's first values are the same whether the encoder's are drawn or loaded")
  func firstValues() throws {
    let whole = make()
    let parts = [FirstValues.decoder, .none].map {
      SegmentationNetwork(encoderWidth: 0.125, firstValues: $0, seed: 1, replicate: 0)
    }
    let encoder = whole.exportState().filter { $0.name.hasPrefix("encoder.") }.map {
      ArchivedTensor(
        name: String($0.name.dropFirst("encoder.".count)), shape: $0.shape, values: $0.values)
    }
    try parts[0].loadEncoder(encoder)
    #expect(parts[0].checkpoint() == whole.checkpoint())
    #expect(parts[1].exportState().allSatisfy { $0.values.allSatisfy { $0 == 0 } })
    try parts[1].importState(whole.exportState())
    #expect(parts[1].checkpoint() == whole.checkpoint())
  }

  @Test(
    "goes on from a checkpoint with the same bits",
    arguments: [OptimiserRule.adamW(), .sgd(nesterov: true)])
  func resumes(rule: OptimiserRule) throws {
    let whole = make(rule: rule)
    try train(whole, steps: 2)
    let saved = whole.checkpoint()
    let expected = try train(whole, steps: 2)
    let resumed = make(seed: 99, rule: rule)
    try resumed.restore(saved)
    #expect(resumed.steps == 2)
    #expect(resumed.checkpoint() == saved)
    #expect(try train(resumed, steps: 2) == expected)
    #expect(resumed.checkpoint() == whole.checkpoint())
  }

  @Test("refuses a checkpoint that is damaged, cut short or another network's")
  func refusesCheckpoints() throws {
    let network = make()
    var damaged = network.checkpoint()
    damaged[damaged.count / 2] ^= 1
    #expect(throws: MalformedCheckpoint.self) { try network.restore(damaged) }
    #expect(throws: MalformedCheckpoint.self) {
      try network.restore(Array(network.checkpoint().dropLast(7)))
    }
    #expect(throws: MalformedCheckpoint.self) { try network.restore([]) }
    #expect(throws: MalformedCheckpoint.self) {
      try network.restore(make(rule: .sgd()).checkpoint())
    }
  }

  @Test("names what is not finite, and keeps its weights")
  func nonFinite() throws {
    let network = make()
    try train(network, steps: 1)
    let before = network.exportState().filter { $0.name.hasSuffix("weight") }
    var images = Self.images
    images[77] = .nan
    #expect(throws: NonFinite(subject: "loss", step: 2, learningRate: 0.5)) {
      _ = try network.trainStep(
        images: images, masks: Self.masks, batch: 2, height: 64, width: 64, learningRate: 0.5)
    }
    #expect(network.exportState().filter { $0.name.hasSuffix("weight") } == before)
    #expect(network.steps == 1)
  }

  @Test("its state dict carries it to another network")
  func state() throws {
    let network = make()
    try train(network, steps: 2)
    let other = make(seed: 7)
    try other.importState(network.exportState())
    let predictions = [network, other].map {
      $0.predict(images: Self.images, batch: 2, height: 64, width: 64)
    }
    #expect(predictions[0] == predictions[1])
    #expect(predictions[0].count == 2 * 64 * 64)
    #expect(predictions[0].allSatisfy { $0.isFinite })
    let loss = network.evaluateLoss(
      images: Self.images, masks: Self.masks, batch: 2, height: 64, width: 64)
    #expect(loss.isFinite && loss > 0)
  }

  @Test("one image's prediction does not depend on the batch around it")
  func batchIndependence() {
    let network = make()
    let both = network.predict(images: Self.images, batch: 2, height: 64, width: 64)
    let second = network.predict(
      images: Array(Self.images.suffix(64 * 64 * 3)), batch: 1, height: 64, width: 64)
    #expect(Array(both.suffix(64 * 64)) == second)
  }

  @Test("learns several classes")
  func classes() throws {
    let network = make(classes: 3, loss: .crossEntropy)
    let losses = try train(network, steps: 6, learningRate: 1e-2)
    #expect(losses[5] < losses[0])
    let count = network.predict(images: Self.images, batch: 2, height: 64, width: 64).count
    #expect(count == 2 * 64 * 64 * 3)
  }

  @Test("the decoder's first weights depend on neither the encoder's nor its loading")
  func pairing() throws {
    func decoder(_ network: SegmentationNetwork) -> [ArchivedTensor] {
      network.exportState().filter { !$0.name.hasPrefix("encoder.") }
    }
    let plain = make(seed: 5, replicate: 2)
    let loaded = make(seed: 5, replicate: 2)
    try loaded.loadEncoder(encoder(of: make(seed: 6)))
    #expect(decoder(plain) == decoder(loaded))
    #expect(plain.exportState() != loaded.exportState())
    #expect(decoder(plain) != decoder(make(seed: 5, replicate: 3)))
  }

  @Test("an encoder is loaded whole or not at all")
  func loading() throws {
    let network = make()
    let before = network.exportState()
    let donor = encoder(of: make(seed: 2))
    #expect(throws: UnusableState.missing(key: "bn1.running_var")) {
      try network.loadEncoder(donor.filter { $0.name != "bn1.running_var" })
    }
    let strange = ArchivedTensor(name: "layer9.weight", shape: [1], values: [0])
    #expect(throws: UnusableState.unexpected(key: "layer9.weight")) {
      try network.loadEncoder(donor + [strange])
    }
    var reshaped = donor
    reshaped[0] = ArchivedTensor(
      name: donor[0].name, shape: [donor[0].count], values: donor[0].values)
    #expect(
      throws: UnusableState.shape(
        key: "conv1.weight", expected: [8, 3, 7, 7], found: [8 * 3 * 49])
    ) { try network.loadEncoder(reshaped) }
    #expect(network.exportState() == before)
    let extras = [
      ArchivedTensor(name: "fc.bias", shape: [1], values: [0]),
      ArchivedTensor(
        name: "bn1.num_batches_tracked", shape: [], values: [3], elementType: "I64"),
    ]
    try network.loadEncoder(donor + extras)
    #expect(encoder(of: network) == donor)
  }

  @Test("channel counts are multiples of 8 at every width", arguments: [0.01, 0.25, 0.5, 0.7, 1])
  func widths(width: Double) {
    let keys =
      EncoderName.resNet18.keys(width: width)
      + UNet.decoderKeys(
        encoder: ResNet.Variant.resNet18.channels(width: width), width: width, classes: 2)
    for (name, shape) in keys where !name.hasPrefix("segmentation_head") {
      #expect(shape[0] % 8 == 0 && shape[0] >= 8, "\(name)")
    }
    #expect(Set(keys.map(\.name)).count == keys.count)
  }

  private func encoder(of network: SegmentationNetwork) -> [ArchivedTensor] {
    network.exportState().filter { $0.name.hasPrefix("encoder.") }.map {
      var tensor = $0
      tensor.name.removeFirst("encoder.".count)
      return tensor
    }
  }
}
