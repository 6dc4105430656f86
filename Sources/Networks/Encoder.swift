public import Learning

/// A convolutional network that gives features at falling resolutions, as decoders take them.
public protocol Encoder: AnyObject {
  /// Parameters and statistics in the order of the published state dict; names carry the prefix.
  var parameters: ParameterSet { get }
  /// Channels of `features`, finest first.
  var channels: [Int] { get }
  /// What a U-Net takes: half size to a thirty-second.
  func features(_ x: Tensor, on tape: Tape) -> [Tensor]
  /// The last features' mean over pixels as the classifier takes it, `[N, channels]`.
  func embedding(_ x: Tensor, on tape: Tape) -> Tensor
  /// Draws first values as torchvision does; each depends on its own key alone.
  func initialise(seed: UInt64, replicate: UInt64)
}

/// The convolutional encoders by the names that they have everywhere.
public enum EncoderName: String, Hashable, Sendable, CaseIterable {
  case resNet18 = "resnet18"
  case resNet34 = "resnet34"
  case resNet50 = "resnet50"
  case denseNet121 = "densenet121"

  /// Keys and shapes in torchvision's order, the classifier left out.
  public func keys(width: Double = 1) -> [(name: String, shape: [Int])] {
    resNet?.encoderKeys(width: width) ?? DenseNet.encoderKeys(width: width)
  }

  /// The network without a classifier; parameters are zeros until initialised or loaded.
  ///
  /// - Parameters:
  ///   - width: Scales all channel counts.
  ///   - prefix: What precedes torchvision's keys, such as `encoder.`.
  public func make(width: Double = 1, prefix: String = "", on engine: Engine) -> any Encoder {
    if let resNet {
      return ResNet(resNet, width: width, prefix: prefix, on: engine)
    }
    return DenseNet(width: width, prefix: prefix, on: engine)
  }

  /// The residual network of the name; `nil` for another kind.
  public var resNet: ResNet.Variant? {
    switch self {
    case .resNet18: .resNet18
    case .resNet34: .resNet34
    case .resNet50: .resNet50
    case .denseNet121: nil
    }
  }
}

/// A channel count times the width, to the nearest multiple of 8, 8 at least.
func scaled(_ channels: Int, by width: Double) -> Int {
  max(8, Int((Double(channels) * width / 8).rounded()) * 8)
}
