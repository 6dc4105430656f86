internal import Core
public import Learning

/// HoVer-Net (Graham et al. 2019): nuclear pixels, distances to their centres, and types.
///
/// A residual encoder whose stem keeps the image's size, and one decoder for each output. Skip
/// connections are added. The published form predicts the middle of its input: 164 of 256 pixels
/// (fast), 80 of 270 (original).
public final class HoVerNet {
  /// The published sizes: kernels of 3 on 256 pixels, or of 5 on 270.
  public enum Mode: String, Hashable, Sendable, CaseIterable {
    case fast
    case original

    var kernel: Int { self == .fast ? 3 : 5 }

    /// The side of the window that it was published for, and of what is predicted of it.
    public var window: (input: Int, output: Int) { self == .fast ? (256, 164) : (270, 80) }

    /// The mode whose decoders have kernels of a size.
    public init?(kernel: Int) {
      guard let mode = Self.allCases.first(where: { $0.kernel == kernel }) else { return nil }
      self = mode
    }

    /// The side of what is predicted of a window; `nil` for windows that the network cannot halve
    /// three times, or of which nothing is left.
    public func output(ofWindow window: Int) -> Int? {
      // The original's first convolution has no padding. What is cut off is the same everywhere.
      let halved = self == .fast ? window : window - 6
      let output = window - (self.window.input - self.window.output)
      return halved % 8 == 0 && output > 0 ? output : nil
    }
  }

  /// Which encoder and which convolutions.
  public enum Form: Hashable, Sendable {
    /// The published pre-activation encoder and unpadded decoders, so that published weights load.
    /// Images are 0 to 255, divided by 255 inside.
    case published(Mode)
    /// torchvision's encoder with stride 1 and no max-pooling at its stem, padded decoders with
    /// kernels of 3: the output has the input's size. Images are normalised as the encoder wants.
    case over(ResNet.Variant)
  }

  /// What the decoders give: logits `[N, H, W, classes]` and distances `[N, H, W, 2]`.
  public struct Outputs {
    /// Types, the background's included, if there are any.
    public var types: Tensor?
    /// Background against nuclei, 2 classes.
    public var nuclei: Tensor
    /// Horizontal, then vertical distance.
    public var distances: Tensor
  }

  /// Everything in the order of the published state dict.
  public let parameters: ParameterSet
  public let form: Form
  /// Those of the encoder alone.
  public let encoderParameters: ParameterSet
  /// What stands before torchvision's keys where the encoder is torchvision's.
  static let encoderPrefix = "backbone."
  private let encoder: any HoVerNetEncoder
  private let decoderParameters: ParameterSet
  private let bottom: ConvolutionLayer
  private let decoders: [String: HoVerNetDecoder]

  /// Parameters are zeros until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - width: Scales all channel counts; published weights fit 1 alone.
  ///   - types: Classes of nuclei, the background included; none leaves that decoder out.
  public init(_ form: Form, width: Double = 1, types: Int? = nil, on engine: Engine) {
    self.form = form
    let encoderParameters: ParameterSet
    switch form {
    case .published(let mode):
      precondition(width == 1, "the published form has one width")
      encoderParameters = ParameterSet(PreactivationEncoder.keys, on: engine)
      encoder = PreactivationEncoder(mode, in: encoderParameters)
    case .over(let variant):
      let network = ResNet(
        variant, width: width, stem: .fullSize, prefix: Self.encoderPrefix, on: engine)
      encoderParameters = network.parameters
      encoder = FullSizeEncoder(network: network)
    }
    self.encoderParameters = encoderParameters
    let plan = HoVerNetPlan(form: form, width: width)
    var keys: [(name: String, shape: [Int])] = [
      ("conv_bot.weight", [plan.skips[2], plan.last, 1, 1])
    ]
    let branches = (types.map { [("tp", $0)] } ?? []) + [("np", 2), ("hv", 2)]
    for (name, outputs) in branches {
      keys += plan.decoderKeys("decoder.\(name)", outputs: outputs)
    }
    let decoderParameters = ParameterSet(keys, on: engine)
    self.decoderParameters = decoderParameters
    parameters = ParameterSet(encoderParameters.all + decoderParameters.all)
    bottom = ConvolutionLayer(weight: decoderParameters["conv_bot.weight"])
    decoders = Dictionary(
      uniqueKeysWithValues: branches.map { name, _ in
        (name, HoVerNetDecoder("decoder.\(name)", plan, in: decoderParameters))
      })
  }

