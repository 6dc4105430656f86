import TensorKernels
import Testing

@Suite("Kernels of transformers and dense blocks agree with Float64")
struct TransformerKernelTests {
  private let context = KernelContext(threads: 2)

  @Test("layer normalisation", arguments: [(1, 3), (3, 8), (5, 13), (40, 384)])
  func layerNormalisation(rows: Int, channels: Int) {
    let shape = NormalisationShape(rows: rows, channels: channels)
    let x = values(rows * channels)
    let (gamma, beta) = (values(channels, salt: 1), values(channels, salt: 2))
    let input = context.buffers.take(copying: x)
    let scale = context.buffers.take(copying: gamma)
    let shift = context.buffers.take(copying: beta)
    let (mean, deviation) = (context.buffers.take(rows), context.buffers.take(rows))
    let output = context.buffers.take(x.count)
    layerNormalise(
      shape, input: input.pointer, gamma: scale.pointer, beta: shift.pointer, epsilon: 1e-6,
      mean: mean.pointer, inverseDeviation: deviation.pointer, output: output.pointer,
      on: context.workers)
    let exact = Reference.layerNormalise(
      shape, input: x, gamma: gamma, beta: beta, epsilon: 1e-6)
    #expect(distance(output.array, exact) < 1e-6)
  }

  @Test(
    "attention",
    arguments: [
      AttentionShape(batch: 1, tokens: 1, heads: 1, depth: 1),
      AttentionShape(batch: 2, tokens: 5, heads: 3, depth: 7),
      AttentionShape(batch: 1, tokens: 16, heads: 1, depth: 16),
      AttentionShape(batch: 2, tokens: 37, heads: 2, depth: 64),
      // More than are treated at once, and vectors of keys left over.
      AttentionShape(batch: 1, tokens: 197, heads: 2, depth: 40),
    ])
  func attention(shape: AttentionShape) {
    let x = values(3 * shape.outputCount).map { 3 * $0 }
    let input = context.buffers.take(copying: x)
    let output = context.buffers.take(shape.outputCount)
    let logarithms = context.buffers.take(shape.logarithmCount)
    attend(
      shape, qkv: input.pointer, output: output.pointer, logarithms: logarithms.pointer,
      on: context)
    #expect(distance(output.array, Reference.attend(shape, qkv: x)) < 2e-6)
  }

  @Test(
    "the gradient of attention, added to what is there, with either length of vectors",
    arguments: [
      AttentionShape(batch: 1, tokens: 1, heads: 1, depth: 1),
      AttentionShape(batch: 2, tokens: 7, heads: 3, depth: 5),
      // Two rounds of queries, and columns that no tile takes whole.
      AttentionShape(batch: 1, tokens: 77, heads: 2, depth: 52),
      AttentionShape(batch: 1, tokens: 197, heads: 1, depth: 64),
    ])
  func attentionGradient(shape: AttentionShape) {
    let qkv = values(3 * shape.outputCount)
    let upstream = values(shape.outputCount, salt: 1)
    let before = values(qkv.count, salt: 2)
    func gradient(_ context: KernelContext, accumulate: Bool) -> [Float] {
      let input = context.buffers.take(copying: qkv)
      let output = context.buffers.take(shape.outputCount)
      let logarithms = context.buffers.take(shape.logarithmCount)
      attend(
        shape, qkv: input.pointer, output: output.pointer, logarithms: logarithms.pointer,
        on: context)
      let target = context.buffers.take(copying: before)
      let slopes = context.buffers.take(copying: upstream)
      TensorKernels.attentionGradient(
        shape, outputGradient: slopes.pointer, qkv: input.pointer, output: output.pointer,
        logarithms: logarithms.pointer,
        into: GradientTarget(target.pointer, accumulate: accumulate), on: context)
      return target.array
    }
    let exact = Reference.attentionGradient(shape, outputGradient: upstream, qkv: qkv)
    let written = gradient(context, accumulate: false)
    #expect(distance(written, exact) < 2e-6)
    let added = gradient(context, accumulate: true)
    #expect(distance(added, zip(exact, before).map { $0 + Double($1) }) < 2e-6)
    let other = KernelContext(threads: 3, instructions: .avx2)
    #expect(gradient(other, accumulate: false) == written)
  }

  @Test("weighted means and soft targets", arguments: [(1, 1), (3, 5), (19, 8), (6, 21)])
  func rows(rows: Int, columns: Int) {
    let (x, scores) = (values(rows * columns), values(rows, salt: 1))
    let input = context.buffers.take(copying: x)
    let score = context.buffers.take(copying: scores)
    let (weights, output) = (context.buffers.take(rows), context.buffers.take(columns))
    weightedMean(
      input.pointer, scores: score.pointer, rows: rows, columns: columns,
      weights: weights.pointer, output: output.pointer, on: context.workers)
    let exact = Reference.weightedMean(x, scores: scores, columns: columns)
    #expect(distance(output.array, exact) < 1e-6)
    let targets = values(rows * columns, salt: 2).map { 0.5 + 0.5 * $0 }
    let target = context.buffers.take(copying: targets)
    let loss = softTargetCrossEntropy(
      logits: input.pointer, targets: target.pointer, rows: rows, classes: columns, sharpness: 10,
      weight: 1, gradient: nil, on: context)
    let exactLoss = Reference.softTargetCrossEntropy(
      logits: x, targets: targets, classes: columns, sharpness: 10)
    #expect((loss.value - exactLoss).magnitude < 1e-6 * max(1, exactLoss))
  }

  @Test("windows and linear interpolation", arguments: [1, 5, 8, 13])
  func images(channels: Int) {
    let window = WindowShape.centre(
      batch: 2, height: 9, width: 7, channels: channels, rows: 4, columns: 6)
    #expect(window.top == 2 && window.left == 0)
    let image = values(window.imageCount)
    let source = context.buffers.take(copying: image)
    let added = values(2 * 4 * 6 * 3, salt: 1)
    let beside = context.buffers.take(copying: added)
    let joined = context.buffers.take(2 * 4 * 6 * (channels + 3))
    cropAndJoin(
      window, input: source.pointer, joining: beside.pointer, joined: 3, output: joined.pointer,
      on: context.workers)
    #expect(
      joined.array == Reference.cropAndJoin(window, input: image, joining: added, joined: 3))

    let small = values(2 * 2 * 3 * channels, salt: 2)
    let below = context.buffers.take(copying: small)
    let sum = context.buffers.take(window.windowCount)
    upsampleAndAdd(
      window, input: below.pointer, skip: source.pointer, output: sum.pointer, on: context.workers)
    let exact = Reference.upsampleAndAdd(window, input: small, skip: image)
    #expect(distance(sum.array, exact) < 1e-6)

    let shape = UpsamplingShape(batch: 2, height: 2, width: 3, channels: channels)
    let large = context.buffers.take(shape.outputCount)
    upsampleBilinearly(
      shape, input: below.pointer, output: large.pointer, on: context.workers)
    #expect(distance(large.array, Reference.upsampleBilinearly(shape, input: small)) < 1e-6)
  }
}
