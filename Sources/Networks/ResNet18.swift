internal import Core
public import Learning

/// ResNet-18 (He et al. 2016) under torchvision's keys, with all channel counts scaled by `width`.
public final class ResNet18 {
  /// Parameters and statistics in torchvision's order; names carry the prefix.
  public let parameters: ParameterSet
  private let prefix: String
  private let stem: ConvolutionLayer
  private let stemNorm: NormalisationLayer
  private let stages: [[Block]]
  private let classifier: LinearLayer?

  /// Parameters are zeros until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - classes: Outputs of the last layer `fc`; without it there is none.
  ///   - prefix: What precedes torchvision's keys, such as `encoder.`.
  public init(width: Double, classes: Int? = nil, prefix: String = "", on engine: Engine) {
    var keys = Self.encoderKeys(width: width)
    if let classes {
      keys.append(("fc.weight", [classes, Self.channels(width: width)[4]]))
      keys.append(("fc.bias", [classes]))
    }
    let parameters = ParameterSet(keys.map { (prefix + $0.name, $0.shape) }, on: engine)
    self.parameters = parameters
    self.prefix = prefix
    stem = ConvolutionLayer(weight: parameters["\(prefix)conv1.weight"], stride: 2, padding: 3)
    stemNorm = NormalisationLayer("\(prefix)bn1", in: parameters)
    stages = (1...4).map { stage in
      (0..<2).map { block in
        Block(
          "\(prefix)layer\(stage).\(block)", stride: stage > 1 && block == 0 ? 2 : 1,
          in: parameters)
      }
    }
    classifier = classes.map { _ in LinearLayer("\(prefix)fc", in: parameters) }
  }

  /// Draws first values as torchvision does: normal by fan-out, normalisations 1 and 0.
  public func initialise(seed: UInt64, replicate: UInt64) {
    for parameter in parameters.all {
      let key = String(parameter.name.dropFirst(prefix.count))
      let scheme: Initialisation =
        if parameter.shape.count == 4 {
          .kaimingNormalFanOut
        } else if key.hasPrefix("fc.") {
          .uniform(fanIn: parameters["\(prefix)fc.weight"].shape[1])
        } else {
          .constant(key.hasSuffix("weight") || key.hasSuffix("running_var") ? 1 : 0)
        }
      let stream = RandomStream(
        seed: seed, purpose: "encoder-weights", replicate: replicate, key: key)
      parameter.initialise(scheme, from: stream)
    }
  }

  /// What a U-Net takes: the stem at half size, then each stage at a quarter to a thirty-second.
  public func features(_ x: Tensor, on tape: Tape) -> [Tensor] {
    let first = tape.convolve(x, stem, stemNorm, rectify: true)
    var taps = [first]
    var current = tape.maximumPool(first)
    for stage in stages {
      for block in stage { current = block.forward(current, on: tape) }
      taps.append(current)
    }
    return taps
  }

  /// The last stage's mean over pixels, `[N, channels]`.
  public func embedding(_ x: Tensor, on tape: Tape) -> Tensor {
    tape.globalAverage(features(x, on: tape)[4])
  }

  /// Logits `[N, classes]`; the network must have been made with classes.
  public func logits(_ x: Tensor, on tape: Tape) -> Tensor {
    guard let classifier else { preconditionFailure("this network has no classifier") }
    return tape.linear(embedding(x, on: tape), classifier)
  }
}

extension ResNet18 {
  /// Channels of the stem and of the four stages.
  public static func channels(width: Double) -> [Int] {
    [64, 64, 128, 256, 512].map { scaled($0, by: width) }
  }

  /// torchvision's keys and shapes, `fc` left out, in its order.
  public static func encoderKeys(width: Double) -> [(name: String, shape: [Int])] {
    let channels = Self.channels(width: width)
    var keys: [(name: String, shape: [Int])] = [("conv1.weight", [channels[0], 3, 7, 7])]
    keys += NormalisationLayer.keys("bn1", channels: channels[0])
    for stage in 1...4 {
      for block in 0..<2 {
        let name = "layer\(stage).\(block)"
        let incoming = block == 0 ? channels[stage - 1] : channels[stage]
        keys.append(("\(name).conv1.weight", [channels[stage], incoming, 3, 3]))
        keys += NormalisationLayer.keys("\(name).bn1", channels: channels[stage])
        keys.append(("\(name).conv2.weight", [channels[stage], channels[stage], 3, 3]))
        keys += NormalisationLayer.keys("\(name).bn2", channels: channels[stage])
        guard stage > 1, block == 0 else { continue }
        keys.append(("\(name).downsample.0.weight", [channels[stage], incoming, 1, 1]))
        keys += NormalisationLayer.keys("\(name).downsample.1", channels: channels[stage])
      }
    }
    return keys
  }

  /// A channel count times the width, to the nearest multiple of 8, 8 at least.
  static func scaled(_ channels: Int, by width: Double) -> Int {
    max(8, Int((Double(channels) * width / 8).rounded()) * 8)
  }
}

/// Two 3x3 convolutions around a shortcut.
private struct Block {
  let first: ConvolutionLayer
  let firstNorm: NormalisationLayer
  let second: ConvolutionLayer
  let secondNorm: NormalisationLayer
  let shortcut: (ConvolutionLayer, NormalisationLayer)?

  init(_ name: String, stride: Int, in parameters: ParameterSet) {
    first = ConvolutionLayer(
      weight: parameters["\(name).conv1.weight"], stride: stride, padding: 1)
    firstNorm = NormalisationLayer("\(name).bn1", in: parameters)
    second = ConvolutionLayer(weight: parameters["\(name).conv2.weight"], padding: 1)
    secondNorm = NormalisationLayer("\(name).bn2", in: parameters)
    shortcut = parameters.find("\(name).downsample.0.weight").map { weight in
      (
        ConvolutionLayer(weight: weight, stride: stride),
        NormalisationLayer("\(name).downsample.1", in: parameters)
      )
    }
  }

  func forward(_ x: Tensor, on tape: Tape) -> Tensor {
    let inner = tape.convolve(x, first, firstNorm, rectify: true)
    let residual =
      if let (convolution, norm) = shortcut {
        tape.convolve(x, convolution, norm, rectify: false)
      } else {
        x
      }
    return tape.convolve(inner, second, secondNorm, adding: residual, rectify: true)
  }
}
