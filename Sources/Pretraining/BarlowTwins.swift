public import Learning
public import Networks

/// Barlow Twins (Zbontar et al. 2021) on a convolutional encoder: two views of an image agree, and the features of
/// their projections are decorrelated.
public final class BarlowTwins {
  /// What weighs the correlations off the diagonal; the paper's is 5e-3.
  public let lambda: Double
  private let engine: Engine
  private let encoder: any Encoder
  private let projector: Projector
  private let optimiser: Optimiser
  private let trainingStep: TrainingStep

  /// - Parameters:
  ///   - encoder: Which network is pretrained.
  ///   - width: Scales the encoder's channel counts.
  ///   - projection: Width of the projector's two hidden layers and of its output.
  ///   - seed: Keys the first weights of encoder and projector.
  public init(
    encoder name: EncoderName = .resNet18, width: Double, projection: Int = 512,
    lambda: Double = 5e-3,
    optimiser rule: OptimiserRule = .adamW(weightDecay: 1e-4), seed: UInt64, threads: Int = 1
  ) {
    self.lambda = lambda
    engine = Engine(threads: threads)
    encoder = name.make(width: width, on: engine)
    projector = Projector(
      inputs: encoder.channels[4], width: projection, on: engine)
    encoder.initialise(seed: seed, replicate: 0)
    projector.initialise(seed: seed)
    optimiser = Optimiser(
      rule, for: encoder.parameters.trainable + projector.parameters.trainable, on: engine)
    trainingStep = TrainingStep(optimiser)
  }

  /// Optimiser steps taken, restored steps included.
  public var steps: Int { optimiser.steps }

  /// Takes one optimiser step over two views of the same images and returns the loss before it.
  ///
  /// - Parameters:
  ///   - viewA, viewB: Normalised NHWC, `batch * side * side * 3`; `batch` is 2 at least.
  /// - Throws: `NonFinite` if the loss is, and no weight has changed (running statistics have); or if a
  ///   gradient is, and the network is of no use any more.
  public func step(
    viewA: [Float], viewB: [Float], batch: Int, side: Int, learningRate: Double
  ) throws(NonFinite) -> Double {
    precondition(batch > 1, "a correlation takes two images at least")
    let views = [viewA, viewB].map { StepInput($0, shape: [batch, side, side, 3]) }
    return try trainingStep.run(views, learningRate: learningRate) { views, tape in
      let projections = views.map {
        projector.forward(encoder.embedding($0, on: tape), on: tape)
      }
      return tape.redundancyReduction(projections[0], projections[1], lambda: lambda)
    }
  }

  /// The encoder under torchvision's keys, without `fc`.
  public func exportEncoder() -> NamedTensors { encoder.parameters.export() }

  /// Everything a resumed run needs to go on with the same bits, as checksummed bytes.
  public func checkpoint() -> [UInt8] {
    optimiser.checkpoint(of: encoder.parameters.all + projector.parameters.all)
  }

  /// Goes back to a checkpoint of the same configuration.
  ///
  /// - Throws: `MalformedCheckpoint`; the learner may hold a part of it then and is not to be used.
  public func restore(_ bytes: [UInt8]) throws(MalformedCheckpoint) {
    try optimiser.restore(bytes, to: encoder.parameters.all + projector.parameters.all)
  }
}
