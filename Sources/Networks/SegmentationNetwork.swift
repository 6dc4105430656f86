internal import Archives
public import Learning

/// What a segmentation network minimises.
public enum SegmentationLoss: Hashable, Sendable {
  /// Mean binary cross-entropy; softmax cross-entropy over pixels if there are several classes.
  case crossEntropy
  /// The same plus soft Dice (smooth 1, over batch and space), for one class.
  case crossEntropyAndDice
}

/// Which of a network's first values are drawn; drawing those of a whole encoder takes a second.
public enum FirstValues: Hashable, Sendable {
  case all
  /// The encoder's are loaded next.
  case decoder
  /// All are loaded next.
  case none
}

/// A U-Net with its loss, its optimiser and its threads: what a training loop drives.
///
/// Images are normalised NHWC Float32 with 3 channels; masks are NHW, 0 or 1 (or class numbers when
/// there are several classes). Sides are multiples of 32. The bits do not depend on `threads`.
public final class SegmentationNetwork {
  /// Logits for each pixel; one means foreground against background.
  public let classes: Int
  public let loss: SegmentationLoss
  private let engine: Engine
  private let network: UNet
  private let optimiser: Optimiser
  /// What inference has prepared; nothing once a parameter may have changed.
  private var foldedWeights: FoldedWeights?

  /// - Parameters:
  ///   - encoder: Which network encodes.
  ///   - encoderWidth: Scales all channel counts, encoder's and decoder's.
  ///   - freezesEncoder: Whether the encoder stays as it is, its running statistics included.
  ///   - firstValues: Those that are not drawn are zeros until they are loaded.
  ///   - seed, replicate: Key the first weights; the decoder's depend on nothing else.
  ///   - threads: How many work at once, the caller's included.
  public init(
    encoder: EncoderName = .resNet18, encoderWidth: Double, classes: Int = 1,
    loss: SegmentationLoss = .crossEntropyAndDice, optimiser rule: OptimiserRule = .adamW(),
    freezesEncoder: Bool = false, firstValues: FirstValues = .all, seed: UInt64, replicate: UInt64,
    threads: Int = 1
  ) {
    precondition(
      classes == 1 || loss == .crossEntropy, "soft Dice is for one class against background")
    self.classes = classes
    self.loss = loss
    engine = Engine(threads: threads)
    network = UNet(encoder: encoder, width: encoderWidth, classes: classes, on: engine)
    switch firstValues {
    case .all: network.initialise(seed: seed, replicate: replicate)
    case .decoder: network.initialiseDecoder(seed: seed, replicate: replicate)
    case .none: break
    }
    if freezesEncoder { network.encoder.parameters.freeze() }
    optimiser = Optimiser(rule, for: network.parameters.trainable, on: engine)
  }

  /// Optimiser steps taken, restored steps included.
  public var steps: Int { optimiser.steps }

  /// Takes one optimiser step and returns the loss before it.
  ///
  /// - Throws: `NonFinite` if the loss or a gradient is; no weight has changed then (running
  ///   statistics have).
  public func trainStep(
    images: [Float], masks: [Float], batch: Int, height: Int, width: Int, learningRate: Double
  ) throws(NonFinite) -> Double {
    foldedWeights = nil
    optimiser.clearGradients()
    let tape = Tape(.training, on: engine)
    let logits = network.logits(input(images, batch, height, width), on: tape)
    let value = measure(logits, masks, on: tape)
    tape.backward()
    try optimiser.step(loss: value, learningRate: learningRate)
    return value
  }

  /// Logits in NHWC, `batch * height * width * classes` of them, with running statistics.
  public func predict(images: [Float], batch: Int, height: Int, width: Int) -> [Float] {
    let tape = inferenceTape()
    return network.logits(input(images, batch, height, width), on: tape).array
  }

  /// The loss with running statistics; nothing is learned.
  public func evaluateLoss(
    images: [Float], masks: [Float], batch: Int, height: Int, width: Int
  ) -> Double {
    let tape = inferenceTape()
    return measure(network.logits(input(images, batch, height, width), on: tape), masks, on: tape)
  }

  private func inferenceTape() -> Tape {
    let folded = foldedWeights ?? FoldedWeights()
    foldedWeights = folded
    return Tape(.inference, reusing: folded, on: engine)
  }

  private func input(_ images: [Float], _ batch: Int, _ height: Int, _ width: Int) -> Tensor {
    engine.tensor(images, shape: [batch, height, width, 3])
  }

  private func measure(_ logits: Tensor, _ masks: [Float], on tape: Tape) -> Double {
    classes == 1
      ? tape.binaryCrossEntropy(logits, targets: masks, withDice: loss == .crossEntropyAndDice)
      : tape.crossEntropy(logits, labels: masks)
  }
}

extension SegmentationNetwork {
  /// Replaces the encoder's weights and statistics by those of a torchvision state dict.
  ///
  /// Every key of the encoder must be there with its shape; the classifier (`fc.*`, `classifier.*`)
  /// and `num_batches_tracked` are passed over, and any other key is an error.
  public func loadEncoder(_ tensors: NamedTensors) throws(UnusableState) {
    foldedWeights = nil
    let encoder = tensors.filter { !$0.name.hasPrefix("classifier.") }
    try network.encoder.parameters.load(encoder, adding: "encoder.", ignoring: "fc.")
  }

  /// Weights and statistics under segmentation_models_pytorch's keys, in its order.
  public func exportState() -> NamedTensors { network.parameters.export() }

  /// Replaces weights and statistics by what `exportState` gave.
  public func importState(_ tensors: NamedTensors) throws(UnusableState) {
    foldedWeights = nil
    try network.parameters.load(tensors)
  }

  /// Everything a resumed run needs to go on with the same bits, as checksummed bytes.
  public func checkpoint() -> [UInt8] {
    optimiser.checkpoint(of: network.parameters.all)
  }

  /// Goes back to a checkpoint of the same configuration.
  ///
  /// - Throws: `MalformedCheckpoint`; the network may hold a part of it then and is not to be used.
  public func restore(_ bytes: [UInt8]) throws(MalformedCheckpoint) {
    foldedWeights = nil
    try optimiser.restore(bytes, to: network.parameters.all)
  }
}
