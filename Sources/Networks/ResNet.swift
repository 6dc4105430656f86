internal import Core
public import Learning

/// A residual network (He et al. 2016) under torchvision's keys, channel counts scaled by `width`.
public final class ResNet: Encoder {
  /// How the image enters the first stage.
  public enum Stem: Hashable, Sendable {
    /// A convolution of stride 2, then max-pooling: a quarter of the size, as published.
    case pooled
    /// Stride 1 and no max-pooling: full size, as HoVer-Net needs it. The weights are the same.
    case fullSize
  }

  /// Parameters and statistics in torchvision's order; names carry the prefix.
  public let parameters: ParameterSet
  public let channels: [Int]
  private let prefix: String
  private let stem: ConvolutionLayer
  private let stemNorm: NormalisationLayer
  private let pools: Bool
  private let stages: [[any ResidualBlock]]
  private let classifier: LinearLayer?

  /// Parameters are zeros until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - classes: Outputs of the last layer `fc`; without it there is none.
  ///   - stages: How many of the four stages there are; fewer make a truncated network.
  ///   - prefix: What precedes torchvision's keys, such as `encoder.`.
  public init(
    _ variant: Variant, width: Double = 1, classes: Int? = nil, stages: Int = 4,
    stem form: Stem = .pooled, prefix: String = "", on engine: Engine
  ) {
    precondition((1...4).contains(stages), "a residual network has one to four stages")
    channels = Array(variant.channels(width: width).prefix(stages + 1))
    var keys = variant.encoderKeys(width: width, stages: stages)
    if let classes {
      keys.append(("fc.weight", [classes, channels[stages]]))
      keys.append(("fc.bias", [classes]))
    }
    let parameters = ParameterSet(keys.map { (prefix + $0.name, $0.shape) }, on: engine)
    self.parameters = parameters
    self.prefix = prefix
    pools = form == .pooled
    stem = ConvolutionLayer(
      weight: parameters["\(prefix)conv1.weight"], stride: pools ? 2 : 1, padding: 3)
    stemNorm = NormalisationLayer("\(prefix)bn1", in: parameters)
    self.stages = (1...stages).map { stage in
      (0..<variant.blocks[stage - 1]).map { block in
        let name = "\(prefix)layer\(stage).\(block)"
        let stride = stage > 1 && block == 0 ? 2 : 1
        return variant.isBottleneck
          ? BottleneckBlock(name, stride: stride, in: parameters)
          : BasicBlock(name, stride: stride, in: parameters)
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

  /// The stem at half size, then each stage at a quarter to a thirty-second.
  ///
  /// With the full-size stem: stem and first stage at full size, then a half to an eighth.
  public func features(_ x: Tensor, on tape: Tape) -> [Tensor] {
    let first = tape.normalise(tape.convolve(x, stem), stemNorm, rectify: true)
    var taps = [first]
    var current = pools ? tape.maximumPool(first) : first
    for stage in stages {
      for block in stage { current = block.forward(current, on: tape) }
      taps.append(current)
    }
    return taps
  }

  /// The last stage's mean over pixels, `[N, channels]`.
  public func embedding(_ x: Tensor, on tape: Tape) -> Tensor {
    tape.globalAverage(features(x, on: tape)[stages.count])
  }

  /// Logits `[N, classes]`; the network must have been made with classes.
  public func logits(_ x: Tensor, on tape: Tape) -> Tensor {
    guard let classifier else { preconditionFailure("this network has no classifier") }
    return tape.linear(embedding(x, on: tape), classifier)
  }
}
