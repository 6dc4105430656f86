internal import Learning

/// Four features: full size, a half, a quarter and an eighth.
protocol HoVerNetEncoder {
  func features(_ x: Tensor, on tape: Tape) -> [Tensor]
}

/// torchvision's residual network without the stem's reductions.
struct FullSizeEncoder: HoVerNetEncoder {
  let network: ResNet

  func features(_ x: Tensor, on tape: Tape) -> [Tensor] {
    Array(network.features(x, on: tape).dropFirst())
  }
}

/// HoVer-Net's published ResNet-50 with activations before convolutions.
struct PreactivationEncoder: HoVerNetEncoder {
  private let stem: ConvolutionLayer
  private let stemNorm: NormalisationLayer
  private let blocks: [PreactivationBlock]

  /// Channels inside, channels given and units of each block.
  private static let plan = [(64, 256, 3), (128, 512, 4), (256, 1024, 6), (512, 2048, 3)]

  init(_ mode: HoVerNet.Mode, in parameters: ParameterSet) {
    stem = ConvolutionLayer(
      weight: parameters["conv0./.weight"], padding: mode == .fast ? 3 : 0)
    stemNorm = NormalisationLayer("conv0.bn", in: parameters)
    blocks = Self.plan.enumerated().map { index, block in
      PreactivationBlock("d\(index)", units: block.2, stride: index == 0 ? 1 : 2, in: parameters)
    }
  }

  func features(_ x: Tensor, on tape: Tape) -> [Tensor] {
    let image = tape.scale(x, by: 1 / 255)
    var current = tape.normalise(tape.convolve(image, stem), stemNorm, rectify: true)
    var features: [Tensor] = []
    for block in blocks {
      current = block.forward(current, on: tape)
      features.append(current)
    }
    return features
  }

  static var keys: [(name: String, shape: [Int])] {
    var keys: [(name: String, shape: [Int])] = [("conv0./.weight", [64, 3, 7, 7])]
    keys += NormalisationLayer.keys("conv0.bn", channels: 64)
    var incoming = 64
    for (index, (inner, outgoing, units)) in plan.enumerated() {
      for unit in 0..<units {
        let name = "d\(index).units.\(unit)"
        let inputs = unit == 0 ? incoming : outgoing
        if unit > 0 { keys += NormalisationLayer.keys("\(name).preact/bn", channels: inputs) }
        keys.append(("\(name).conv1.weight", [inner, inputs, 1, 1]))
        keys += NormalisationLayer.keys("\(name).conv1/bn", channels: inner)
        keys.append(("\(name).conv2.weight", [inner, inner, 3, 3]))
        keys += NormalisationLayer.keys("\(name).conv2/bn", channels: inner)
        keys.append(("\(name).conv3.weight", [outgoing, inner, 1, 1]))
      }
      keys.append(("d\(index).shortcut.weight", [outgoing, incoming, 1, 1]))
      keys += NormalisationLayer.keys("d\(index).blk_bna.bn", channels: outgoing)
      incoming = outgoing
    }
    return keys
  }
}

/// Units around shortcuts, then normalisation and rectification.
private struct PreactivationBlock {
  private struct Unit {
    /// The first unit has none: its input is rectified already.
    let norm: NormalisationLayer?
    let first: ConvolutionLayer
    let firstNorm: NormalisationLayer
    let second: ConvolutionLayer
    let secondNorm: NormalisationLayer
    let third: ConvolutionLayer
  }

  private let units: [Unit]
  private let shortcut: ConvolutionLayer
  private let norm: NormalisationLayer

  init(_ name: String, units count: Int, stride: Int, in parameters: ParameterSet) {
    units = (0..<count).map { index in
      let unit = "\(name).units.\(index)"
      return Unit(
        norm: index == 0 ? nil : NormalisationLayer("\(unit).preact/bn", in: parameters),
        first: ConvolutionLayer(weight: parameters["\(unit).conv1.weight"]),
        firstNorm: NormalisationLayer("\(unit).conv1/bn", in: parameters),
        second: ConvolutionLayer(
          weight: parameters["\(unit).conv2.weight"], stride: index == 0 ? stride : 1),
        secondNorm: NormalisationLayer("\(unit).conv2/bn", in: parameters),
        third: ConvolutionLayer(weight: parameters["\(unit).conv3.weight"]))
    }
    shortcut = ConvolutionLayer(weight: parameters["\(name).shortcut.weight"], stride: stride)
    norm = NormalisationLayer("\(name).blk_bna.bn", in: parameters)
  }

  func forward(_ x: Tensor, on tape: Tape) -> Tensor {
    var sum = tape.convolve(x, shortcut)
    for (index, unit) in units.enumerated() {
      let input = index == 0 ? x : sum
      let entered = unit.norm.map { tape.normalise(input, $0, rectify: true) } ?? input
      let narrow = tape.normalise(tape.convolve(entered, unit.first), unit.firstNorm, rectify: true)
      let inner = tape.normalise(
        convolveSame(narrow, unit.second, on: tape), unit.secondNorm, rectify: true)
      sum = tape.add(sum, into: tape.convolve(inner, unit.third))
    }
    return tape.normalise(sum, norm, rectify: true)
  }

  /// TensorFlow's `same` padding: with stride 2 and an even size, the one zero comes last.
  private func convolveSame(_ x: Tensor, _ layer: ConvolutionLayer, on tape: Tape) -> Tensor {
    var layer = layer
    if layer.stride == 1 || x.shape[1] % layer.stride != 0 {
      layer.padding = 1
      return tape.convolve(x, layer)
    }
    return tape.convolve(tape.pad(x, top: 0, bottom: 1, left: 0, right: 1), layer)
  }
}
