import TensorKernels
import Testing

@testable import Learning

/// Reproducible values in [-1, 1).
func values(_ count: Int, salt: UInt64 = 0) -> [Float] {
  var state = salt &* 0x9E37_79B9_7F4A_7C15 &+ 12345
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) * 0x1p-23 - 1
  }
}

/// Distinct values 0.02 apart, none near zero, in a scattered order: no kink is within a step.
func scattered(_ count: Int) -> [Float] {
  (0..<count).map { (Float(($0 * 7919 + 3) % count) - Float(count) / 2 + 0.5) * 0.02 }
}

/// Central differences along a random direction, against the gradient's component along it; and a
/// recorded step of the operation, run again with other values, against one that is not recorded.
///
/// The function checked is the sum of the output times fixed random weights.
func expectGradients(
  of inputs: [(values: [Float], shape: [Int])], parameters: [Parameter] = [], step: Float = 1e-3,
  tolerance: Double = 2e-3, on engine: Engine = Engine(),
  sourceLocation: SourceLocation = #_sourceLocation,
  _ operation: (_ inputs: [Tensor], _ tape: Tape) -> Tensor
) throws {
  func output(_ tape: Tape, _ all: [[Float]]) -> (inputs: [Tensor], output: Tensor) {
    let tensors = zip(all, inputs).map { tape.track($0, shape: $1.shape) }
    return (tensors, operation(tensors, tape))
  }
  func total(_ all: [[Float]]) -> Double {
    let tape = Tape(.training, on: engine)
    let result = output(tape, all).output.array
    return dot(result, values(result.count, salt: 77))
  }
  let tape = Tape(.training, on: engine)
  let (tensors, result) = output(tape, inputs.map(\.values))
  tape.seed(result, gradient: values(result.count, salt: 77))
  tape.backward()
  for (index, tensor) in tensors.enumerated() {
    let direction = values(tensor.count, salt: UInt64(index) + 5)
    let gradient = try #require(tensor.gradientArray, sourceLocation: sourceLocation)
    func moved(_ sign: Float) -> Double {
      var all = inputs.map(\.values)
      all[index] = zip(all[index], direction).map { $0 + sign * step * $1 }
      return total(all)
    }
    let slope = (moved(1) - moved(-1)) / Double(2 * step)
    let scale = norm(gradient) * norm(direction) + 1e-3
    #expect(
      (dot(gradient, direction) - slope).magnitude / scale < tolerance, "input \(index)",
      sourceLocation: sourceLocation)
  }
  let start = inputs.map(\.values)
  for parameter in parameters {
    let before = parameter.array
    let direction = values(parameter.count, salt: 9)
    let gradient = try #require(parameter.gradientArray, sourceLocation: sourceLocation)
    func moved(_ sign: Float) -> Double {
      parameter.set(zip(before, direction).map { $0 + sign * step * $1 })
      return total(start)
    }
    let slope = (moved(1) - moved(-1)) / Double(2 * step)
    parameter.set(before)
    let scale = norm(gradient) * norm(direction) + 1e-3
    #expect(
      (dot(gradient, direction) - slope).magnitude / scale < tolerance, "\(parameter.name)",
      sourceLocation: sourceLocation)
  }
  try expectSameWhenRunAgain(
    inputs, parameters, on: engine, sourceLocation: sourceLocation, operation)
}

/// A step that is recorded with some values and run again with others gives the gradients, to the bit,
/// that these values give in a step of their own.
private func expectSameWhenRunAgain(
  _ inputs: [(values: [Float], shape: [Int])], _ parameters: [Parameter], on engine: Engine,
  sourceLocation: SourceLocation, _ operation: (_ inputs: [Tensor], _ tape: Tape) -> Tensor
) throws {
  let optimiser = Optimiser(.sgd(), for: parameters, on: engine)
  let others = inputs.enumerated().map { values($1.values.count, salt: UInt64($0) + 31) }
  optimiser.clearGradients()
  let tape = Tape(.training, on: engine)
  let tracked = zip(others, inputs).map { tape.track($0, shape: $1.shape) }
  let output = operation(tracked, tape)
  let targets = values(output.count, salt: 41)
  let expectedLoss = tape.meanSquaredError(output, targets: targets)
  tape.backward()
  let expected = tracked.map(\.gradientArray) + parameters.map(\.gradientArray)

  let step = TrainingStep(optimiser)
  var leaves: [Tensor] = []
  var recordings = 0
  var loss = 0.0
  for values in [inputs.map(\.values), others] {
    let given = zip(values, inputs).map { StepInput($0, shape: $1.shape) }
    loss = try step.run(given, learningRate: 0) { inputs, tape in
      recordings += 1
      leaves = inputs.map { Tensor(shape: $0.shape, values: $0.stored, isTracked: true) }
      let output = operation(leaves, tape)
      return tape.meanSquaredError(
        output, targets: tape.constant(targets, shape: [targets.count]))
    }
  }
  #expect(recordings == 1, sourceLocation: sourceLocation)
  #expect(loss == expectedLoss, sourceLocation: sourceLocation)
  let found = leaves.map(\.gradientArray) + parameters.map(\.gradientArray)
  #expect(found == expected, "run again", sourceLocation: sourceLocation)
}

