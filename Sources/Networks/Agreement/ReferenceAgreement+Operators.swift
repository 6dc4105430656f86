internal import Learning

extension ReferenceAgreement {
  /// One operator, forward and backward: the largest distance of its output and its gradients.
  func operation(_ key: String, on engine: Engine) -> Double {
    guard let row = figures.operators[key] else { return .infinity }
    switch key {
    case "batchnorm_train": return normalisation(key, row, on: engine)
    case "layernorm": return layerNormalisation(key, row, on: engine)
    case "attention_softmax_qkv": return attention(key, row, on: engine)
    case "cosine_similarity_matrix":
      guard let (a, b) = shapes(row, "a", "b") else { return .infinity }
      let tape = Tape(.training, on: engine)
      let tensors = (
        a: tape.track(operand("a", a, of: key), shape: a),
        b: tape.track(operand("b", b, of: key), shape: b)
      )
      let y = tape.cosines(tensors.a, tensors.b)
      return compare(key, row, y, tape) {
        ["a": tensors.a.gradientArray, "b": tensors.b.gradientArray]
      }
    case _ where key.hasPrefix("conv"): return convolution(key, row, on: engine)
    default:
      let operations: [String: (Tensor, Tape) -> Tensor] = [
        "gelu_exact": { x, tape in tape.gaussianGate(x) },
        "maxpool3x3_s2_p1": { x, tape in tape.maximumPool(x) },
        "avgpool2x2": { x, tape in tape.averagePool(x) },
        "upsample_nearest2x": { x, tape in tape.upsample(x) },
        "upsample_bilinear2x_align_false": { x, tape in tape.upsampleBilinearly(x) },
      ]
      guard let operation = operations[key], let shape = row.inputs["x"] else { return .infinity }
      let tape = Tape(.training, on: engine)
      let x = input(key, shape, on: tape)
      return compare(key, row, operation(x, tape), tape) { ["x": x.gradientArray] }
    }
  }

  private func convolution(
    _ key: String, _ row: ReferenceFigures.Operator, on engine: Engine
  ) -> Double {
    guard let (shape, kernel) = shapes(row, "x", "w"), let outputs = row.inputs["b"] else {
      return .infinity
    }
    let weight = parameter("w", kernel, of: key, on: engine)
    let bias = parameter("b", outputs, of: key, on: engine)
    let layer = ConvolutionLayer(
      weight: weight, bias: bias, stride: key.contains("_s2") ? 2 : 1,
      padding: key.hasSuffix("_valid") ? 0 : kernel[2] / 2)
    let tape = Tape(.training, on: engine)
    let x = input(key, shape, on: tape)
    return compare(key, row, tape.convolve(x, layer), tape) {
      ["x": x.gradientArray, "w": weight.gradientArray, "b": bias.gradientArray]
    }
  }

  private func normalisation(
    _ key: String, _ row: ReferenceFigures.Operator, on engine: Engine
  ) -> Double {
    guard let shape = row.inputs["x"] else { return .infinity }
    let parameters = ParameterSet(NormalisationLayer.keys("bn", channels: shape[1]), on: engine)
    let layer = NormalisationLayer("bn", in: parameters)
    layer.weight.set(operand("w", [shape[1]], of: key))
    layer.bias.set(operand("b", [shape[1]], of: key))
    let tape = Tape(.training, on: engine)
    let x = input(key, shape, on: tape)
    return compare(key, row, tape.normalise(x, layer, rectify: false), tape) {
      ["x": x.gradientArray, "w": layer.weight.gradientArray, "b": layer.bias.gradientArray]
    }
  }

  private func layerNormalisation(
    _ key: String, _ row: ReferenceFigures.Operator, on engine: Engine
  ) -> Double {
    guard let (shape, channels) = shapes(row, "x", "w") else { return .infinity }
    let parameters = ParameterSet(
      LayerNormalisationLayer.keys("ln", channels: channels[0]), on: engine)
    let layer = LayerNormalisationLayer("ln", in: parameters)
    layer.weight.set(operand("w", channels, of: key))
    layer.bias.set(operand("b", channels, of: key))
    let tape = Tape(.training, on: engine)
    let x = tape.track(operand("x", shape, of: key), shape: shape)
    return compare(key, row, tape.normalise(x, layer), tape) {
      ["x": x.gradientArray, "w": layer.weight.gradientArray, "b": layer.bias.gradientArray]
    }
  }

