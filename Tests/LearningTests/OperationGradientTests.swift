import Learning
import TensorKernels
import Testing

@Suite("Gradients of networks' operations agree with central differences")
struct OperationGradientTests {
  private func input(_ shape: [Int], salt: UInt64 = 0) -> (values: [Float], shape: [Int]) {
    (values(shape.reduce(1, *), salt: salt), shape)
  }

  @Test("of layer normalisation and GELU", arguments: [(1, 5), (3, 1), (5, 8), (2, 13), (7, 24)])
  func rows(rows: Int, channels: Int) throws {
    let engine = Engine()
    let parameters = ParameterSet(
      LayerNormalisationLayer.keys("ln", channels: channels), on: engine)
    parameters["ln.weight"].set(values(channels, salt: 1).map { 1 + 0.5 * $0 })
    parameters["ln.bias"].set(values(channels, salt: 2))
    let layer = LayerNormalisationLayer("ln", in: parameters)
    try expectGradients(of: [input([rows, channels])], step: 1e-2, on: engine) { x, tape in
      tape.gaussianGate(x[0])
    }
    // One channel is its own mean: nothing but the shift is left.
    try expectGradients(
      of: [input([rows, channels])], parameters: channels > 1 ? parameters.all : [], step: 3e-3,
      tolerance: 2e-2, on: engine
    ) { x, tape in tape.normalise(x[0], layer) }
  }

  @Test(
    "of attention",
    arguments: [(1, 1, 1, 1), (1, 2, 1, 3), (2, 5, 3, 8), (1, 17, 2, 20), (2, 33, 1, 16)])
  func attention(batch: Int, tokens: Int, heads: Int, depth: Int) throws {
    try expectGradients(
      of: [input([batch * tokens, 3 * heads * depth])], step: 1e-2, tolerance: 5e-3
    ) { x, tape in tape.attend(x[0], batch: batch, heads: heads) }
  }

  @Test("of tokens and of the rows taken from them", arguments: [(1, 1, 1), (2, 3, 8), (3, 4, 13)])
  func tokens(batch: Int, side: Int, channels: Int) throws {
    let engine = Engine()
    let tokens = side * side + 1
    let parameters = ParameterSet(
      [("cls_token", [1, 1, channels]), ("pos_embed", [1, tokens, channels])], on: engine)
    for parameter in parameters.all { parameter.set(values(parameter.count, salt: 3)) }
    try expectGradients(
      of: [input([batch, side, side, channels])], parameters: parameters.all, step: 1e-2, on: engine
    ) { x, tape in
      tape.embedTokens(
        x[0], class: parameters["cls_token"], positions: parameters["pos_embed"])
    }
    try expectGradients(of: [input([batch * tokens, channels])], step: 1e-2) { x, tape in
      tape.takeRows(x[0], step: tokens)
    }
  }

  @Test("of joining, cropping, padding and adding", arguments: [1, 5, 8, 19])
  func joining(channels: Int) throws {
    let large = input([2, 7, 6, channels])
    let small = input([2, 4, 4, 3], salt: 1)
    try expectGradients(of: [large, small]) { x, tape in tape.join(x[0], x[1]) }
    try expectGradients(of: [input([3, channels]), input([3, 2], salt: 1)]) { x, tape in
      tape.join(x[0], x[1])
    }
    try expectGradients(of: [large]) { x, tape in tape.crop(x[0], rows: 3, columns: 5) }
    try expectGradients(of: [large]) { x, tape in
      tape.pad(x[0], top: 0, bottom: 1, left: 2, right: 1)
    }
    let engine = Engine()
    let mixing = pointwise(channels, on: engine)
    try expectGradients(
      of: [large, input(large.shape, salt: 1)], parameters: [mixing.weight], step: 1e-2, on: engine
    ) { x, tape in tape.convolve(x[1], mixing, adding: x[0]) }
    try expectGradients(of: [input([2, 2, 1, channels], salt: 1), large]) { x, tape in
      tape.upsample(x[0], adding: x[1])
    }
    try expectGradients(of: [large]) { x, tape in tape.upsampleBilinearly(x[0]) }
    try expectGradients(of: [input([1, 1, 1, channels])]) { x, tape in
      tape.upsampleBilinearly(x[0])
    }
  }

  /// Gradients are added to what is there, also where a window leaves pixels out.
  @Test("of an image that several windows read")
  func sharedWindows() throws {
    let shape = [1, 6, 6, 3]
    let engine = Engine()
    let mixing = pointwise(6, on: engine)
    try expectGradients(of: [input(shape)], step: 1e-2, on: engine) { x, tape in
      let cropped = tape.crop(x[0], rows: 4, columns: 2)
      let joined = tape.join(x[0], cropped)
      return tape.convolve(
        joined, mixing,
        adding: tape.upsample(tape.crop(joined, rows: 2, columns: 1), adding: joined))
    }
  }

  private func pointwise(_ channels: Int, on engine: Engine) -> ConvolutionLayer {
    let weight = Parameter(name: "weight", shape: [channels, channels, 1, 1], on: engine)
    weight.set(values(weight.count, salt: 3))
    return ConvolutionLayer(weight: weight)
  }