  /// Draws first values as published: normal by fan-out, normalisations 1 and 0, biases 0.
  public func initialise(seed: UInt64, replicate: UInt64) {
    initialise(encoderParameters, seed: seed, replicate: replicate)
    initialiseDecoder(seed: seed, replicate: replicate)
  }

  /// Draws first values for all but the encoder, whose own come from a file.
  public func initialiseDecoder(seed: UInt64, replicate: UInt64) {
    initialise(decoderParameters, seed: seed, replicate: replicate)
  }

  private func initialise(_ part: ParameterSet, seed: UInt64, replicate: UInt64) {
    for parameter in part.all {
      let name = parameter.name
      let isDecoder = name.hasPrefix("decoder.") || name.hasPrefix("conv_bot.")
      let scheme: Initialisation =
        parameter.shape.count == 4
        ? .kaimingNormalFanOut
        : .constant(name.hasSuffix("weight") || name.hasSuffix("running_var") ? 1 : 0)
      // The encoder over torchvision's keys starts as that encoder does elsewhere.
      let key =
        name.hasPrefix(Self.encoderPrefix)
        ? String(name.dropFirst(Self.encoderPrefix.count)) : name
      let stream = RandomStream(
        seed: seed, purpose: isDecoder ? "decoder-weights" : "encoder-weights",
        replicate: replicate, key: key)
      parameter.initialise(scheme, from: stream)
    }
  }

  /// Runs encoder and decoders over `[N, H, W, 3]`.
  public func forward(_ x: Tensor, on tape: Tape) -> Outputs {
    let features = encoder.features(x, on: tape)
    let bottom = tape.convolve(features[3], bottom)
    func run(_ name: String) -> Tensor? {
      decoders[name]?.forward(bottom, skips: features, on: tape)
    }
    let types = run("tp")
    guard let nuclei = run("np"), let distances = run("hv") else {
      preconditionFailure("two decoders are always there")
    }
    return Outputs(types: types, nuclei: nuclei, distances: distances)
  }
}

/// Channels, kernels and padding of the decoders.
struct HoVerNetPlan {
  /// Channels of the three skip connections, finest first.
  let skips: [Int]
  /// Channels of the encoder's last features.
  let last: Int
  let kernel: Int
  let isPadded: Bool
  /// Channels that a dense unit adds, and those inside it.
  let growth: Int
  let inner: Int
  /// What each dense part begins with, and how many units it has.
  let denseParts: [(name: String, inputs: Int, units: Int)]
  /// Channels of the convolution at full size.
  let fullSize: Int

  init(form: HoVerNet.Form, width: Double = 1) {
    (growth, inner, fullSize) = (
      scaled(32, by: width), scaled(128, by: width), scaled(64, by: width)
    )
    denseParts = [("u3", scaled(256, by: width), 8), ("u2", scaled(128, by: width), 4)]
    switch form {
    case .published(let mode):
      (skips, last, kernel, isPadded) = ([256, 512, 1024], 2048, mode.kernel, false)
    case .over(let variant):
      let channels = variant.channels(width: width)
      (skips, last, kernel, isPadded) = (Array(channels[1...3]), channels[4], 3, true)
    }
  }

  func decoderKeys(_ name: String, outputs: Int) -> [(name: String, shape: [Int])] {
    var keys: [(name: String, shape: [Int])] = []
    for (index, part) in denseParts.enumerated() {
      let root = "\(name).\(part.name)"
      keys.append(("\(root).conva.weight", [part.inputs, skips[2 - index], kernel, kernel]))
      keys += HoVerNetDenseBlock.keys("\(root).dense", self, part.inputs, part.units)
      let joined = part.inputs + part.units * growth
      keys.append(("\(root).convf.weight", [skips[1 - index], joined, 1, 1]))
    }
    keys.append(("\(name).u1.conva.weight", [fullSize, skips[0], kernel, kernel]))
    keys += NormalisationLayer.keys("\(name).u0.bn", channels: fullSize)
    keys.append(("\(name).u0.conv.weight", [outputs, fullSize, 1, 1]))
    keys.append(("\(name).u0.conv.bias", [outputs]))
    return keys
  }
}
