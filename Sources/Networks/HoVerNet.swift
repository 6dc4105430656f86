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
  private let encoder: any HoVerNetEncoder
  private let bottom: ConvolutionLayer
  private let decoders: [String: HoVerNetDecoder]

  /// Parameters are zeros until they are initialised or loaded.
  ///
  /// - Parameter types: Classes of nuclei, the background included; none leaves that decoder out.
  public init(_ form: Form, types: Int? = nil, on engine: Engine) {
    self.form = form
    let encoderParameters: ParameterSet
    switch form {
    case .published(let mode):
      encoderParameters = ParameterSet(PreactivationEncoder.keys, on: engine)
      encoder = PreactivationEncoder(mode, in: encoderParameters)
    case .over(let variant):
      let network = ResNet(variant, stem: .fullSize, prefix: "backbone.", on: engine)
      encoderParameters = network.parameters
      encoder = FullSizeEncoder(network: network)
    }
    let plan = HoVerNetPlan(form: form)
    var keys: [(name: String, shape: [Int])] = [
      ("conv_bot.weight", [plan.skips[2], plan.last, 1, 1])
    ]
    let branches = (types.map { [("tp", $0)] } ?? []) + [("np", 2), ("hv", 2)]
    for (name, outputs) in branches {
      keys += plan.decoderKeys("decoder.\(name)", outputs: outputs)
    }
    let decoderParameters = ParameterSet(keys, on: engine)
    parameters = ParameterSet(encoderParameters.all + decoderParameters.all)
    bottom = ConvolutionLayer(weight: decoderParameters["conv_bot.weight"])
    decoders = Dictionary(
      uniqueKeysWithValues: branches.map { name, _ in
        (name, HoVerNetDecoder("decoder.\(name)", plan, in: decoderParameters))
      })
  }

  /// Draws first values as published: normal by fan-out, normalisations 1 and 0, biases 0.
  public func initialise(seed: UInt64, replicate: UInt64) {
    for parameter in parameters.all {
      let name = parameter.name
      let isDecoder = name.hasPrefix("decoder.") || name.hasPrefix("conv_bot.")
      let scheme: Initialisation =
        parameter.shape.count == 4
        ? .kaimingNormalFanOut
        : .constant(name.hasSuffix("weight") || name.hasSuffix("running_var") ? 1 : 0)
      // The encoder over torchvision's keys starts as that encoder does elsewhere.
      let key = name.hasPrefix("backbone.") ? String(name.dropFirst(9)) : name
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

  init(form: HoVerNet.Form) {
    switch form {
    case .published(let mode):
      (skips, last, kernel, isPadded) = ([256, 512, 1024], 2048, mode.kernel, false)
    case .over(let variant):
      let channels = variant.channels()
      (skips, last, kernel, isPadded) = (Array(channels[1...3]), channels[4], 3, true)
    }
  }

  /// What each dense part begins with, and how many units it has.
  static let denseParts = [
    (name: "u3", inputs: 256, units: 8), (name: "u2", inputs: 128, units: 4),
  ]

  func decoderKeys(_ name: String, outputs: Int) -> [(name: String, shape: [Int])] {
    var keys: [(name: String, shape: [Int])] = []
    for (index, part) in Self.denseParts.enumerated() {
      let root = "\(name).\(part.name)"
      keys.append(("\(root).conva.weight", [part.inputs, skips[2 - index], kernel, kernel]))
      keys += HoVerNetDenseBlock.keys("\(root).dense", self, part.inputs, part.units)
      let width = part.inputs + part.units * 32
      keys.append(("\(root).convf.weight", [skips[1 - index], width, 1, 1]))
    }
    keys.append(("\(name).u1.conva.weight", [64, skips[0], kernel, kernel]))
    keys += NormalisationLayer.keys("\(name).u0.bn", channels: 64)
    keys.append(("\(name).u0.conv.weight", [outputs, 64, 1, 1]))
    keys.append(("\(name).u0.conv.bias", [outputs]))
    return keys
  }
}
