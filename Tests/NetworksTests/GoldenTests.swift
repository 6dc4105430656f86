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

  @Test(
    "three training steps of the U-Net follow PyTorch's",
    arguments: [
      (
        "unet_resnet18/bce/sgd(lr .05, momentum .9, wd 1e-4)/batch 4x3x64x64/"
          + "mask = u(\"mask\")>0.2",
        OptimiserRule.sgd(momentum: 0.9, weightDecay: 1e-4), 0.05, false
      ),
      (
        "unet_resnet18/bce+softdice(smooth 1, over batch and space)/adamw(lr 1e-3, wd .05)/"
          + "batch 4x3x64x64",
        .adamW(weightDecay: 0.05), 1e-3, true
      ),
    ])
  func unetTraining(
    key: String, rule: OptimiserRule, learningRate: Double, withDice: Bool
  ) throws {
    let engine = Engine(threads: 2)
    let network = UNet(width: 1, classes: 1, on: engine)
    golden.fill(network.parameters)
    let mask = golden.uniform("mask", count: 4 * 64 * 64).map { $0 > 0.2 ? Float(1) : 0 }
    try train(
      key, network.parameters, rule, learningRate, Self.unetTolerance,
      images: golden.input([4, 3, 64, 64]), on: engine
    ) { x, tape in
      tape.binaryCrossEntropy(network.logits(x, on: tape), targets: mask, withDice: withDice)
    }
  }

  @Test("three training steps of ResNet-18 follow PyTorch's")
  func resNetTraining() throws {
    let engine = Engine(threads: 2)
    let network = ResNet18(width: 1, classes: 10, on: engine)
    golden.fill(network.parameters)
    // With the images as they are, one rectifier of layer1.0 meets a zero. Moved by an ulp at most,
    // they show that everything else agrees to six digits.
    let images = golden.input([4, 3, 64, 64]).enumerated().map {
      $1 * (1 + Float($0 % 3 - 1) * 1.2e-7)
    }
    try train(
      "resnet18(10 classes)/cross entropy/sgd nesterov(lr .05, momentum .9, wd 1e-4)/"
        + "batch 4x3x64x64/label = 7i mod 10",
      network.parameters, .sgd(momentum: 0.9, weightDecay: 1e-4, nesterov: true), 0.05,
      Self.resNetTolerance, images: images, on: engine
    ) { x, tape in
      tape.crossEntropy(
        network.logits(x, on: tape), labels: (0..<4).map { Float($0 * 7 % 10) })
    }
  }

  /// How closely a row can be followed by anyone who rounds differently.
  private struct Tolerance {
    var gradient: Double
    var medianGradient: Double
    var parameter: Double
  }

  /// A rectifier whose input is zero to within rounding may pass a gradient or not, and that one
  /// pixel shows in the norms of all layers before it. In the U-Net, with 2 million rectifiers, about
  /// one does: moving the input by 5e-8 moves our own norms by up to 5e-3, their median by 5e-4.
  private static let unetTolerance = Tolerance(
    gradient: 1e-2, medianGradient: 1e-3, parameter: 1e-2)
  private static let resNetTolerance = Tolerance(
    gradient: 1e-4, medianGradient: 1e-5, parameter: 1e-3)

  private func train(
    _ key: String, _ parameters: ParameterSet, _ rule: OptimiserRule, _ learningRate: Double,
    _ tolerance: Tolerance, images: [Float], on engine: Engine, loss: (Tensor, Tape) -> Double
  ) throws {
    let row = try #require(golden.trainingSteps[key])
    let optimiser = Optimiser(rule, for: parameters.trainable, on: engine)
    #expect(Set(parameters.trainable.map(\.name)) == Set(row.gradL2Step0.keys))
    #expect(Set(parameters.all.map(\.name)) == Set(row.paramL2After.keys))
    for (step, expected) in row.losses.enumerated() {
      let tape = Tape(.training, on: engine)
      let value = loss(engine.tensor(images, shape: [4, 64, 64, 3]), tape)
      // Losses near zero are differences of numbers near ten, hence 1e-6.
      #expect((value - expected).magnitude < 1e-3 * expected + 1e-6, "loss of step \(step)")
      optimiser.clearGradients()
      tape.backward()
      if step == 0 {
        let deviations = try parameters.trainable.map { parameter in
          let gradient = try #require(parameter.gradientArray)
          let reference = try #require(row.gradL2Step0[parameter.name])
          let deviation = (norm(gradient) / reference - 1).magnitude
          #expect(deviation < tolerance.gradient, "\(parameter.name)")
          return deviation
        }
        #expect(deviations.sorted()[deviations.count / 2] < tolerance.medianGradient)
      }
      try optimiser.step(loss: value, learningRate: learningRate)
    }
    for parameter in parameters.all {
      let reference = try #require(row.paramL2After[parameter.name])
      let deviation = (norm(parameter.array) / reference - 1).magnitude
      #expect(deviation < tolerance.parameter, "\(parameter.name)")
    }
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
