internal import Learning
internal import Networks

/// A network with what one training step or one inference of it needs.
///
/// Weights, images and targets are drawn by rule: a run depends on nothing but its arguments.
final class Workload {
  let engine: Engine
  private let forward: (Tensor, Tape) -> [Tensor]
  private let kind: Kind
  private let images: [Float]
  private let imageShape: [Int]
  /// For each output of the network.
  private let targets: [[Float]]
  private let optimiser: Optimiser?

  /// What a network answers, which decides its loss.
  enum Kind: Sendable {
    /// One logit for each pixel, against masks of 0 and 1: binary cross-entropy.
    case segmentation
    /// Logits of ten classes for each image: cross-entropy.
    case classification
    /// HoVer-Net's maps, smaller than the image by a margin: cross-entropy of nuclei and of types
    /// (if there are any), and the mean squared error of distances.
    case nuclei(types: Int?, margin: Int)
  }

  /// What a network is made from.
  struct Sizes {
    var batch: Int
    var side: Int
    /// Scales all channel counts.
    var width: Double
  }

  /// A network just made: its parameters, initialised, and its outputs.
  struct Made {
    var parameters: ParameterSet
    /// Logits; of HoVer-Net nuclei, distances and types.
    var forward: (Tensor, Tape) -> [Tensor]
  }

  /// A network that can be asked for by name.
  struct Entry: Sendable {
    var name: String
    var kind: Kind
    /// The side of an image, in pixels, where none is asked for.
    var side: Int
    /// Whether its channel counts can be scaled.
    var isScalable = true
    var make: @Sendable (Engine, Sizes) -> Made
  }

  init(_ entry: Entry, sizes: Sizes, threads: Int, trains: Bool) {
    engine = Engine(threads: threads)
    kind = entry.kind
    let made = entry.make(engine, sizes)
    forward = made.forward
    imageShape = [sizes.batch, sizes.side, sizes.side, 3]
    let drawn = Self.values(imageShape.reduce(1, *))
    let pixels = sizes.batch * sizes.side * sizes.side
    switch entry.kind {
    case .segmentation:
      images = drawn
      targets = [Self.values(pixels).map { $0 > 0.2 ? 1 : 0 }]
    case .classification:
      images = drawn
      targets = [(0..<sizes.batch).map { Float($0 * 7 % Self.classes) }]
    case .nuclei(let types, let margin):
      let side = sizes.side - margin
      let count = sizes.batch * side * side
      images = drawn.map { ($0 + 1) * 127.5 }
      targets =
        [Self.labels(count, classes: 2), Self.values(2 * count)]
        + (types.map { [Self.labels(count, classes: $0)] } ?? [])
    }
    optimiser = trains ? Optimiser(.adamW(), for: made.parameters.trainable, on: engine) : nil
  }

  /// Classes of the classifiers.
  static let classes = 10

  /// Forward, loss, backward and an AdamW step, by the batch in memory; returns the loss.
  func train() throws -> Double {
    guard let optimiser else { preconditionFailure("made for inference") }
    let tape = Tape(.training, on: engine)
    let outputs = forward(engine.tensor(images, shape: imageShape), tape)
    var loss = 0.0
    switch kind {
    case .segmentation:
      loss = tape.binaryCrossEntropy(outputs[0], targets: targets[0], withDice: false)
    case .classification: loss = tape.crossEntropy(outputs[0], labels: targets[0])
    case .nuclei(let types, _):
      loss = tape.crossEntropy(outputs[0], labels: targets[0])
      loss += tape.meanSquaredError(outputs[1], targets: targets[1])
      if types != nil { loss += tape.crossEntropy(outputs[2], labels: targets[2]) }
    }
    optimiser.clearGradients()
    tape.backward()
    try optimiser.step(loss: loss, learningRate: 1e-4)
    return loss
  }

  /// The forward pass with running statistics; returns a logit, so that it is not for nothing.
  func infer() -> Float {
    let tape = Tape(.inference, on: engine)
    return forward(engine.tensor(images, shape: imageShape), tape)[0].array[0]
  }

  private static func labels(_ count: Int, classes: Int) -> [Float] {
    values(count).map { (($0 + 1) / 2 * Float(classes)).rounded(.down) }
  }

  /// Values in -1 ..< 1 from Knuth's 64-bit linear congruential generator.
  private static func values(_ count: Int) -> [Float] {
    var state: UInt64 = 1
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 40 & 0xFF_FFFF) - 0x80_0000) * 0x1p-23
    }
  }
}
