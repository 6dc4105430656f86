internal import ArgumentParser
internal import Learning
internal import Networks

/// A network with what one training step or one inference of it needs.
///
/// Weights, images and targets are drawn by rule: a run depends on nothing but its arguments.
final class Workload {
  let engine: Engine
  private let forward: (Tensor, Tape) -> Tensor
  private let kind: Kind
  private let images: [Float]
  private let imageShape: [Int]
  private let targets: [Float]
  private let optimiser: Optimiser?

  /// What a network answers, which decides its loss.
  enum Kind: Sendable {
    /// One logit for each pixel, against masks of 0 and 1: binary cross-entropy.
    case segmentation
    /// Logits of ten classes for each image: cross-entropy.
    case classification
  }

  /// What a network is made from.
  struct Sizes {
    var batch: Int
    var side: Int
    /// Scales all channel counts.
    var width: Double
  }

  /// A network just made: its parameters, initialised, and its logits.
  struct Made {
    var parameters: ParameterSet
    var forward: (Tensor, Tape) -> Tensor
  }

  /// A network that can be asked for by name.
  struct Entry: Sendable {
    var name: String
    var kind: Kind
    /// The side of an image, in pixels, where none is asked for.
    var side: Int
    var make: @Sendable (Engine, Sizes) -> Made
  }

  init(_ entry: Entry, sizes: Sizes, threads: Int, trains: Bool) {
    engine = Engine(threads: threads)
    kind = entry.kind
    let made = entry.make(engine, sizes)
    forward = made.forward
    imageShape = [sizes.batch, sizes.side, sizes.side, 3]
    images = Self.values(imageShape.reduce(1, *))
    targets =
      switch entry.kind {
      case .segmentation:
        Self.values(sizes.batch * sizes.side * sizes.side).map { $0 > 0.2 ? 1 : 0 }
      case .classification: (0..<sizes.batch).map { Float($0 * 7 % Self.classes) }
      }
    optimiser = trains ? Optimiser(.adamW(), for: made.parameters.trainable, on: engine) : nil
  }

  /// Classes of the classifiers.
  static let classes = 10

  /// Forward, loss, backward and an AdamW step, by the batch in memory; returns the loss.
  func train() throws -> Double {
    guard let optimiser else { preconditionFailure("made for inference") }
    let tape = Tape(.training, on: engine)
    let logits = forward(engine.tensor(images, shape: imageShape), tape)
    let loss =
      switch kind {
      case .segmentation: tape.binaryCrossEntropy(logits, targets: targets, withDice: false)
      case .classification: tape.crossEntropy(logits, labels: targets)
      }
    optimiser.clearGradients()
    tape.backward()
    try optimiser.step(loss: loss, learningRate: 1e-4)
    return loss
  }

  /// The forward pass with running statistics; returns a logit, so that it is not for nothing.
  func infer() -> Float {
    let tape = Tape(.inference, on: engine)
    return forward(engine.tensor(images, shape: imageShape), tape).array[0]
  }

  /// Values in -1 ..< 1 from Knuth's 64-bit linear congruential generator.
  private static func values(_ count: Int) -> [Float] {
    var state: UInt64 = 1
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
    }
  }
}

extension Workload {
  /// Every network the benchmark knows, in the order it lists them.
  static let entries: [Entry] = [
    Entry(name: "unet-resnet18", kind: .segmentation, side: 256) { engine, sizes in
      let network = UNet(width: sizes.width, classes: 1, on: engine)
      network.initialise(seed: 1, replicate: 0)
      return Made(parameters: network.parameters) { network.logits($0, on: $1) }
    }
  ]

  /// The network of a name.
  ///
  /// - Throws: A `ValidationError` that says which names there are.
  static func entry(named name: String) throws -> Entry {
    guard let entry = entries.first(where: { $0.name == name }) else {
      let names = entries.map(\.name).joined(separator: ", ")
      throw ValidationError("no network is named `\(name)`; the networks are \(names)")
    }
    return entry
  }
}