  /// Queries, keys and values lie apart in the file, `[N, heads, tokens, depth]`, together with us.
  private func attention(
    _ key: String, _ row: ReferenceFigures.Operator, on engine: Engine
  ) -> Double {
    guard let shape = row.inputs["q"], shape.count == 4 else { return .infinity }
    let (batch, heads, tokens, depth) = (shape[0], shape[1], shape[2], shape[3])
    let channels = heads * depth
    /// Where an element of a part, in the file's order, lies among rows of `width` channels.
    func place(_ i: Int, _ part: Int, _ width: Int) -> Int {
      let (n, head) = (i / (heads * tokens * depth), i / (tokens * depth) % heads)
      return (n * tokens + i / depth % tokens) * width + part * channels + head * depth + i % depth
    }
    let count = batch * tokens * channels
    var joined = [Float](repeating: 0, count: 3 * count)
    for (part, name) in ["q", "k", "v"].enumerated() {
      for (i, value) in operand(name, shape, of: key).enumerated() {
        joined[place(i, part, 3 * channels)] = value
      }
    }
    let tape = Tape(.training, on: engine)
    let qkv = tape.track(joined, shape: [batch * tokens, 3 * channels])
    let y = tape.attend(qkv, batch: batch, heads: heads)
    let upstream = uniform("grad/\(key)", count)
    var gradient = [Float](repeating: 0, count: count)
    for i in 0..<count { gradient[place(i, 0, channels)] = upstream[i] }
    let output = y.array
    tape.seed(y, gradient: gradient)
    tape.backward()
    guard let slopes = qkv.gradientArray else { return .infinity }
    func summaryDistance(_ summary: ReferenceFigures.Summary?, _ values: [Float]) -> Double {
      summary?.distance(values, norm: euclideanNorm(values)) ?? .infinity
    }
    let parts = ["q", "k", "v"].enumerated().map { part, name in
      summaryDistance(
        row.grads[name], (0..<count).map { slopes[place($0, part, 3 * channels)] })
    }
    let forward = summaryDistance(row.out, (0..<count).map { output[place($0, 0, channels)] })
    return max(forward, parts.max() ?? .infinity)
  }

  private func shapes(
    _ row: ReferenceFigures.Operator, _ a: String, _ b: String
  ) -> ([Int], [Int])? {
    guard let first = row.inputs[a], let second = row.inputs[b] else { return nil }
    return (first, second)
  }

  private func operand(_ name: String, _ shape: [Int], of key: String) -> [Float] {
    uniform("\(key)/\(name)", shape.reduce(1, *))
  }

  private func parameter(
    _ name: String, _ shape: [Int], of key: String, on engine: Engine
  ) -> Parameter {
    let parameter = Parameter(name: name, shape: shape, on: engine)
    parameter.set(operand(name, shape, of: key))
    return parameter
  }

  /// A tracked input `x`; images become NHWC.
  private func input(_ key: String, _ shape: [Int], on tape: Tape) -> Tensor {
    let values = PlanarImages.channelsLast(operand("x", shape, of: key), shape: shape)
    return tape.track(
      values, shape: shape.count == 4 ? [shape[0], shape[2], shape[3], shape[1]] : shape)
  }

  private func compare(
    _ key: String, _ row: ReferenceFigures.Operator, _ y: Tensor, _ tape: Tape,
    _ gradients: () -> [String: [Float]?]
  ) -> Double {
    guard y.count == row.out.shape.reduce(1, *) else { return .infinity }
    let forward = distance(row.out, y.array)
    let upstream = PlanarImages.channelsLast(uniform("grad/\(key)", y.count), shape: row.out.shape)
    tape.seed(y, gradient: upstream)
    tape.backward()
    let found = gradients()
    return row.grads.reduce(forward) { largest, entry in
      guard let values = found[entry.key].flatMap(\.self) else { return .infinity }
      // Parameters give their gradients in PyTorch's order already.
      let isImage = entry.key == "x"
      let own =
        isImage
        ? distance(entry.value, values) : entry.value.distance(values, norm: euclideanNorm(values))
      return max(largest, own)
    }
  }
}
