public import Core
public import Learning
internal import TensorKernels

/// A network with a loss, AdamW and one synthetic batch: what a benchmark times.
///
/// Classifiers have 1000 classes and softmax cross-entropy; U-Nets have one class, binary
/// cross-entropy and soft Dice; HoVer-Net has softmax cross-entropy for nuclei and types and mean
/// squared error for distances. Weights are those of a reference file, by `ReferenceAgreement`'s rule.
public final class NetworkTrial {
  public let name: NetworkName
  public let batch: Int
  /// Rows and columns of the images.
  public let side: Int
  private let engine: Engine
  private let network: TrialNetwork
  /// The batch, as a training loop hands it over.
  private let batchInputs: [StepInput]
  private lazy var images = engine.tensor(batchInputs[0].values, shape: batchInputs[0].shape)
  private lazy var optimiser = Optimiser(
    .adamW(), for: network.parameters.trainable, on: engine)
  private lazy var step = TrainingStep(optimiser)
  /// Good until the next training step.
  private var foldedWeights: FoldedWeights?

  /// - Parameters:
  ///   - side: A size that the network accepts; nil for its usual one.
  ///   - width: Scales all channel counts of a convolutional encoder's network.
  ///   - threads: How many work at once; the bits do not depend on it.
  public init(
    _ name: NetworkName, batch: Int, side: Int? = nil, width: Double = 1, threads: Int = 1
  ) {
    self.name = name
    self.batch = batch
    self.side = side ?? name.usualSide
    engine = Engine(threads: threads)
    network = TrialNetwork(name, side: self.side, width: width, on: engine)
    network.parameters.fill(tag: "trial")
    let count = batch * self.side * self.side * 3
    let values =
      network.takesBytes
      ? HashedUniform("trial").values(count, scale: 127.5, offset: 127.5)
      : HashedUniform("trial").values(count)
    batchInputs = [StepInput(values, shape: [batch, self.side, self.side, 3])]
  }

  /// Weights and statistics; their number is the network's size.
  public var parameters: ParameterSet { network.parameters }

  /// Of all weights and statistics: two runs with the same one have the same bits.
  public var digest: Digest {
    var hash = SHA256()
    for parameter in parameters.all {
      parameter.array.withUnsafeBytes { hash.update($0) }
    }
    return hash.finish()
  }

  /// Bytes of tensors and scratch taken from the system so far.
  public var bytesAllocated: Int { engine.bytesAllocated }

  /// How often such memory was taken from the system so far.
  public var allocations: Int { engine.allocations }

  /// Takes one optimiser step over the batch and returns the loss before it.
  @discardableResult
  public func trainStep() throws(NonFinite) -> Double {
    foldedWeights = nil
    return try step.run(batchInputs, learningRate: 1e-4) { network.loss($0[0], $1) }
  }

  /// What another trial of the same configuration goes on from with the same bits.
  public func checkpoint() -> [UInt8] { optimiser.checkpoint(of: parameters.all) }

  /// Goes back to a checkpoint.
  public func restore(_ bytes: [UInt8]) throws(MalformedCheckpoint) {
    foldedWeights = nil
    try optimiser.restore(bytes, to: parameters.all)
  }

  /// Runs the batch through the network in inference mode and returns what it gives.
  @discardableResult
  public func infer() -> [Tensor] {
    let folded = foldedWeights ?? FoldedWeights()
    foldedWeights = folded
    return network.outputs(images, Tape(.inference, reusing: folded, on: engine))
  }
}

/// A network as functions, whatever its outputs are.
private struct TrialNetwork {
  let parameters: ParameterSet
  /// Whether images are 0 to 255.
  var takesBytes = false
  let outputs: (_ x: Tensor, _ tape: Tape) -> [Tensor]
  let loss: (_ x: Tensor, _ tape: Tape) -> LossValue

  init(_ name: NetworkName, side: Int, width: Double, on engine: Engine) {
    switch name {
    case .resNet18: self.init(ResNet(.resNet18, width: width, classes: 1000, on: engine))
    case .resNet34: self.init(ResNet(.resNet34, width: width, classes: 1000, on: engine))
    case .resNet50: self.init(ResNet(.resNet50, width: width, classes: 1000, on: engine))
    case .denseNet121: self.init(DenseNet(width: width, classes: 1000, on: engine))
    case .vitS16:
      self.init(VisionTransformer(patch: 16, imageSize: side, classes: 1000, on: engine))
    case .vitS8: self.init(VisionTransformer(patch: 8, imageSize: side, classes: 1000, on: engine))
    case .unetResNet18: self.init(UNet(encoder: .resNet18, width: width, classes: 1, on: engine))
    case .unetResNet34: self.init(UNet(encoder: .resNet34, width: width, classes: 1, on: engine))
    case .unetResNet50: self.init(UNet(encoder: .resNet50, width: width, classes: 1, on: engine))
    case .unetDenseNet121:
      self.init(UNet(encoder: .denseNet121, width: width, classes: 1, on: engine))
    case .hoVerNetFast: self.init(HoVerNet(.published(.fast), types: 6, on: engine))
    case .hoVerNetOriginal: self.init(HoVerNet(.published(.original), on: engine))
    case .hoVerNetResNet50: self.init(HoVerNet(.over(.resNet50), types: 6, on: engine))
    }
  }

  private init(_ network: some ImageClassifier) {
    parameters = network.parameters
    outputs = { x, tape in [network.logits(x, on: tape)] }
    loss = { x, tape in
      let logits = network.logits(x, on: tape)
      return tape.crossEntropy(
        logits, labels: Self.labels(x.shape[0], below: logits.channels, on: tape))
    }
  }

  private init(_ network: UNet) {
    parameters = network.parameters
    outputs = { x, tape in [network.logits(x, on: tape)] }
    loss = { x, tape in
      let logits = network.logits(x, on: tape)
      return tape.binaryCrossEntropy(
        logits, targets: Self.labels(logits.count, below: 2, on: tape), withDice: true)
    }
  }

  private init(_ network: HoVerNet) {
    parameters = network.parameters
    takesBytes = if case .published = network.form { true } else { false }
    outputs = { x, tape in
      let outputs = network.forward(x, on: tape)
      return [outputs.types, outputs.nuclei, outputs.distances].compactMap(\.self)
    }
    loss = { x, tape in
      let outputs = network.forward(x, on: tape)
      func entropy(_ logits: Tensor) -> LossValue {
        let rows = logits.count / logits.channels
        return tape.crossEntropy(
          logits, labels: Self.labels(rows, below: logits.channels, on: tape))
      }
      var total = entropy(outputs.nuclei)
      if let types = outputs.types { total = total + entropy(types) }
      let count = outputs.distances.count
      let targets = tape.constant(HashedUniform("distances").values(count), shape: [count])
      return total + tape.meanSquaredError(outputs.distances, targets: targets)
    }
  }

  private static func labels(_ count: Int, below classes: Int, on tape: Tape) -> Tensor {
    tape.constant((0..<count).map { Float($0 * 7 % classes) }, shape: [count])
  }
}

/// A network that gives one row of logits for each image.
protocol ImageClassifier: AnyObject {
  var parameters: ParameterSet { get }
  func logits(_ x: Tensor, on tape: Tape) -> Tensor
}

extension ResNet: ImageClassifier {}
extension DenseNet: ImageClassifier {}
extension VisionTransformer: ImageClassifier {}
