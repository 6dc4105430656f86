import TensorKernels
import Testing

/// A U-Net block's entrance: channels that are doubled, then a skip connection's.
private struct Entrance: CustomTestStringConvertible {
  var doubled: Int
  var skip: Int
  var outputs: Int
  var height: Int
  var width: Int
  var kernel = 3
  var padding: Int?
  /// Whether the small image's gradient is added to what is there.
  var accumulates = false

  var shape: ConvolutionShape {
    ConvolutionShape(
      batch: 2, height: height, width: width, inputChannels: doubled + skip,
      outputChannels: outputs, kernelHeight: kernel, kernelWidth: kernel,
      padding: padding ?? kernel / 2)
  }
  var testDescription: String {
    "\(doubled)+\(skip)->\(outputs) \(height)x\(width) k\(kernel) p\(shape.padding)"
  }
  var smallCount: Int { 2 * height / 2 * width / 2 * doubled }
  var skipCount: Int { 2 * height * width * skip }
}

private let entrances = [
  Entrance(doubled: 16, skip: 8, outputs: 16, height: 12, width: 20),
  Entrance(doubled: 9, skip: 5, outputs: 11, height: 14, width: 12),
  Entrance(doubled: 40, skip: 24, outputs: 8, height: 2, width: 4),
  Entrance(doubled: 8, skip: 8, outputs: 1, height: 8, width: 10),
  Entrance(doubled: 8, skip: 3, outputs: 10, height: 6, width: 6, kernel: 1),
  // Rows that are normalised as they are gathered, in several blocks and stages of depth.
  Entrance(doubled: 100, skip: 8, outputs: 20, height: 6, width: 6, kernel: 1),
  Entrance(doubled: 1100, skip: 8, outputs: 70, height: 6, width: 6, kernel: 1),
  // Winograd's form in blocks: of one depth's sources, and with several blocks.
  Entrance(doubled: 150, skip: 83, outputs: 145, height: 12, width: 10, accumulates: true),
  Entrance(doubled: 400, skip: 90, outputs: 70, height: 28, width: 28),
  // Tiles of six by six, of which the last have four columns and four rows.
  Entrance(doubled: 16, skip: 16, outputs: 20, height: 34, width: 40),
  // Chains of tiles of either size, whose channels come in several blocks.
  Entrance(doubled: 40, skip: 21, outputs: 18, height: 64, width: 66, accumulates: true),
  Entrance(doubled: 100, skip: 60, outputs: 16, height: 64, width: 66),
  Entrance(doubled: 40, skip: 5, outputs: 11, height: 56, width: 56),
  // Chains of sums that begin with the skip's channels, and before them.
  Entrance(doubled: 100, skip: 60, outputs: 16, height: 12, width: 16),
  Entrance(doubled: 60, skip: 100, outputs: 16, height: 16, width: 12, accumulates: true),
  // Nothing but doubled channels, in tiles of either size and in blocks.
  Entrance(doubled: 145, skip: 0, outputs: 16, height: 14, width: 12),
  Entrance(doubled: 12, skip: 0, outputs: 16, height: 64, width: 66),
  Entrance(doubled: 256, skip: 0, outputs: 130, height: 8, width: 12),
  // Pairs of pixels that lie across the edges of patches.
  Entrance(doubled: 16, skip: 8, outputs: 16, height: 16, width: 20, padding: 0),
  Entrance(doubled: 16, skip: 8, outputs: 16, height: 16, width: 20, padding: 2),
  Entrance(doubled: 16, skip: 8, outputs: 16, height: 58, width: 60, padding: 0),
  Entrance(doubled: 150, skip: 83, outputs: 145, height: 14, width: 12, padding: 2),
]

/// Several rounds of depths, of which the last begins within the doubled channels or has nothing else.
private let deepEntrances = [
  Entrance(doubled: 400, skip: 48, outputs: 74, height: 28, width: 24),
  Entrance(doubled: 448, skip: 0, outputs: 74, height: 28, width: 24),
]

