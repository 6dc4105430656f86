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
    invertDeviations(deviation.pointer, count: shape.channels, epsilon: 1e-5)
    gamma.withUnsafeBufferPointer { gamma in
      beta.withUnsafeBufferPointer { beta in
        residual.withUnsafeBufferPointer { residual in
          normalise(
            shape, input: x.pointer, mean: mean.pointer, inverseDeviation: deviation.pointer,
            gamma: gamma.baseAddress, beta: beta.baseAddress,
            residual: rectifies ? residual.baseAddress : nil, rectify: rectifies,
            output: y.pointer, on: context.workers)
        }
      }
    }
    // With one row the deviation is 1/√ε, which magnifies the mean's rounding.
    #expect(distance(y.array, reference.output) < (shape.rows == 1 ? 1e-2 : 2e-4))
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
