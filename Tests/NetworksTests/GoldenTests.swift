import Learning
import Networks
import Testing

@Suite("PyTorch's figures")
struct GoldenTests {
  let golden: Golden

  init() throws { golden = try Golden.load() }

  @Test("ResNet-18 gives torchvision's logits and stage means in inference mode")
  func resNetForward() throws {
    let row = try #require(golden.networksEval["resnet18"])
    let engine = Engine(threads: 2)
    let network = ResNet18(width: 1, classes: 1000, on: engine)
    #expect(network.parameters.all.map(\.name) == row.parameters.map(\.name))
    #expect(network.parameters.all.map(\.shape) == row.parameters.map(\.shape))
    golden.fill(network.parameters)
    let tape = Tape(.inference, on: engine)
    let x = engine.tensor(golden.input(row.inputShape), shape: [2, 64, 64, 3])
    let logits = network.logits(x, on: tape).array
    #expect(try #require(row.outputs["y"]).distance(logits) < 1e-4)
    let stages = try #require(golden.truncatedFeaturesEval["resnet18"])
    for (index, tap) in network.features(x, on: tape).enumerated().dropFirst() {
      let mean = tape.globalAverage(tap).array
      #expect(try #require(stages["layer\(index)_gap"]).distance(mean) < 1e-4)
    }
  }

  @Test("the U-Net gives segmentation_models_pytorch's logits in inference mode")
  func unetForward() throws {
    let row = try #require(golden.networksEval["unet_resnet18"])
    let engine = Engine(threads: 2)
    let network = UNet(width: 1, classes: 1, on: engine)
    #expect(network.parameters.all.map(\.name) == row.parameters.map(\.name))
    #expect(network.parameters.all.map(\.shape) == row.parameters.map(\.shape))
    golden.fill(network.parameters)
    let x = engine.tensor(golden.input(row.inputShape), shape: [2, 64, 64, 3])
    let logits = network.logits(x, on: Tape(.inference, on: engine)).array
    let summary = try #require(row.outputs["y"])
    #expect(summary.distance(nchw(logits, summary.shape)) < 1e-4)
  }
}

@Suite("PyTorch's operators")
struct GoldenOperatorTests {
  let golden: Golden

  init() throws { golden = try Golden.load() }

  @Test(
    "convolutions, forward and backward",
    arguments: [
      ("conv3x3", 1, 1), ("conv3x3_s2", 2, 1), ("conv7x7_s2", 2, 3), ("conv1x1", 1, 0),
      ("conv5x5_valid", 1, 0), ("conv1x1_s2", 2, 0),
    ])
  func convolution(name: String, stride: Int, padding: Int) throws {
    let row = try #require(golden.operators[name])
    let engine = Engine()
    let weight = try parameter("w", name, row, on: engine)
    let bias = try parameter("b", name, row, on: engine)
    try check(name, row, on: engine) { x, tape in
      tape.convolve(
        x, ConvolutionLayer(weight: weight, bias: bias, stride: stride, padding: padding))
    }
    let gradients = (try #require(weight.gradientArray), try #require(bias.gradientArray))
    #expect(try #require(row.grads["w"]).distance(gradients.0) < 1e-4)
    #expect(try #require(row.grads["b"]).distance(gradients.1) < 1e-4)
  }

  @Test("batch normalisation in training mode, forward and backward")
  func normalisation() throws {
    let name = "batchnorm_train"
    let row = try #require(golden.operators[name])
    let engine = Engine()
    let parameters = ParameterSet(NormalisationLayer.keys("bn", channels: 5), on: engine)
    for (key, source) in [("weight", "w"), ("bias", "b")] {
      parameters["bn.\(key)"].set(golden.uniform("\(name)/\(source)", count: 5))
    }
    let layer = NormalisationLayer("bn", in: parameters)
    try check(name, row, on: engine) { x, tape in tape.normalise(x, layer, rectify: false) }
    for (key, source) in [("weight", "w"), ("bias", "b")] {
      let gradient = try #require(parameters["bn.\(key)"].gradientArray)
      #expect(try #require(row.grads[source]).distance(gradient) < 1e-4)
    }
  }

  @Test("pooling and upsampling, forward and backward")
  func resampling() throws {
    let operations: [(String, (Tensor, Tape) -> Tensor)] = [
      ("maxpool3x3_s2_p1", { x, tape in tape.maximumPool(x) }),
      ("avgpool2x2", { x, tape in tape.averagePool(x) }),
      ("upsample_nearest2x", { x, tape in tape.upsample(x) }),
    ]
    for (name, operation) in operations {
      try check(name, try #require(golden.operators[name]), on: Engine(), operation)
    }
  }

  private func parameter(
    _ key: String, _ name: String, _ row: Golden.Operator, on engine: Engine
  ) throws -> Parameter {
    let shape = try #require(row.inputs[key])
    let parameter = Parameter(name: key, shape: shape, on: engine)
    parameter.set(golden.uniform("\(name)/\(key)", count: parameter.count))
    return parameter
  }

  /// Runs an operator on its golden input and compares output and input gradient.
  private func check(
    _ name: String, _ row: Golden.Operator, on engine: Engine,
    _ operation: (Tensor, Tape) -> Tensor
  ) throws {
    let shape = try #require(row.inputs["x"])
    let values = nhwc(golden.uniform("\(name)/x", count: shape.reduce(1, *)), shape)
    let tape = Tape(.training, on: engine)
    let x = tape.track(values, shape: [shape[0], shape[2], shape[3], shape[1]])
    let y = operation(x, tape)
    #expect(row.out.distance(nchw(y.array, row.out.shape)) < 1e-4, "\(name)")
    let upstream = golden.uniform("grad/\(name)", count: y.count)
    tape.seed(y, gradient: nhwc(upstream, row.out.shape))
    tape.backward()
    let gradient = nchw(try #require(x.gradientArray), shape)
    #expect(try #require(row.grads["x"]).distance(gradient) < 1e-4, "\(name)")
  }
}
