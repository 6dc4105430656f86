import Archives
import Imaging
import Learning
import Testing

@testable import Networks

@Suite("HoVer-Net in training")
struct NucleusNetworkTests {
  private static let side = 32

  private func make(
    types: Int = 0, freezes: Bool = false, threads: Int = 1
  ) -> NucleusNetwork {
    NucleusNetwork(
      encoder: .resNet18, encoderWidth: 0.125, types: types, freezesEncoder: freezes, seed: 5,
      replicate: 0, threads: threads)
  }

  private let images = HashedUniform("nuclei").values(2 * side * side * 3)

  /// Two squares in each image.
  private func targets(types: Bool = false) -> HoVerNetLoss.Targets {
    var map = LabelMap(width: Self.side, height: Self.side)
    for y in 4..<12 {
      for x in 4..<14 {
        map[x, y] = 1
        map[x + 12, y + 14] = 2
      }
    }
    let maps = HoVerNetTargets(of: map, width: Self.side, height: Self.side)
    let nuclei = maps.nuclei.map(Float.init)
    let classes = types ? map.labels.map(Float.init) : []
    return .init(
      nuclei: nuclei + nuclei, distances: maps.distances + maps.distances, types: classes + classes)
  }

  @discardableResult
  private func train(_ network: NucleusNetwork, steps: Int) throws -> [Double] {
    try (0..<steps).map { _ in
      try network.trainStep(
        images: images, targets: targets(types: network.types > 0), batch: 2, height: Self.side,
        width: Self.side, learningRate: 1e-2)
    }
  }

  @Test("the loss falls, with and without types", arguments: [0, 2])
  func learning(types: Int) throws {
    let losses = try train(make(types: types), steps: 12)
    #expect(losses[11] < 0.7 * losses[0])
  }

  @Test("the bits do not depend on threads")
  func threads() throws {
    let (one, three) = (make(types: 2), make(types: 2, threads: 3))
    #expect(try train(one, steps: 2) == train(three, steps: 2))
    #expect(one.checkpoint() == three.checkpoint())
    let maps = one.predict(images: images, batch: 2, height: Self.side, width: Self.side)
    #expect(maps == three.predict(images: images, batch: 2, height: Self.side, width: Self.side))
    #expect(maps.nuclei.allSatisfy { 0...1 ~= $0 })
    #expect(maps.types.count == 2 * Self.side * Self.side && maps.types.allSatisfy { $0 <= 2 })
  }

  @Test("looking at the hold-out between steps changes no bit", arguments: [0, 2], [false, true])
  func interruptedSteps(types: Int, freezes: Bool) throws {
    let (plain, interrupted) = (
      make(types: types, freezes: freezes), make(types: types, freezes: freezes, threads: 2)
    )
    for _ in 0..<3 {
      #expect(try train(plain, steps: 1) == train(interrupted, steps: 1))
      // It works in the memory of the recorded step, which is recorded anew then.
      _ = interrupted.evaluateLoss(
        images: images, targets: targets(types: types > 0), batch: 2, height: Self.side,
        width: Self.side)
    }
    #expect(plain.checkpoint() == interrupted.checkpoint())
  }

  @Test("a thawed encoder learns with a new optimiser, and its checkpoint restores")
  func thawing() throws {
    let network = make(freezes: true)
    let before = network.exportState()
    try train(network, steps: 2)
    let frozen = network.exportState()
    for (a, b) in zip(before, frozen) where a.name.hasPrefix("backbone.") { #expect(a == b) }
    network.thawEncoder()
    #expect(network.steps == 0)
    try train(network, steps: 1)
    let saved = network.checkpoint()
    let rest = try train(network, steps: 2)
    let other = make(freezes: true)
    other.thawEncoder()
    try other.restore(saved)
    #expect(try train(other, steps: 2) == rest)
    #expect(zip(frozen, other.exportState()).allSatisfy { $0.0 != $0.1 })
  }

  @Test("an encoder of a published state dict fits under its prefix")
  func encoder() throws {
    let network = make()
    let keys = EncoderName.resNet18.keys(width: 0.125)
    let tensors = keys.map { key in
      ArchivedTensor(
        name: key.name, shape: key.shape,
        values: HashedUniform(key.name).values(key.shape.reduce(1, *)))
    }
    try network.loadEncoder(tensors)
    let own = network.exportState().filter { $0.name.hasPrefix("backbone.") }
    #expect(own.map(\.values) == tensors.map(\.values))
  }

  /// The wrappers of the published files: a dictionary with the key `desc`, and DataParallel's prefix.
  @Test("a published checkpoint fills the whole network and predicts", arguments: ["", "desc."])
  func published(wrapper: String) throws {
    let engine = Engine(threads: 2)
    let source = HoVerNet(.published(.fast), types: 5, on: engine)
    source.parameters.fill(tag: "published")
    let file = source.parameters.export().map { tensor in
      var tensor = tensor
      tensor.name = "\(wrapper)module.\(tensor.name)"
      return tensor
    }
    let network = try NucleusNetwork(published: .fast, from: file, threads: 2)
    #expect(network.types == 4)
    #expect(network.exportState().map(\.values) == source.parameters.export().map(\.values))
    let pixels = HashedUniform("pixels").values(96 * 96 * 3).map { ($0 + 1) * 127 }
    let maps = network.predict(images: pixels, batch: 1, height: 96, width: 96)
    #expect(maps.height == 4 && maps.width == 4 && maps.distances.count == 32)
    let outputs = source.forward(
      engine.tensor(pixels, shape: [1, 96, 96, 3]), on: Tape(.inference, on: engine))
    #expect(maps.distances == outputs.distances.array)
    let broken = Array(file.dropFirst())
    #expect(throws: EncoderMismatch.self) {
      try NucleusNetwork(published: .fast, from: broken)
    }
  }
}
