import TensorKernels
import Testing

@Suite("Normalisation, pooling and upsampling")
struct LayerKernelTests {
  @Test(
    "batch normalisation agrees with Float64",
    arguments: [(1, 1), (2, 3), (5, 8), (700, 13), (3000, 16), (40, 300)], [false, true])
  func normalisation(size: (Int, Int), rectifies: Bool) {
    let shape = NormalisationShape(rows: size.0, channels: size.1)
    let context = KernelContext(threads: 2)
    let count = shape.rows * shape.channels
    // A mean far from zero shows a variance that was taken as a difference of squares.
    let input = values(count).map { $0 + 30 }
    let gamma = values(shape.channels, salt: 1)
    let beta = values(shape.channels, salt: 2)
    let residual = values(count, salt: 3)
    let reference = Reference.normalise(
      shape, input: input, gamma: gamma, beta: beta, residual: rectifies ? residual : nil,
      rectify: rectifies, epsilon: 1e-5)
    let x = context.buffers.take(copying: input)
    let mean = context.buffers.take(shape.channels)
    let deviation = context.buffers.take(shape.channels)
    let y = context.buffers.take(count)
    batchStatistics(
      shape, input: x.pointer, mean: mean.pointer, variance: deviation.pointer, on: context)
    #expect(distance(mean.array, reference.mean) < 1e-6)
    #expect(distance(deviation.array, reference.variance) < 1e-5)
    invertDeviations(
      of: deviation.pointer, into: deviation.pointer, count: shape.channels, epsilon: 1e-5,
      on: context.workers)
    gamma.withUnsafeBufferPointer { gamma in
      beta.withUnsafeBufferPointer { beta in
        residual.withUnsafeBufferPointer { residual in
          normalise(
            shape, input: x.pointer, mean: mean.pointer, inverseDeviation: deviation.pointer,
            gamma: gamma.baseAddress, beta: beta.baseAddress,
            residual: rectifies ? residual.baseAddress : nil, rectify: rectifies,
            output: y.pointer, on: context)
        }
      }
    }
    // With one row the deviation is 1/√ε, which magnifies the mean's rounding.
    #expect(distance(y.array, reference.output) < (shape.rows == 1 ? 1e-2 : 2e-4))
  }

  @Test(
    "the gradient of a batch normalisation agrees with Float64, in vectors of either length",
    arguments: [(1, 1), (3, 5), (33, 16), (130, 24), (61, 40), (9, 300)], [false, true])
  func normalisationGradients(size: (Int, Int), adds: Bool) {
    let pass = GradientPass(rows: size.0, channels: size.1, adds: adds)
    for gate in GradientPass.Gate.allCases {
      let expected = pass.reference(gate)
      let result = pass.run(gate, .best)
      #expect(distance(result.input, expected.input) < 1e-4, "\(gate)")
      #expect(distance(result.residual, expected.residual) < 1e-6, "\(gate)")
      #expect(distance(result.gamma, expected.gamma) < 1e-4, "\(gate)")
      #expect(distance(result.beta, expected.beta) < 1e-4, "\(gate)")
      #expect(pass.run(gate, .avx2) == result, "\(gate)")
    }
  }

  @Test(
    "pooling agrees with the formula",
    arguments: [(1, 1, 1, 1, 3, 2, 1), (2, 13, 15, 4, 3, 2, 1), (1, 8, 6, 11, 2, 2, 0)])
  func pooling(size: (Int, Int, Int, Int, Int, Int, Int)) {
    let shape = PoolingShape(
      batch: size.0, height: size.1, width: size.2, channels: size.3, kernel: size.4,
      stride: size.5, padding: size.6)
    let context = KernelContext(threads: 2)
    let input = values(shape.inputCount)
    let x = context.buffers.take(copying: input)
    let y = context.buffers.take(shape.outputCount)
    let winners = context.buffers.take(shape.outputCount)
    maximumPool(
      shape, input: x.pointer, output: y.pointer, winners: winners.pointer, on: context.workers)
    #expect(distance(y.array, Reference.maximumPool(shape, input: input)) == 0)
    averagePool(shape, input: x.pointer, output: y.pointer, on: context.workers)
    #expect(distance(y.array, Reference.averagePool(shape, input: input)) < 1e-6)
  }