@Suite("Convolution of joined and normalised images")
struct JoinedConvolutionTests {
  @Test("equals the convolution of a copy of all of it", arguments: entrances + deepEntrances)
  private func joined(entrance: Entrance) {
    let shape = entrance.shape
    let small = values(entrance.smallCount)
    let skip = values(entrance.skipCount, salt: 4)
    let weights = values(shape.weightCount, salt: 1)
    let gradient = values(shape.outputCount, salt: 3)
    let constants = (0..<3).map { values(entrance.doubled, salt: UInt64(10 + $0)) }
    let found = [Processor.Instructions.avx2, .best].map {
      passes(of: entrance, small, skip, weights, gradient, constants, $0)
    }
    #expect(found[0] == found[1])
    let inputs = [small, normalised(small, by: constants)].map {
      Reference.upsampleAndJoin(
        UpsamplingShape(
          batch: 2, height: shape.height / 2, width: shape.width / 2, channels: entrance.doubled,
          skipChannels: entrance.skip), input: $0, skip: skip)
    }
    for (input, pass) in zip(inputs, found[0].forward) {
      #expect(
        distance(pass.output, Reference.convolve(shape, input: input, weights: weights, bias: nil))
          < shape.tolerance)
      #expect(
        distance(
          pass.weightGradient,
          Reference.convolveWeightGradient(shape, input: input, outputGradient: gradient))
          < shape.tolerance)
    }
    let back = Reference.convolveInputGradient(
      shape, outputGradient: gradient, weights: weights)
    var (expectedSmall, expectedSkip) = split(back, entrance)
    if entrance.accumulates {
      expectedSmall = zip(expectedSmall, small).map { $0 + Double($1) }
    }
    expectedSkip = zip(expectedSkip, skip).map { $0 + Double($1) }
    #expect(distance(found[0].smallGradient, expectedSmall) < shape.tolerance)
    #expect(distance(found[0].skipGradient, expectedSkip) < shape.tolerance)
  }

  private struct Passes: Equatable {
    struct Forward: Equatable {
      var output: [Float]
      var weightGradient: [Float]
    }

    /// Of the small image as it is, then of what a normalisation makes of it.
    var forward: [Forward]
    var smallGradient: [Float]
    var skipGradient: [Float]
  }

  private func passes(
    of entrance: Entrance, _ small: [Float], _ skip: [Float], _ weights: [Float],
    _ gradient: [Float], _ constants: [[Float]], _ instructions: Processor.Instructions
  ) -> Passes {
    let shape = entrance.shape
    let context = KernelContext(threads: 2, instructions: instructions)
    let x = context.buffers.take(copying: small)
    let s = context.buffers.take(copying: skip)
    let w = context.buffers.take(copying: weights)
    let dy = context.buffers.take(copying: gradient)
    let buffers = constants.map { context.buffers.take(copying: $0) }
    let forward = [nil, normalisation(buffers)].map { normalisation in
      let sources = [
        ImageSource(
          x.pointer, channels: entrance.doubled, isDoubled: true, normalisation: normalisation),
        ImageSource(s.pointer, channels: entrance.skip),
      ]
      let y = context.buffers.take(shape.outputCount)
      let dw = context.buffers.take(shape.weightCount)
      convolve(shape, sources: sources, weights: w.pointer, output: y.pointer, on: context)
      convolveWeightGradient(
        shape, sources: sources, outputGradient: dy.pointer,
        weightGradient: GradientTarget(dw.pointer, accumulate: false), on: context)
      return Passes.Forward(output: y.array, weightGradient: dw.array)
    }
    let dx = context.buffers.take(copying: small)
    let ds = context.buffers.take(copying: skip)
    convolveInputGradient(
      shape, outputGradient: dy.pointer, weights: w.pointer,
      targets: [
        ImageTarget(
          dx.pointer, channels: entrance.doubled, isHalved: true,
          accumulate: entrance.accumulates),
        ImageTarget(ds.pointer, channels: entrance.skip, accumulate: true),
      ], on: context)
    return Passes(forward: forward, smallGradient: dx.array, skipGradient: ds.array)
  }

  private func normalisation(_ constants: [Buffer]) -> AppliedNormalisation {
    AppliedNormalisation(
      centre: constants[0].pointer, scale: constants[1].pointer, shift: constants[2].pointer,
      rectifies: true)
  }

  /// What the normalisation makes of an image.
  private func normalised(_ input: [Float], by constants: [[Float]]) -> [Float] {
    input.enumerated().map { i, value in
      let c = i % constants[0].count
      return max(0, constants[2][c] + (value - constants[0][c]) * constants[1][c])
    }
  }

  @Test(
    "a normalisation that is put off changes no zero around the image", arguments: entrances,
    [1, 2])
  private func putOff(entrance: Entrance, stride: Int) {
    var shape = entrance.shape
    shape.inputChannels = entrance.doubled
    shape.stride = stride
    let context = KernelContext(threads: 1)
    let input = values(shape.inputCount)
    let constants = (0..<3).map { values(shape.inputChannels, salt: UInt64(10 + $0)) }
    let made = normalised(input, by: constants)
    let buffers = constants.map { context.buffers.take(copying: $0) }
    let x = context.buffers.take(copying: input)
    let weights = values(shape.weightCount, salt: 1)
    let w = context.buffers.take(copying: weights)
    let y = context.buffers.take(shape.outputCount)
    let dw = context.buffers.take(shape.weightCount)
    let gradient = values(shape.outputCount, salt: 3)
    let dy = context.buffers.take(copying: gradient)
    let source = ImageSource(
      x.pointer, channels: shape.inputChannels, normalisation: normalisation(buffers))
    convolve(shape, sources: [source], weights: w.pointer, output: y.pointer, on: context)
    convolveWeightGradient(
      shape, sources: [source], outputGradient: dy.pointer,
      weightGradient: GradientTarget(dw.pointer, accumulate: false), on: context)
    #expect(
      distance(y.array, Reference.convolve(shape, input: made, weights: weights, bias: nil))
        < shape.tolerance)
    #expect(
      distance(
        dw.array,
        Reference.convolveWeightGradient(shape, input: made, outputGradient: gradient))
        < shape.tolerance)
  }

  @Test("an epilogue adds, rectifies and measures what leaves", arguments: entrances)
  private func epilogue(entrance: Entrance) {
    var shape = entrance.shape
    shape.inputChannels = entrance.doubled
    let context = KernelContext(threads: 2)
    let (input, weights) = (values(shape.inputCount), values(shape.weightCount, salt: 1))
    let (bias, residual) = (
      values(shape.outputChannels, salt: 2), values(shape.outputCount, salt: 5)
    )
    let expected = zip(
      Reference.convolve(shape, input: input, weights: weights, bias: bias), residual
    ).map { max(0, $0 + Double($1)) }
    let x = context.buffers.take(copying: input)
    let w = context.buffers.take(copying: weights)
    let b = context.buffers.take(copying: bias)
    let r = context.buffers.take(copying: residual)
    let y = context.buffers.take(shape.outputCount)
    let mean = context.buffers.take(shape.outputChannels)
    let variance = context.buffers.take(shape.outputChannels)
    convolve(
      shape, sources: [ImageSource(x.pointer, channels: shape.inputChannels)], weights: w.pointer,
      epilogue: ConvolutionEpilogue(
        bias: b.pointer, residual: r.pointer, rectifies: true,
        statistics: ChannelStatistics(mean: mean.pointer, variance: variance.pointer)),
      output: y.pointer, on: context)
    #expect(distance(y.array, expected) < shape.tolerance)
    let pixels = Double(shape.outputPixels)
    // What is measured is what leaves, rounding included.
    // A chunk's sums of up to 1728 values in Float32 may each round by half a unit.
    let rounding = max(1e-5, min(pixels, 1728) * 0x1p-25)
    let left = y.array.map(Double.init)
    for k in 0..<shape.outputChannels {
      let channel = stride(from: k, to: left.count, by: shape.outputChannels).map { left[$0] }
      let average = channel.reduce(0, +) / pixels
      let spread = channel.reduce(0) { $0 + ($1 - average) * ($1 - average) } / pixels
      #expect((Double(mean.array[k]) - average).magnitude < 1e-5 * max(1, average))
      #expect((Double(variance.array[k]) - spread).magnitude < rounding * max(1, spread))
    }
  }

  @Test("statistics of a channel far from zero keep their digits")
  func distantMean() {
    let shape = ConvolutionShape(
      batch: 2, height: 16, width: 16, inputChannels: 8, outputChannels: 8, kernelHeight: 3,
      kernelWidth: 3, padding: 1)
    let context = KernelContext(threads: 1)
    let x = context.buffers.take(copying: values(shape.inputCount))
    let w = context.buffers.take(copying: values(shape.weightCount, salt: 1))
    let b = context.buffers.take(copying: [Float](repeating: 1000, count: 8))
    let y = context.buffers.take(shape.outputCount)
    let mean = context.buffers.take(8)
    let variance = context.buffers.take(8)
    convolve(
      shape, sources: [ImageSource(x.pointer, channels: 8)], weights: w.pointer,
      epilogue: ConvolutionEpilogue(
        bias: b.pointer,
        statistics: ChannelStatistics(mean: mean.pointer, variance: variance.pointer)),
      output: y.pointer, on: context)
    let outputs = y.array.map(Double.init)
    for k in 0..<8 {
      let channel = stride(from: k, to: outputs.count, by: 8).map { outputs[$0] }
      let average = channel.reduce(0, +) / Double(channel.count)
      let spread =
        channel.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(channel.count)
      #expect((Double(variance.array[k]) / spread - 1).magnitude < 1e-4)
    }
  }

  /// The joined gradient taken apart: four pixels summed, the skip's channels as they are.
  private func split(_ back: [Double], _ entrance: Entrance) -> (small: [Double], skip: [Double]) {
    let (H, W, A, B) = (entrance.height, entrance.width, entrance.doubled, entrance.skip)
    var small = [Double](repeating: 0, count: entrance.smallCount)
    var skip: [Double] = []
    for n in 0..<2 {
      for h in 0..<H {
        for w in 0..<W {
          let pixel = ((n * H + h) * W + w) * (A + B)
          for c in 0..<A {
            small[((n * H / 2 + h / 2) * W / 2 + w / 2) * A + c] += back[pixel + c]
          }
          skip += back[(pixel + A)..<(pixel + A + B)]
        }
      }
    }
    return (small, skip)
  }
}
