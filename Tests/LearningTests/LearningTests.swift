import Core
import Learning
import Testing

@Suite("Normalisation in inference")
struct InferenceTests {
  @Test("uses running statistics, which training moves as PyTorch does")
  func runningStatistics() {
    let engine = Engine()
    let parameters = ParameterSet(NormalisationLayer.keys("bn", channels: 1), on: engine)
    parameters["bn.weight"].set([2])
    parameters["bn.bias"].set([1])
    parameters["bn.running_var"].set([1])
    let layer = NormalisationLayer("bn", in: parameters)
    let x: [Float] = [1, 2, 3, 6]
    let training = Tape(.training, on: engine)
    _ = training.normalise(engine.tensor(x, shape: [4, 1]), layer, rectify: false)
    // Mean 3, unbiased variance 14/3; a tenth of each joins nine tenths of 0 and 1.
    #expect((parameters["bn.running_mean"].array[0] - 0.3).magnitude < 1e-6)
    #expect((parameters["bn.running_var"].array[0] - (0.9 + 1.4 / 3)).magnitude < 1e-6)
    parameters["bn.running_mean"].set([2])
    parameters["bn.running_var"].set([4])
    let inference = Tape(.inference, on: engine)
    let y = inference.normalise(engine.tensor(x, shape: [4, 1]), layer, rectify: false).array
    let expected: [Float] = [0, 1, 2, 5]
    #expect(zip(y, expected).allSatisfy { ($0 - $1).magnitude < 1e-4 })
    #expect(parameters["bn.running_mean"].array == [2])
  }
}

@Suite("Parameters")
struct ParameterTests {
  @Test("keep PyTorch's order outside", arguments: [[3], [4, 5], [2, 3, 3, 3], [1, 1, 1, 1]])
  func order(shape: [Int]) {
    let parameter = Parameter(name: "weight", shape: shape, on: Engine())
    let source = values(parameter.count)
    parameter.set(source)
    #expect(parameter.array == source)
  }

  /// Schemes with the inverse of the variance that they promise for a weight [64, 32, 3, 3].
  private static let variances: [(Initialisation, Double)] = [
    (.kaimingNormalFanOut, 576.0 / 2), (.kaimingUniformFanIn, 288.0 / 2),
    (.xavierUniform, 864.0 / 2), (.uniform(fanIn: 288), 288.0 * 3),
  ]

  @Test(
    "are drawn with the variance of their scheme",
    arguments: variances)
  func variance(scheme: Initialisation, inverse: Double) {
    let expected = 1 / inverse
    let parameter = Parameter(name: "weight", shape: [64, 32, 3, 3], on: Engine())
    parameter.initialise(
      scheme, from: RandomStream(seed: 1, purpose: "test", replicate: 0, key: "weight"))
    let squares = parameter.array.reduce(0) { $0 + Double($1) * Double($1) }
    #expect((squares / Double(parameter.count) / expected - 1).magnitude < 0.05)
    let mean = parameter.array.reduce(0) { $0 + Double($1) } / Double(parameter.count)
    #expect(mean.magnitude < 4 * (expected / Double(parameter.count)).squareRoot())
  }

  @Test("a parameter's stream depends on seed, replicate and key, each")
  func streams() {
    func first(_ seed: UInt64, _ replicate: UInt64, _ key: String) -> UInt64 {
      var stream = RandomStream(seed: seed, purpose: "test", replicate: replicate, key: key)
      return stream.next()
    }
    let draws = [first(1, 0, "a"), first(2, 0, "a"), first(1, 1, "a"), first(1, 0, "b")]
    #expect(Set(draws).count == 4)
    #expect(first(1, 0, "a") == draws[0])
  }
}

@Suite("Learning-rate schedules")
struct LearningRateScheduleTests {
  /// Schedule, step of 100, rate for a base of 2.
  private static let rates: [(LearningRateSchedule, Int, Double)] = [
    (.constant, 7, 2.0), (.cosine(), 0, 2.0), (.cosine(), 50, 1.0),
    (.cosine(), 100, 0.0), (.cosine(), 1000, 0.0), (.cosine(floor: 0.5), 100, 1.0),
    (.cosine(warmUp: 10), 0, 0.2), (.cosine(warmUp: 10), 9, 2.0),
    (.cosine(warmUp: 10), 10, 2.0), (.cosine(warmUp: 10), 55, 1.0),
    (.step(interval: 30, factor: 0.5), 29, 2.0), (.step(interval: 30, factor: 0.5), 30, 1.0),
    (.step(interval: 30, factor: 0.5), 99, 0.25),
  ]

  @Test(
    "give the rates of their formulas",
    arguments: rates)
  func follows(schedule: LearningRateSchedule, step: Int, expected: Double) {
    #expect((schedule.rate(base: 2, step: step, total: 100) - expected).magnitude < 1e-12)
  }
}

@Suite("An optimiser")
struct OptimiserTests {
  @Test("names the parameter whose gradient is not finite")
  func nonFinite() throws {
    let engine = Engine()
    let parameters = ParameterSet([("a.weight", [2, 2]), ("b.weight", [2, 2])], on: engine)
    for parameter in parameters.all { parameter.set([1, 2, 3, 4]) }
    let optimiser = Optimiser(.adamW(), for: parameters.all, on: engine)
    let tape = Tape(.training, on: engine)
    let x = engine.tensor([1, 1, 1, 1], shape: [2, 2])
    let y = tape.linear(
      tape.linear(x, LinearLayer("a", in: parameters)), LinearLayer("b", in: parameters))
    tape.seed(y, gradient: [1, .infinity, 0, 0])
    tape.backward()
    #expect(throws: NonFinite(subject: "loss", step: 1, learningRate: 0.1)) {
      try optimiser.step(loss: .nan, learningRate: 0.1)
    }
    #expect(parameters.all.allSatisfy { $0.array == [1, 2, 3, 4] })
    #expect(throws: NonFinite(subject: "a.weight", step: 1, learningRate: 0.1)) {
      try optimiser.step(loss: 1, learningRate: 0.1)
    }
    #expect(optimiser.steps == 0)
  }
}

@Suite("A tape")
struct TapeTests {
  @Test("gives memory back as it unwinds, so a second step takes no more")
  func memory() {
    let engine = Engine()
    let weight = Parameter(name: "weight", shape: [8, 8, 3, 3], on: engine)
    func step() {
      let tape = Tape(.training, on: engine)
      var x = tape.track(values(64 * 64 * 8), shape: [1, 64, 64, 8])
      for _ in 0..<4 { x = tape.convolve(x, ConvolutionLayer(weight: weight, padding: 1)) }
      tape.seed(x, gradient: values(x.count))
      tape.backward()
    }
    step()
    let once = engine.bytesAllocated
    for _ in 0..<3 { step() }
    #expect(engine.bytesAllocated == once)
  }

  @Test("keeps nothing in inference")
  func inferenceMemory() {
    let engine = Engine()
    let weight = Parameter(name: "weight", shape: [8, 8, 3, 3], on: engine)
    let tape = Tape(.inference, on: engine)
    var x = engine.tensor(values(64 * 64 * 8), shape: [1, 64, 64, 8])
    for _ in 0..<20 { x = tape.convolve(x, ConvolutionLayer(weight: weight, padding: 1)) }
    // Two images in turn, the packed weights and a chunk's transformed tiles; twenty images would be
    // 2.6 MB.
    #expect(engine.bytesAllocated < 700_000)
  }
}