  @Test(
    "a rectification keeps NaN and the largest numbers, and gradients pass where it did",
    arguments: [Processor.Instructions.avx2, .best])
  func rectifiesEdges(instructions: Processor.Instructions) {
    let edges: [Float] = [-.infinity, -3e38, -1, -0.0, 0, 1e-45, 1, 3e38, .infinity, .nan, -.nan]
    let input = (0..<33).map { edges[$0 % edges.count] }
    let context = KernelContext(threads: 1, instructions: instructions)
    func constants(_ value: Float) -> Buffer {
      context.buffers.take(copying: [Float](repeating: value, count: input.count))
    }
    let (x, y, gradient) = (context.buffers.take(copying: input), constants(0), constants(0))
    let (zeros, ones) = (constants(0), constants(1))
    let normalisation = AppliedNormalisation(
      centre: zeros.pointer, scale: ones.pointer, shift: zeros.pointer, rectifies: true)
    apply(
      normalisation, to: x.pointer, rows: 1, channels: input.count, output: y.pointer, on: context)
    for gate in [NormalisationRecord.Gate.output(y.pointer), .normalisation(normalisation)] {
      heldNormalisationGradient(
        NormalisationShape(rows: 1, channels: input.count), outputGradient: ones.pointer,
        record: NormalisationRecord(
          input: x.pointer, gate: gate, mean: zeros.pointer, inverseDeviation: ones.pointer,
          gamma: nil),
        gammaGradient: nil, betaGradient: nil, inputGradient: nil,
        residualGradient: GradientTarget(gradient.pointer, accumulate: false), on: context)
      for (x, (y, gradient)) in zip(input, zip(y.array, gradient.array)) {
        #expect(x.isNaN ? y.isNaN : y == max(x, 0))
        #expect(gradient == (x.isNaN || x > 0 ? 1 : 0), "of \(x)")
      }
    }
    withExtendedLifetime((x, y, gradient, zeros, ones)) {}
  }

  @Test("the maximum of a NaN is NaN")
  func poolsNaN() {
    let shape = PoolingShape(batch: 1, height: 2, width: 2, channels: 1, kernel: 2, stride: 2)
    let context = KernelContext(threads: 1)
    let x = context.buffers.take(copying: [1, .nan, 3, 2])
    let y = context.buffers.take(copying: [0])
    let winners = context.buffers.take(1)
    maximumPool(
      shape, input: x.pointer, output: y.pointer, winners: winners.pointer, on: context.workers)
    #expect(y.array[0].isNaN)
  }

  @Test("upsampling repeats pixels and appends the skip", arguments: [(1, 1), (5, 0), (8, 3)])
  func upsampling(channels: Int, skip: Int) {
    let shape = UpsamplingShape(
      batch: 2, height: 3, width: 2, channels: channels, skipChannels: skip)
    let context = KernelContext(threads: 2)
    let input = values(2 * 3 * 2 * channels)
    let skipInput = values(2 * 6 * 4 * skip, salt: 1)
    let x = context.buffers.take(copying: input)
    let s = context.buffers.take(copying: skipInput)
    let y = context.buffers.take(shape.outputCount)
    upsampleAndJoin(
      shape, input: x.pointer, skip: skip > 0 ? s.pointer : nil, output: y.pointer,
      on: context.workers)
    #expect(y.array == Reference.upsampleAndJoin(shape, input: input, skip: skipInput))
  }
}

/// One backward pass of a batch normalisation, with a gate of each kind.
private struct GradientPass {
  enum Gate: CaseIterable {
    case none, output, normalisation
  }

