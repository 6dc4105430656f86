internal import Learning

/// One of HoVer-Net's decoders: two dense parts, a convolution at full size, and an output layer.
struct HoVerNetDecoder {
  private struct Part {
    let first: ConvolutionLayer
    let dense: HoVerNetDenseBlock
    let last: ConvolutionLayer
  }

  private let parts: [Part]
  private let fullSize: ConvolutionLayer
  private let norm: NormalisationLayer
  private let output: ConvolutionLayer

  init(_ name: String, _ plan: HoVerNetPlan, in parameters: ParameterSet) {
    let same = plan.kernel / 2
    parts = plan.denseParts.map { part in
      let root = "\(name).\(part.name)"
      return Part(
        first: ConvolutionLayer(
          weight: parameters["\(root).conva.weight"], padding: plan.isPadded ? same : 0),
        dense: HoVerNetDenseBlock("\(root).dense", plan, units: part.units, in: parameters),
        last: ConvolutionLayer(weight: parameters["\(root).convf.weight"]))
    }
    // This one is padded in the published form too.
    fullSize = ConvolutionLayer(weight: parameters["\(name).u1.conva.weight"], padding: same)
    norm = NormalisationLayer("\(name).u0.bn", in: parameters)
    output = ConvolutionLayer(
      weight: parameters["\(name).u0.conv.weight"], bias: parameters["\(name).u0.conv.bias"])
  }

  /// - Parameter skips: The encoder's features, finest first; the fourth has become `x`.
  func forward(_ x: Tensor, skips: [Tensor], on tape: Tape) -> Tensor {
    var current = x
    for (index, part) in parts.enumerated() {
      let joined = tape.upsample(current, adding: skips[2 - index])
      let dense = part.dense.forward(tape.convolve(joined, part.first), on: tape)
      current = tape.convolve(dense, part.last)
    }
    let joined = tape.upsample(current, adding: skips[0])
    return tape.convolve(tape.convolve(joined, fullSize, norm, rectify: true), output)
  }
}

/// HoVer-Net's dense block: each unit adds a few channels to the middle of what it was given.
struct HoVerNetDenseBlock {
  private struct Unit {
    let firstNorm: NormalisationLayer
    let first: ConvolutionLayer
    let secondNorm: NormalisationLayer
    let second: GroupedConvolutionLayer
  }

  private static let groups = 4

  private let units: [Unit]
  private let norm: NormalisationLayer

  init(_ name: String, _ plan: HoVerNetPlan, units count: Int, in parameters: ParameterSet) {
    units = (0..<count).map { index in
      let unit = "\(name).units.\(index)"
      return Unit(
        firstNorm: NormalisationLayer("\(unit).preact_bna/bn", in: parameters),
        first: ConvolutionLayer(weight: parameters["\(unit).conv1.weight"]),
        secondNorm: NormalisationLayer("\(unit).conv1/bn", in: parameters),
        second: GroupedConvolutionLayer(
          weight: parameters["\(unit).conv2.weight"], groups: Self.groups,
          padding: plan.isPadded ? plan.kernel / 2 : 0))
    }
    norm = NormalisationLayer("\(name).blk_bna.bn", in: parameters)
  }

  func forward(_ x: Tensor, on tape: Tape) -> Tensor {
    var current = x
    for unit in units {
      let narrow = tape.convolve(
        tape.normalise(current, unit.firstNorm, rectify: true), unit.first, unit.secondNorm,
        rectify: true)
      let added = tape.convolve(narrow, unit.second)
      current = tape.join(current, added)
    }
    return tape.normalise(current, norm, rectify: true)
  }

  static func keys(
    _ name: String, _ plan: HoVerNetPlan, _ inputs: Int, _ units: Int
  ) -> [(name: String, shape: [Int])] {
    var keys: [(name: String, shape: [Int])] = []
    for index in 0..<units {
      let (unit, channels) = ("\(name).units.\(index)", inputs + plan.growth * index)
      keys += NormalisationLayer.keys("\(unit).preact_bna/bn", channels: channels)
      keys.append(("\(unit).conv1.weight", [plan.inner, channels, 1, 1]))
      keys += NormalisationLayer.keys("\(unit).conv1/bn", channels: plan.inner)
      keys.append(
        (
          "\(unit).conv2.weight",
          [plan.growth, plan.inner / groups, plan.kernel, plan.kernel]
        ))
    }
    return keys
      + NormalisationLayer.keys("\(name).blk_bna.bn", channels: inputs + plan.growth * units)
  }
}
