internal import Learning

extension ResNet {
  /// Which of the published depths.
  public enum Variant: String, Hashable, Sendable, CaseIterable {
    case resNet18 = "resnet18"
    case resNet34 = "resnet34"
    case resNet50 = "resnet50"

    /// Blocks of each stage.
    var blocks: [Int] { self == .resNet18 ? [2, 2, 2, 2] : [3, 4, 6, 3] }

    /// Whether a block narrows to a quarter of its channels and widens again.
    var isBottleneck: Bool { self == .resNet50 }

    /// Channels of the stem and of the four stages.
    public func channels(width: Double = 1) -> [Int] {
      let expansion = isBottleneck ? 4 : 1
      return [64].map { scaled($0, by: width) }
        + [64, 128, 256, 512].map { scaled($0, by: width) * expansion }
    }

    /// torchvision's keys and shapes, `fc` left out, in its order.
    public func encoderKeys(
      width: Double = 1, stages: Int = 4
    ) -> [(name: String, shape: [Int])] {
      let channels = channels(width: width)
      var keys: [(name: String, shape: [Int])] = [("conv1.weight", [channels[0], 3, 7, 7])]
      keys += NormalisationLayer.keys("bn1", channels: channels[0])
      for stage in 1...stages {
        for block in 0..<blocks[stage - 1] {
          keys += blockKeys(
            "layer\(stage).\(block)", from: channels[block == 0 ? stage - 1 : stage],
            to: channels[stage], isFirst: block == 0)
        }
      }
      return keys
    }

    private func blockKeys(
      _ name: String, from incoming: Int, to outgoing: Int, isFirst: Bool
    ) -> [(name: String, shape: [Int])] {
      let inner = isBottleneck ? outgoing / 4 : outgoing
      let shapes =
        isBottleneck
        ? [[inner, incoming, 1, 1], [inner, inner, 3, 3], [outgoing, inner, 1, 1]]
        : [[inner, incoming, 3, 3], [outgoing, inner, 3, 3]]
      var keys: [(name: String, shape: [Int])] = []
      for (index, shape) in shapes.enumerated() {
        keys.append(("\(name).conv\(index + 1).weight", shape))
        keys += NormalisationLayer.keys("\(name).bn\(index + 1)", channels: shape[0])
      }
      // A stage's first block changes size or channels; ResNet-18's and -34's first stage neither.
      guard isFirst, isBottleneck || !name.hasPrefix("layer1.") else { return keys }
      keys.append(("\(name).downsample.0.weight", [outgoing, incoming, 1, 1]))
      return keys + NormalisationLayer.keys("\(name).downsample.1", channels: outgoing)
    }
  }
}

/// Convolutions around a shortcut.
protocol ResidualBlock {
  func forward(_ x: Tensor, on tape: Tape) -> Tensor
}

/// The identity, or a 1x1 convolution where size or channels change.
private struct Shortcut {
  let projection: (ConvolutionLayer, NormalisationLayer)?

  init(_ name: String, stride: Int, in parameters: ParameterSet) {
    projection = parameters.find("\(name).downsample.0.weight").map { weight in
      (
        ConvolutionLayer(weight: weight, stride: stride),
        NormalisationLayer("\(name).downsample.1", in: parameters)
      )
    }
  }

  func forward(_ x: Tensor, on tape: Tape) -> Tensor {
    guard let (convolution, norm) = projection else { return x }
    return tape.normalise(tape.convolve(x, convolution), norm, rectify: false)
  }
}

/// Two 3x3 convolutions around a shortcut.
struct BasicBlock: ResidualBlock {
  private let first: ConvolutionLayer
  private let firstNorm: NormalisationLayer
  private let second: ConvolutionLayer
  private let secondNorm: NormalisationLayer
  private let shortcut: Shortcut

  init(_ name: String, stride: Int, in parameters: ParameterSet) {
    first = ConvolutionLayer(
      weight: parameters["\(name).conv1.weight"], stride: stride, padding: 1)
    firstNorm = NormalisationLayer("\(name).bn1", in: parameters)
    second = ConvolutionLayer(weight: parameters["\(name).conv2.weight"], padding: 1)
    secondNorm = NormalisationLayer("\(name).bn2", in: parameters)
    shortcut = Shortcut(name, stride: stride, in: parameters)
  }

  func forward(_ x: Tensor, on tape: Tape) -> Tensor {
    let inner = tape.normalise(tape.convolve(x, first), firstNorm, rectify: true)
    let residual = shortcut.forward(x, on: tape)
    return tape.normalise(
      tape.convolve(inner, second), secondNorm, adding: residual, rectify: true)
  }
}

/// A 3x3 convolution between two 1x1 ones, around a shortcut; the 3x3 one has the stride.
struct BottleneckBlock: ResidualBlock {
  private let convolutions: [ConvolutionLayer]
  private let norms: [NormalisationLayer]
  private let shortcut: Shortcut

  init(_ name: String, stride: Int, in parameters: ParameterSet) {
    convolutions = [
      ConvolutionLayer(weight: parameters["\(name).conv1.weight"]),
      ConvolutionLayer(weight: parameters["\(name).conv2.weight"], stride: stride, padding: 1),
      ConvolutionLayer(weight: parameters["\(name).conv3.weight"]),
    ]
    norms = (1...3).map { NormalisationLayer("\(name).bn\($0)", in: parameters) }
    shortcut = Shortcut(name, stride: stride, in: parameters)
  }

  func forward(_ x: Tensor, on tape: Tape) -> Tensor {
    let narrow = tape.normalise(tape.convolve(x, convolutions[0]), norms[0], rectify: true)
    let inner = tape.normalise(tape.convolve(narrow, convolutions[1]), norms[1], rectify: true)
    let residual = shortcut.forward(x, on: tape)
    return tape.normalise(
      tape.convolve(inner, convolutions[2]), norms[2], adding: residual, rectify: true)
  }
}