func dot(_ a: [Float], _ b: [Float]) -> Double {
  zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

func norm(_ a: [Float]) -> Double { dot(a, a).squareRoot() }

@Suite("Gradients agree with central differences")
struct GradientTests {
  @Test(
    "of convolutions",
    arguments: [
      (1, 1, 1, 1, 1, 1, 0), (2, 5, 3, 7, 3, 1, 1), (1, 6, 8, 12, 3, 2, 1),
      (2, 9, 3, 16, 7, 2, 3), (1, 4, 17, 9, 1, 2, 0),
      // Winograd's form, with tiles of four and of six.
      (1, 13, 9, 17, 3, 1, 1), (1, 35, 9, 8, 3, 1, 1),
    ])
  func convolution(
    batch: Int, side: Int, input: Int, output: Int, kernel: Int, stride: Int, padding: Int
  ) throws {
    let engine = Engine()
    let weight = Parameter(name: "weight", shape: [output, input, kernel, kernel], on: engine)
    let bias = Parameter(name: "bias", shape: [output], on: engine)
    weight.set(values(weight.count, salt: 1))
    bias.set(values(output, salt: 2))
    let shape = [batch, side, side + 1, input]
    try expectGradients(
      of: [(values(shape.reduce(1, *)), shape)], parameters: [weight, bias], step: 1e-2, on: engine
    ) { x, tape in
      tape.convolve(
        x[0], ConvolutionLayer(weight: weight, bias: bias, stride: stride, padding: padding))
    }
  }

  /// A U-Net's block: the small image doubled as it is read, statistics taken as the output is written,
  /// and normalisations that are applied by who reads.
  @Test("of blocks of convolutions and normalisations", arguments: [(1, 2), (5, 8), (13, 9)])
  func block(channels: Int, joined: Int) throws {
    let engine = Engine()
    func norm(_ name: String, _ count: Int) -> [(name: String, shape: [Int])] {
      NormalisationLayer.keys(name, channels: count)
    }
    let parameters = ParameterSet(
      [("a.weight", [joined, channels + joined, 3, 3]), ("b.weight", [channels, joined, 3, 3])]
        + norm("an", joined) + norm("bn", channels), on: engine)
    for (salt, parameter) in parameters.all.enumerated() where !parameter.isStatistic {
      let drawn = values(parameter.count, salt: UInt64(salt))
      // Shifted so far that no rectifier changes its mind within a step.
      let shift: Float = parameter.name.hasSuffix("n.bias") ? 9 : 0
      parameter.set(
        parameter.name.hasSuffix("n.weight") ? drawn.map { 1 + 0.5 * $0 } : drawn.map { $0 + shift }
      )
    }
    let (small, large) = ([2, 3, 4, channels], [2, 6, 8, joined])
    try expectGradients(
      of: [(values(small.reduce(1, *)), small), (values(large.reduce(1, *), salt: 3), large)],
      parameters: parameters.trainable, step: 1e-2, tolerance: 1e-2, on: engine
    ) { x, tape in
      let inner = tape.convolve(
        ConvolutionInput(doubling: x[0], joining: x[1]),
        ConvolutionLayer(weight: parameters["a.weight"], padding: 1),
        NormalisationLayer("an", in: parameters), rectify: true)
      return tape.convolve(
        inner, ConvolutionLayer(weight: parameters["b.weight"], padding: 1),
        NormalisationLayer("bn", in: parameters), rectify: true)
    }
  }

  @Test("of linear layers", arguments: [(1, 1, 1), (5, 3, 7), (4, 17, 8)])
  func linear(rows: Int, input: Int, output: Int) throws {
    let engine = Engine()
    let parameters = ParameterSet(
      [("fc.weight", [output, input]), ("fc.bias", [output])], on: engine)
    for parameter in parameters.all { parameter.set(values(parameter.count, salt: 4)) }
    let layer = LinearLayer("fc", in: parameters)
    try expectGradients(
      of: [(values(rows * input), [rows, input])], parameters: parameters.all, step: 1e-2,
      on: engine
    ) { x, tape in tape.linear(x[0], layer) }
  }

  @Test(
    "of batch normalisation with residual and rectification", arguments: [1, 5, 8, 13],
    [false, true])
  func normalisation(channels: Int, rectifies: Bool) throws {
    let engine = Engine()
    let parameters = ParameterSet(NormalisationLayer.keys("bn", channels: channels), on: engine)
    parameters["bn.weight"].set(values(channels, salt: 1).map { 1 + 0.5 * $0 })
    // Far from zero on either side, so that no rectifier changes its mind within a step.
    parameters["bn.bias"].set((0..<channels).map { $0 % 3 == 1 ? -9 : 9 })
    let layer = NormalisationLayer("bn", in: parameters)
    let shape = [3, 4, 3, channels]
    let count = shape.reduce(1, *)
    try expectGradients(
      of: [(values(count), shape), (values(count, salt: 3), shape)],
      parameters: [parameters["bn.weight"], parameters["bn.bias"]], step: 1e-2,
      tolerance: 5e-3, on: engine
    ) { x, tape in tape.normalise(x[0], layer, adding: x[1], rectify: rectifies) }
  }

  @Test("of rectification, pooling and upsampling", arguments: [1, 3, 8, 11])
  func resampling(channels: Int) throws {
    let shape = [2, 6, 4, channels]
    let x = (scattered(shape.reduce(1, *)), shape)
    try expectGradients(of: [x]) { x, tape in tape.rectify(x[0]) }
    try expectGradients(of: [x]) { x, tape in tape.maximumPool(x[0]) }
    try expectGradients(of: [x]) { x, tape in tape.averagePool(x[0]) }
    try expectGradients(of: [x]) { x, tape in tape.globalAverage(x[0]) }
    try expectGradients(of: [x]) { x, tape in tape.upsample(x[0]) }
    let skip = [2, 12, 8, 5]
    try expectGradients(of: [x, (values(skip.reduce(1, *)), skip)]) { x, tape in
      tape.upsample(x[0], joining: x[1])
    }
  }

  @Test("of a value that is used twice")
  func sharedValue() throws {
    let engine = Engine()
    let weight = Parameter(name: "weight", shape: [4, 4, 3, 3], on: engine)
    weight.set(values(weight.count, salt: 1))
    let layer = ConvolutionLayer(weight: weight, padding: 1)
    let norms = ParameterSet(NormalisationLayer.keys("bn", channels: 4), on: engine)
    norms["bn.weight"].set([1, 1, 1, 1])
    let norm = NormalisationLayer("bn", in: norms)
    // The input and the weight take part twice; both shares must be added.
    try expectGradients(
      of: [(values(2 * 5 * 5 * 4), [2, 5, 5, 4])], parameters: [weight], step: 1e-2,
      tolerance: 5e-3, on: engine
    ) { x, tape in
      let first = tape.convolve(x[0], layer)
      return tape.normalise(tape.convolve(first, layer), norm, adding: x[0], rectify: false)
    }
  }

  @Test("of the Barlow Twins loss", arguments: [(4, 3), (8, 16), (5, 9)])
  func redundancyReduction(rows: Int, columns: Int) throws {
    let engine = Engine()
    let (a, b) = (values(rows * columns), values(rows * columns, salt: 1))
    let shape = [rows, columns]
    let tape = Tape(.training, on: engine)
    let tracked = (tape.track(a, shape: shape), tape.track(b, shape: shape))
    _ = tape.redundancyReduction(tracked.0, tracked.1, lambda: 0.3)
    for (index, tensor) in [tracked.0, tracked.1].enumerated() {
      let direction = values(a.count, salt: 6)
      func moved(_ sign: Float) -> Double {
        let inputs = [a, b].enumerated().map { place, values in
          let moved = zip(values, direction).map { $0 + (place == index ? sign * 3e-3 * $1 : 0) }
          return tape.track(moved, shape: shape)
        }
        return tape.redundancyReduction(inputs[0], inputs[1], lambda: 0.3).value
      }
      let slope = (moved(1) - moved(-1)) / 6e-3
      let gradient = try #require(tensor.gradientArray)
      let scale = norm(gradient) * norm(direction) + 1e-3
      #expect((dot(gradient, direction) - slope).magnitude / scale < 5e-3)
    }
  }
}
