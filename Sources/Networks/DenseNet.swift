internal import Core
public import Learning

/// DenseNet-121 (Huang et al. 2017) under torchvision's keys, channel counts scaled by `width`.
public final class DenseNet: Encoder {
  /// Parameters and statistics in torchvision's order; names carry the prefix.
  public let parameters: ParameterSet
  public let channels: [Int]
  private let prefix: String
  private let stem: ConvolutionLayer
  private let stemNorm: NormalisationLayer
  private let blocks: [[DenseLayer]]
  private let transitions: [(norm: NormalisationLayer, convolution: ConvolutionLayer)]
  private let lastNorm: NormalisationLayer?
  private let classifier: LinearLayer?

  /// Layers of each dense block.
  static let layers = [6, 12, 24, 16]

  /// Parameters are zeros until they are initialised or loaded.
  ///
  /// - Parameters:
  ///   - classes: Outputs of the last layer `classifier`; without it there is none.
  ///   - blocks: How many of the four dense blocks there are; fewer make a truncated network, which
  ///     ends with a dense block and has no last normalisation.
  ///   - prefix: What precedes torchvision's keys, such as `encoder.`.
  public init(
    width: Double = 1, classes: Int? = nil, blocks count: Int = 4, prefix: String = "",
    on engine: Engine
  ) {
    precondition((1...4).contains(count), "a DenseNet has one to four dense blocks")
    let sizes = DenseNetSizes(width: width)
    var keys = Self.encoderKeys(width: width, blocks: count)
    if let classes {
      keys.append(("classifier.weight", [classes, sizes.outputs(ofBlock: count - 1)]))
      keys.append(("classifier.bias", [classes]))
    }
    let parameters = ParameterSet(keys.map { (prefix + $0.name, $0.shape) }, on: engine)
    self.parameters = parameters
    self.prefix = prefix
    channels = [sizes.stem] + (0..<count).map { sizes.outputs(ofBlock: $0) }
    let root = "\(prefix)features."
    stem = ConvolutionLayer(weight: parameters["\(root)conv0.weight"], stride: 2, padding: 3)
    stemNorm = NormalisationLayer("\(root)norm0", in: parameters)
    blocks = (0..<count).map { block in
      (1...Self.layers[block]).map {
        DenseLayer("\(root)denseblock\(block + 1).denselayer\($0)", in: parameters)
      }
    }
    transitions = (1..<count).map {
      (
        NormalisationLayer("\(root)transition\($0).norm", in: parameters),
        ConvolutionLayer(weight: parameters["\(root)transition\($0).conv.weight"])
      )
    }
    lastNorm = count == 4 ? NormalisationLayer("\(root)norm5", in: parameters) : nil
    classifier = classes.map { _ in LinearLayer("\(prefix)classifier", in: parameters) }
  }

  /// Draws first values as torchvision does: normal by fan-in, normalisations 1 and 0.
  public func initialise(seed: UInt64, replicate: UInt64) {
    for parameter in parameters.all {
      let key = String(parameter.name.dropFirst(prefix.count))
      let scheme: Initialisation =
        if parameter.shape.count == 4 {
          .kaimingNormalFanIn
        } else if key == "classifier.weight" {
          .uniform(fanIn: parameter.shape[1])
        } else {
          .constant(key.hasSuffix("weight") || key.hasSuffix("running_var") ? 1 : 0)
        }
      let stream = RandomStream(
        seed: seed, purpose: "encoder-weights", replicate: replicate, key: key)
      parameter.initialise(scheme, from: stream)
    }
  }

  /// The stem at half size, each transition's input rectified, and the last normalisation's output
  /// as it is: segmentation_models_pytorch's skip connections.
  public func features(_ x: Tensor, on tape: Tape) -> [Tensor] { pass(x, on: tape).taps }

  /// What each dense block gives, then the last normalisation's output.
  public func blockOutputs(_ x: Tensor, on tape: Tape) -> [Tensor] {
    let (taps, outputs) = pass(x, on: tape)
    return lastNorm == nil ? outputs : outputs + [taps[blocks.count]]
  }

  /// The mean over pixels of the rectified last normalisation, or of the last dense block.
  public func embedding(_ x: Tensor, on tape: Tape) -> Tensor {
    let last = pass(x, rectifiesLast: true, on: tape).taps[blocks.count]
    return tape.globalAverage(last)
  }

