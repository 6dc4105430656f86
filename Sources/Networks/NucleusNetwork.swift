internal import Archives
internal import Core
public import Learning

/// HoVer-Net with its loss, its optimiser and its threads: what a training loop drives.
///
/// Images are NHWC Float32 with 3 channels. The bits do not depend on `threads`.
public final class NucleusNetwork: TrainableNetwork {
  public let state: NetworkState
  /// Types of nuclei, the background not counted; 0 without that branch.
  public let types: Int
  /// The published size, for a network out of a published checkpoint, which predicts the middle of its
  /// window; `nil` where the outputs are as large as the window.
  public let mode: HoVerNet.Mode?
  private let network: HoVerNet
  private let loss: HoVerNetLoss

  /// HoVer-Net over torchvision's encoder: images are normalised, sides are multiples of 8, and the
  /// outputs are as large as the input.
  ///
  /// - Parameters:
  ///   - encoderWidth: Scales all channel counts, encoder's and decoders'.
  ///   - types: Types of nuclei, the background not counted; 0 leaves that branch out.
  ///   - freezesEncoder: Whether the encoder stays as it is, its running statistics included.
  ///   - firstValues: Those that are not drawn are zeros until they are loaded.
  ///   - seed, replicate: Key the first weights; the decoders' depend on nothing else.
  ///   - threads: How many work at once, the caller's included.
  public convenience init(
    encoder: ResNet.Variant, encoderWidth: Double, types: Int = 0,
    loss: HoVerNetLoss = .published, optimiser rule: OptimiserRule = .adam(),
    freezesEncoder: Bool = false, firstValues: FirstValues = .all, seed: UInt64, replicate: UInt64,
    threads: Int = 1
  ) {
    let engine = Engine(threads: threads)
    let network = HoVerNet(
      .over(encoder), width: encoderWidth, types: types == 0 ? nil : types + 1, on: engine)
    switch firstValues {
    case .all: network.initialise(seed: seed, replicate: replicate)
    case .decoder: network.initialiseDecoder(seed: seed, replicate: replicate)
    case .none: break
    }
    self.init(
      network, types: types, loss: loss, optimiser: rule, freezesEncoder: freezesEncoder, on: engine
    )
  }

  /// HoVer-Net as published, filled from its checkpoint: images are 0 to 255, outputs are smaller.
  ///
  /// - Parameter file: The tensors of a published checkpoint; wrappers such as `desc.` and `module.`
  ///   are stripped, and whether there is a type branch follows from its keys.
  /// - Throws: `EncoderMismatch` if the file does not fill the whole network.
  public convenience init(
    published mode: HoVerNet.Mode, from file: NamedTensors, threads: Int = 1
  ) throws(EncoderMismatch) {
    let engine = Engine(threads: threads)
    let classes = file.first { $0.name.hasSuffix("decoder.tp.u0.conv.bias") }?.shape[0]
    let network = HoVerNet(.published(mode), types: classes, on: engine)
    let expected = network.parameters.all.map { (name: $0.name, shape: $0.shape) }
    let found = try StateDictMatching.load(file: file, expected: expected)
    self.init(
      network, types: classes.map { $0 - 1 } ?? 0, loss: .published,
      optimiser: .adam(), freezesEncoder: false, on: engine)
    for tensor in found.tensors {
      tensor.withValues { network.parameters[tensor.name].set($0) }
    }
  }

  private init(
    _ network: HoVerNet, types: Int, loss: HoVerNetLoss, optimiser rule: OptimiserRule,
    freezesEncoder: Bool, on engine: Engine
  ) {
    self.network = network
    self.types = types
    self.loss = loss
    mode = if case .published(let mode) = network.form { mode } else { nil }
    state = NetworkState(
      parameters: network.parameters, encoder: network.encoderParameters,
      encoderPrefix: HoVerNet.encoderPrefix, freezesEncoder: freezesEncoder, optimiser: rule,
      on: engine)
  }

  /// Takes one optimiser step and returns the loss before it.
  ///
  /// - Throws: `NonFinite` if the loss is, and no weight has changed (running statistics have); or if
  ///   a gradient is, and the network is of no use any more.
  public func trainStep(
    images: [Float], targets: HoVerNetLoss.Targets, batch: Int, height: Int, width: Int,
    learningRate: Double
  ) throws(NonFinite) -> Double {
    var inputs = [
      StepInput(images, shape: [batch, height, width, 3]),
      StepInput(targets.nuclei, shape: [targets.nuclei.count]),
      StepInput(targets.distances, shape: [targets.distances.count]),
    ]
    if types > 0 { inputs.append(StepInput(targets.types, shape: [targets.types.count])) }
    return try state.learn(inputs, learningRate: learningRate) { inputs, tape in
      loss.total(
        network.forward(inputs[0], on: tape), nuclei: inputs[1], distances: inputs[2],
        types: inputs.count > 3 ? inputs[3] : nil, on: tape)
    }
  }

  /// The loss with running statistics; nothing is learned.
  public func evaluateLoss(
    images: [Float], targets: HoVerNetLoss.Targets, batch: Int, height: Int, width: Int
  ) -> Double {
    state.infer { tape in
      let x = tape.engine.tensor(images, shape: [batch, height, width, 3])
      return loss(network.forward(x, on: tape), targets, on: tape).total
    }
  }

  /// What is predicted for a batch, `side` the outputs' height and width.
  public struct Maps: Hashable, Sendable {
    public var height: Int
    public var width: Int
    /// `[batch, height, width]`: how likely a pixel belongs to a nucleus.
    public var nuclei: [Float]
    /// `[batch, height, width, 2]`: from the centre along x and along y.
    public var distances: [Float]
    /// `[batch, height, width]`: the most likely type, 0 for background; empty without that branch.
    public var types: [UInt8]

    public init(height: Int, width: Int, nuclei: [Float], distances: [Float], types: [UInt8]) {
      self.height = height
      self.width = width
      self.nuclei = nuclei
      self.distances = distances
      self.types = types
    }
  }

  /// Predicts with running statistics.
  public func predict(images: [Float], batch: Int, height: Int, width: Int) -> Maps {
    state.infer { tape in
      let x = tape.engine.tensor(images, shape: [batch, height, width, 3])
      let outputs = network.forward(x, on: tape)
      let logits = outputs.nuclei.array
      return Maps(
        height: outputs.nuclei.shape[1], width: outputs.nuclei.shape[2],
        nuclei: stride(from: 0, to: logits.count, by: 2).map {
          Float(1 / (1 + PortableMath.exp(Double(logits[$0]) - Double(logits[$0 + 1]))))
        },
        distances: outputs.distances.array,
        types: outputs.types.map { Self.mostLikely($0.array, of: types + 1) } ?? [])
    }
  }

  /// The class with the largest logit of each pixel; of equal ones the lowest.
  private static func mostLikely(_ logits: [Float], of classes: Int) -> [UInt8] {
    stride(from: 0, to: logits.count, by: classes).map { first in
      var best = 0
      for other in 1..<classes where logits[first + other] > logits[first + best] { best = other }
      return UInt8(best)
    }
  }
}