  @Test("of grouped convolution", arguments: [(4, 4, 4, 1, 0), (8, 12, 4, 3, 1), (6, 10, 2, 3, 0)])
  func groups(inputs: Int, outputs: Int, groups: Int, kernel: Int, padding: Int) throws {
    let engine = Engine()
    let weight = Parameter(
      name: "weight", shape: [outputs, inputs / groups, kernel, kernel], on: engine)
    weight.set(values(weight.count, salt: 1))
    let layer = GroupedConvolutionLayer(weight: weight, groups: groups, padding: padding)
    try expectGradients(
      of: [input([2, 5, 4, inputs])], parameters: [weight], step: 1e-2, on: engine
    ) { x, tape in tape.convolve(x[0], layer) }
  }

  @Test("of operations on rows", arguments: [(1, 1), (4, 3), (7, 8), (5, 21)])
  func embeddings(rows: Int, columns: Int) throws {
    let (a, b) = (input([rows, columns]), input([rows, columns], salt: 1))
    try expectGradients(of: [a, b]) { x, tape in tape.rowProducts(x[0], x[1]) }
    try expectGradients(of: [a, b]) { x, tape in tape.multiply(x[0], x[1]) }
    try expectGradients(of: [a, input([3, columns], salt: 2)], step: 1e-2) { x, tape in
      tape.products(x[0], x[1])
    }
    try expectGradients(of: [a]) { x, tape in tape.hyperbolicTangent(x[0]) }
    try expectGradients(of: [a]) { x, tape in tape.sigmoid(x[0]) }
    try expectGradients(of: [a, input([rows, 1], salt: 2)]) { x, tape in
      tape.weightedMean(x[0], scores: x[1]).mean
    }
    guard columns > 1 else { return }
    try expectGradients(of: [a, input([3, columns], salt: 2)], tolerance: 1e-2) { x, tape in
      tape.cosines(x[0], x[1])
    }
  }

  @Test("of batch normalisation with held statistics", arguments: [1, 8, 13], [false, true])
  func heldNormalisation(channels: Int, rectifies: Bool) throws {
    let engine = Engine()
    let parameters = ParameterSet(NormalisationLayer.keys("bn", channels: channels), on: engine)
    parameters["bn.weight"].set(values(channels, salt: 1).map { 1 + 0.5 * $0 })
    // Far from zero on either side, so that no rectifier changes its mind within a step.
    parameters["bn.bias"].set((0..<channels).map { $0 % 3 == 1 ? -9 : 9 })
    parameters["bn.running_mean"].set(values(channels, salt: 2))
    parameters["bn.running_var"].set(values(channels, salt: 3).map { 1.5 + 0.5 * $0 })
    parameters["bn.running_mean"].isFrozen = true
    let layer = NormalisationLayer("bn", in: parameters)
    let before = parameters["bn.running_var"].array
    try expectGradients(
      of: [input([3, 4, 3, channels]), input([3, 4, 3, channels], salt: 3)],
      parameters: parameters.trainable, step: 1e-2, tolerance: 5e-3, on: engine
    ) { x, tape in tape.normalise(x[0], layer, adding: x[1], rectify: rectifies) }
    #expect(parameters["bn.running_var"].array == before)
  }

  @Test("of losses against soft targets and distances", arguments: [(1, 1), (4, 3), (5, 17)])
  func losses(rows: Int, columns: Int) throws {
    let count = rows * columns
    let targets = values(count, salt: 1).map { 0.5 + 0.5 * $0 }
    let shape = [rows, columns]
    let losses: [(Tensor, Tape) -> Double] = [
      { x, tape in
        tape.crossEntropy(
          x, targets: tape.engine.tensor(targets, shape: shape), temperature: 0.5, weight: 0.7
        ).value
      },
      { x, tape in tape.meanSquaredError(x, targets: targets, weight: 0.7) },
    ]
    for loss in losses {
      func value(_ values: [Float]) -> (Double, Tensor) {
        let tape = Tape(.training, on: Engine())
        let x = tape.track(values, shape: shape)
        return (loss(x, tape), x)
      }
      let (start, direction) = (values(count), values(count, salt: 6))
      func moved(_ sign: Float) -> Double {
        value(zip(start, direction).map { $0 + sign * 1e-2 * $1 }).0
      }
      let gradient = try #require(value(start).1.gradientArray)
      let slope = (moved(1) - moved(-1)) / 2e-2
      let scale = norm(gradient) * norm(direction) + 1e-3
      #expect((dot(gradient, direction) - slope).magnitude / scale < 5e-3)
    }
  }

  @Test("a row of equal scores is averaged, and attention to itself is the value")
  func limits() {
    let engine = Engine()
    let tape = Tape(.inference, on: engine)
    let bag = engine.tensor([1, 2, 3, 6], shape: [2, 2])
    let (mean, weights) = tape.weightedMean(bag, scores: engine.tensor([4, 4], shape: [2, 1]))
    #expect(mean.array == [2, 4])
    #expect(weights.array == [0.5, 0.5])
    let qkv = engine.tensor([0.3, -2, 7], shape: [1, 3])
    #expect(tape.attend(qkv, batch: 1, heads: 1).array == [7])
  }
}
