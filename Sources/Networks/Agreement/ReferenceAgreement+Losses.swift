internal import Learning
internal import TensorKernels

extension ReferenceAgreement {
  /// A loss of self-supervised pretraining, with the norms of its gradients.
  func loss(_ key: String, on engine: Engine) -> Double {
    guard let row = figures.losses[key] else { return .infinity }
    let tape = Tape(.training, on: engine)
    func scores(_ name: String, _ count: Int) -> [Tensor] {
      (0..<count).map { tape.track(uniform("ssl/\(name)\($0)", 96), shape: [8, 12]) }
    }
    func projection(_ name: String) -> Tensor {
      tape.track(uniform("ssl/\(name)", 128), shape: [8, 16])
    }
    let value: Double
    let inputs: [Tensor]
    var centre = DistillationCentre(channels: 12)
    switch key.prefix(while: { $0 != "(" }) {
    case "barlow_twins":
      inputs = [projection("a"), projection("b")]
      value = tape.redundancyReduction(inputs[0], inputs[1], lambda: 5e-3).value
    case "moco_v2_infonce":
      inputs = [projection("a")]
      let queue = engine.tensor(uniform("ssl/queue", 512), shape: [32, 16])
      value = tape.contrast(
        inputs[0], keys: projection("b"), queue: tape.normaliseLengths(queue))
      tape.backward()
    case "swav":
      inputs = scores("proto_high", 2) + scores("proto_low", 2)
      value = tape.swappedPrediction(
        large: Array(inputs.prefix(2)), small: Array(inputs.suffix(2)))
    case "dino":
      inputs = scores("student", 4)
      let teacher = scores("teacher", 2).map(tape.detach)
      value = tape.selfDistillation(teacher: teacher, student: inputs, centre: centre.values)
      centre.update(with: teacher)
    default: return .infinity
    }
    let norms = inputs.map { $0.gradientArray.map(euclideanNorm) ?? .infinity }
    var deviation = max((value / row.loss - 1).magnitude, relativeDistance(norms, row.gradients))
    if let expected = row.centre {
      deviation = max(deviation, relativeDistance(centre.values.map(Double.init), expected))
    }
    return deviation
  }

  /// Attention over a bag of 11 instances, and the pooled embedding.
  func pooling(_ key: String, on engine: Engine) -> Double {
    guard let row = figures.pooling[key] else { return .infinity }
    let pooling = AttentionPooling(
      inputs: 16, hidden: 8, isGated: key == "gated", hasBiases: false, prefix: "mil/", on: engine)
    for parameter in pooling.parameters.all {
      // The file names its tensors without `.weight`.
      let name = parameter.name.prefix { $0 != "." }
      parameter.set(uniform(String(name), parameter.count))
    }
    let bag = engine.tensor(uniform("mil/h", 176), shape: [11, 16])
    let (pooled, attention) = pooling.pool(bag, on: Tape(.inference, on: engine))
    return max(
      relativeDistance(attention.array.map(Double.init), row.attention),
      relativeDistance(pooled.array.map(Double.init), row.pooled))
  }

  /// Linear CKA of 40 samples: 9 columns of one representation lie in the other, with noise.
  func alignment() -> Double {
    guard let expected = figures.linearCKA else { return .infinity }
    let x = uniform("cka/x", 480)
    let y = uniform("cka/y", 360).enumerated().map { $1 + x[$0 / 9 * 12 + $0 % 9] }
    return (linearCKA(x, y, samples: 40) / expected - 1).magnitude
  }
}