  /// Logits `[N, classes]`; the network must have been made with classes.
  public func logits(_ x: Tensor, on tape: Tape) -> Tensor {
    guard let classifier else { preconditionFailure("this network has no classifier") }
    return tape.linear(embedding(x, on: tape), classifier)
  }

  private func pass(
    _ x: Tensor, rectifiesLast: Bool = false, on tape: Tape
  ) -> (taps: [Tensor], outputs: [Tensor]) {
    let first = tape.normalise(tape.convolve(x, stem), stemNorm, rectify: true)
    var taps = [first]
    var outputs: [Tensor] = []
    var current = tape.maximumPool(first)
    for (index, block) in blocks.enumerated() {
      for layer in block { current = tape.join(current, layer.forward(current, on: tape)) }
      outputs.append(current)
      guard index + 1 < blocks.count else { break }
      let (norm, convolution) = transitions[index]
      let tap = tape.normalise(current, norm, rectify: true)
      taps.append(tap)
      current = tape.averagePool(tape.convolve(tap, convolution))
    }
    taps.append(lastNorm.map { tape.normalise(current, $0, rectify: rectifiesLast) } ?? current)
    return (taps, outputs)
  }
}

extension DenseNet {
  /// torchvision's keys and shapes, the classifier left out, in its order.
  public static func encoderKeys(
    width: Double = 1, blocks count: Int = 4
  ) -> [(name: String, shape: [Int])] {
    let sizes = DenseNetSizes(width: width)
    var keys: [(name: String, shape: [Int])] = [("features.conv0.weight", [sizes.stem, 3, 7, 7])]
    keys += NormalisationLayer.keys("features.norm0", channels: sizes.stem)
    for block in 0..<count {
      for layer in 0..<layers[block] {
        let name = "features.denseblock\(block + 1).denselayer\(layer + 1)"
        let incoming = sizes.inputs(ofBlock: block) + layer * sizes.growth
        keys += NormalisationLayer.keys("\(name).norm1", channels: incoming)
        keys.append(("\(name).conv1.weight", [4 * sizes.growth, incoming, 1, 1]))
        keys += NormalisationLayer.keys("\(name).norm2", channels: 4 * sizes.growth)
        keys.append(("\(name).conv2.weight", [sizes.growth, 4 * sizes.growth, 3, 3]))
      }
      guard block + 1 < count else { continue }
      let (name, outgoing) = ("features.transition\(block + 1)", sizes.outputs(ofBlock: block))
      keys += NormalisationLayer.keys("\(name).norm", channels: outgoing)
      keys.append(("\(name).conv.weight", [outgoing / 2, outgoing, 1, 1]))
    }
    guard count == 4 else { return keys }
    return keys + NormalisationLayer.keys("features.norm5", channels: sizes.outputs(ofBlock: 3))
  }
}

/// Channel counts: each layer adds `growth`, each transition halves.
private struct DenseNetSizes {
  let stem: Int
  let growth: Int

  init(width: Double) {
    stem = scaled(64, by: width)
    growth = scaled(32, by: width)
  }

  func inputs(ofBlock block: Int) -> Int {
    block == 0 ? stem : outputs(ofBlock: block - 1) / 2
  }

  func outputs(ofBlock block: Int) -> Int {
    inputs(ofBlock: block) + DenseNet.layers[block] * growth
  }
}

/// Normalisation before each of a 1x1 and a 3x3 convolution.
private struct DenseLayer {
  let firstNorm: NormalisationLayer
  let first: ConvolutionLayer
  let secondNorm: NormalisationLayer
  let second: ConvolutionLayer

  init(_ name: String, in parameters: ParameterSet) {
    firstNorm = NormalisationLayer("\(name).norm1", in: parameters)
    first = ConvolutionLayer(weight: parameters["\(name).conv1.weight"])
    secondNorm = NormalisationLayer("\(name).norm2", in: parameters)
    second = ConvolutionLayer(weight: parameters["\(name).conv2.weight"], padding: 1)
  }

  func forward(_ x: Tensor, on tape: Tape) -> Tensor {
    let narrow = tape.convolve(tape.normalise(x, firstNorm, rectify: true), first)
    return tape.convolve(tape.normalise(narrow, secondNorm, rectify: true), second)
  }
}
