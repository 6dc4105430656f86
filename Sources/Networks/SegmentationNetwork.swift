internal import Archives
public import Learning
internal import TensorKernels

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
public final class SegmentationNetwork: TrainableNetwork {
  /// Logits for each pixel; one means foreground against background.
  public let classes: Int
  public let loss: SegmentationLoss
  public let state: NetworkState
  private let network: UNet

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
    let engine = Engine(threads: threads)
    network = UNet(encoder: encoder, width: encoderWidth, classes: classes, on: engine)
    switch firstValues {
    case .all: network.initialise(seed: seed, replicate: replicate)
    case .decoder: network.initialiseDecoder(seed: seed, replicate: replicate)
    case .none: break
    }
    state = NetworkState(
      parameters: network.parameters, encoder: network.encoder.parameters,
      encoderPrefix: "encoder.", freezesEncoder: freezesEncoder, optimiser: rule, on: engine)
  }

  /// Takes one optimiser step and returns the loss before it.
  ///
  /// - Throws: `NonFinite` if the loss is, and no weight has changed (running statistics have); or if
  ///   a gradient is, and the network is of no use any more.
  public func trainStep(
    images: [Float], masks: [Float], batch: Int, height: Int, width: Int, learningRate: Double
  ) throws(NonFinite) -> Double {
    let inputs = [
      StepInput(images, shape: [batch, height, width, 3]),
      StepInput(masks, shape: [batch, height, width]),
    ]
    return try state.learn(inputs, learningRate: learningRate) { inputs, tape in
      measure(network.logits(inputs[0], on: tape), inputs[1], on: tape)
    }
  }

  /// Logits in NHWC, `batch * height * width * classes` of them, with running statistics.
  public func predict(images: [Float], batch: Int, height: Int, width: Int) -> [Float] {
    state.infer { tape in
      let x = tape.engine.tensor(images, shape: [batch, height, width, 3])
      return network.logits(x, on: tape).array
    }
  }

  /// The loss with running statistics; nothing is learned.
  public func evaluateLoss(
    images: [Float], masks: [Float], batch: Int, height: Int, width: Int
  ) -> Double {
    state.infer { tape in
      let x = tape.engine.tensor(images, shape: [batch, height, width, 3])
      let masks = tape.engine.tensor(masks, shape: [batch, height, width])
      return measure(network.logits(x, on: tape), masks, on: tape).value
    }
  }

  private func measure(_ logits: Tensor, _ masks: Tensor, on tape: Tape) -> LossValue {
    classes == 1
      ? tape.binaryCrossEntropy(logits, targets: masks, withDice: loss == .crossEntropyAndDice)
      : tape.crossEntropy(logits, labels: masks)
  }
}