  struct Gradients<Value: Equatable>: Equatable {
    var input: [Value]
    var residual: [Value]
    var gamma: [Value]
    var beta: [Value]
  }

  let shape: NormalisationShape
  let adds: Bool
  private let x: [Float]
  private let dy: [Float]
  private let gamma: [Float]
  private let beta: [Float]
  private let mean: [Float]
  private let deviation: [Float]
  private let before: Float = 0.25

  init(rows: Int, channels: Int, adds: Bool) {
    shape = NormalisationShape(rows: rows, channels: channels)
    self.adds = adds
    x = values(rows * channels)
    dy = values(rows * channels, salt: 1)
    gamma = values(channels, salt: 2)
    beta = values(channels, salt: 3)
    mean = values(channels, salt: 4).map { $0 / 4 }
    deviation = values(channels, salt: 5).map { 1 + $0.magnitude }
  }

  /// What the rectifier sees, in the kernels' precision: its sign must not depend on rounding.
  private func output(_ i: Int) -> Float {
    let c = i % shape.channels
    return beta[c] + (x[i] - mean[c]) * (deviation[c] * gamma[c])
  }

  func run(_ gate: Gate, _ instructions: Processor.Instructions) -> Gradients<Float> {
    let context = KernelContext(threads: 2, instructions: instructions)
    let scale = context.buffers.take(copying: zip(deviation, gamma).map { $0 * $1 })
    let (centre, shift) = (
      context.buffers.take(copying: mean), context.buffers.take(copying: beta)
    )
    let inverse = context.buffers.take(copying: deviation)
    let factor = context.buffers.take(copying: gamma)
    let y = context.buffers.take(copying: x.indices.map(output))
    let start = [Float](repeating: before, count: x.count)
    let results = [
      context.buffers.take(copying: start), context.buffers.take(copying: start),
      context.buffers.take(copying: gamma), context.buffers.take(copying: beta),
    ]
    let input = context.buffers.take(copying: x)
    let gradient = context.buffers.take(copying: dy)
    func target(_ i: Int) -> GradientTarget {
      GradientTarget(results[i].pointer, accumulate: adds && i < 2)
    }
    let record: NormalisationRecord.Gate =
      switch gate {
      case .none: .none
      case .output: .output(y.pointer)
      case .normalisation:
        .normalisation(
          AppliedNormalisation(
            centre: centre.pointer, scale: scale.pointer, shift: shift.pointer, rectifies: true))
      }
    normalisationGradient(
      shape, outputGradient: gradient.pointer,
      record: NormalisationRecord(
        input: input.pointer, gate: record, mean: centre.pointer,
        inverseDeviation: inverse.pointer, gamma: factor.pointer),
      gammaGradient: target(2), betaGradient: target(3), inputGradient: target(0),
      residualGradient: target(1), on: context)
    return Gradients(
      input: results[0].array, residual: results[1].array, gamma: results[2].array,
      beta: results[3].array)
  }

  func reference(_ gate: Gate) -> Gradients<Double> {
    let (rows, channels) = (shape.rows, shape.channels)
    let start = adds ? Double(before) : 0
    let passed = x.indices.map { gate == .none || output($0) > 0 ? Double(dy[$0]) : 0 }
    func normalised(_ i: Int) -> Double {
      (Double(x[i]) - Double(mean[i % channels])) * Double(deviation[i % channels])
    }
    var (gammas, betas) = (
      [Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels)
    )
    for i in x.indices {
      betas[i % channels] += passed[i]
      gammas[i % channels] += passed[i] * normalised(i)
    }
    let inputs = x.indices.map { i in
      let c = i % channels
      let rest =
        passed[i] - betas[c] / Double(rows) - normalised(i) * gammas[c] / Double(rows)
      return start + rest * Double(deviation[c]) * Double(gamma[c])
    }
    return Gradients(
      input: inputs, residual: passed.map { start + $0 }, gamma: gammas, beta: betas)
  }
}
