import Testing
import Tiles

@testable import TensorKernels

/// Shapes with 1, with non-multiples of 8, with every kernel and stride that networks have; of those
/// with a 3x3 kernel and stride 1, some are for Winograd's form, whole or in blocks, and some are too
/// small for it.
private let shapes: [ConvolutionShape] = [
  (1, 1, 1, 1, 1, 1, 1, 0), (2, 13, 17, 5, 7, 3, 1, 1), (2, 15, 14, 8, 12, 3, 2, 1),
  (2, 33, 29, 3, 16, 7, 2, 3), (1, 9, 9, 16, 24, 1, 1, 0), (2, 12, 11, 6, 4, 5, 1, 0),
  (2, 10, 11, 6, 9, 1, 2, 0), (1, 2, 2, 17, 33, 3, 1, 1), (3, 1, 7, 8, 8, 3, 1, 1),
  (1, 6, 5, 400, 16, 3, 1, 1), (1, 4, 4, 9, 130, 3, 2, 1), (2, 8, 8, 24, 1, 3, 1, 1),
  (1, 7, 7, 1, 8, 3, 1, 1), (7, 1, 1, 20, 10, 1, 1, 0), (1, 24, 24, 8, 8, 3, 3, 1),
  (1, 40, 40, 16, 16, 3, 1, 1), (1, 5, 5, 3, 4, 2, 2, 0), (2, 12, 13, 33, 9, 3, 1, 1),
  (1, 14, 11, 24, 40, 3, 1, 0), (1, 10, 9, 8, 17, 3, 1, 2), (2, 16, 16, 140, 72, 3, 1, 1),
  (2, 9, 10, 20, 2, 3, 1, 1), (1, 8, 7, 16, 4, 5, 1, 0), (2, 9, 11, 130, 253, 3, 1, 1),
  // One to four outputs: four pixels at a time, and those that are left.
  (2, 9, 10, 16, 2, 3, 1, 1), (1, 7, 7, 40, 3, 3, 1, 0), (1, 6, 6, 24, 3, 3, 1, 0),
  (1, 7, 7, 16, 4, 3, 1, 1), (1, 6, 7, 8, 4, 3, 1, 2), (1, 5, 5, 16, 2, 3, 1, 1),
  (1, 5, 8, 12, 2, 2, 1, 0),
  // Weights' gradients: in parts of the images, in several units, and over chains of tiles, of all
  // channels and of some at a time.
  (3, 40, 36, 20, 40, 3, 2, 1), (2, 48, 48, 3, 12, 7, 2, 3), (2, 24, 25, 33, 70, 1, 1, 0),
  (1, 6, 6, 300, 280, 1, 1, 0), (2, 66, 65, 5, 7, 3, 1, 1), (1, 92, 90, 70, 24, 3, 1, 1),
  // Winograd's tiles of six by six, with every padding and with more channels than one chain takes.
  (1, 35, 31, 24, 20, 3, 1, 1), (2, 38, 37, 9, 17, 3, 1, 0), (1, 34, 40, 8, 8, 3, 1, 2),
  (1, 36, 36, 130, 40, 3, 1, 1),
  // The larger tiles one way and the smaller ones the other; chains of larger tiles, several to a unit;
  // chains of smaller tiles, of channels in two blocks.
  (1, 34, 34, 16, 12, 3, 1, 0), (1, 32, 32, 16, 12, 3, 1, 2), (1, 92, 90, 16, 16, 3, 1, 1),
  (9, 26, 28, 70, 24, 3, 1, 1),
  // Products in several stages of depth, of several panels to a unit, the last one whole or cut, the
  // last tile of rows too; and of several taps to a block.
  (1, 1, 13, 1040, 1140, 1, 1, 0), (1, 1, 13, 2080, 1100, 1, 1, 0), (1, 9, 9, 48, 10, 5, 1, 2),
].map {
  ConvolutionShape(
    batch: $0.0, height: $0.1, width: $0.2, inputChannels: $0.3, outputChannels: $0.4,
    kernelHeight: $0.5, kernelWidth: $0.5, stride: $0.6, padding: $0.7)
}

@Suite("Convolution")
struct ConvolutionTests {
  @Test("agrees with Float64 sums", arguments: shapes)
  func forward(shape: ConvolutionShape) {
    let results = run(shape, threads: 1)
    let reference = Reference.convolve(
      shape, input: values(shape.inputCount), weights: values(shape.weightCount, salt: 1),
      bias: values(shape.outputChannels, salt: 2))
    #expect(results.output.count == reference.count)
    #expect(distance(results.output, reference) < shape.tolerance)
  }

  /// One chain of 4,608 products leaves 2.2e-6; chains of 64 that are then added leave 2.4e-7.
  @Test("sums over many channels round in short chains")
  func shortChains() {
    let shape = ConvolutionShape(
      batch: 2, height: 6, width: 6, inputChannels: 512, outputChannels: 24, kernelHeight: 3,
      kernelWidth: 3, padding: 1)
    let reference = Reference.convolve(
      shape, input: values(shape.inputCount), weights: values(shape.weightCount, salt: 1),
      bias: values(shape.outputChannels, salt: 2))
    #expect(distance(run(shape, threads: 1).output, reference) < 5e-7)
  }

  @Test("input gradients agree with Float64 sums, overwriting and adding", arguments: shapes)
  func inputGradient(shape: ConvolutionShape) {
    let results = run(shape, threads: 1)
    let reference = Reference.convolveInputGradient(
      shape, outputGradient: values(shape.outputCount, salt: 3),
      weights: values(shape.weightCount, salt: 1))
    #expect(distance(results.inputGradient, reference) < shape.tolerance)
    #expect(distance(results.inputGradientTwice, reference.map { 2 * $0 }) < shape.tolerance)
  }

  @Test("weight gradients agree with Float64 sums, overwriting and adding", arguments: shapes)
  func weightGradient(shape: ConvolutionShape) {
    let results = run(shape, threads: 1)
    let reference = Reference.convolveWeightGradient(
      shape, input: values(shape.inputCount), outputGradient: values(shape.outputCount, salt: 3))
    #expect(distance(results.weightGradient, reference) < shape.tolerance)
    #expect(distance(results.weightGradientTwice, reference.map { 2 * $0 }) < shape.tolerance)
  }

  @Test("has the same bits at 1, 2 and 4 threads, with short vectors and long", arguments: shapes)
  func threads(shape: ConvolutionShape) {
    let one = run(shape, threads: 1, instructions: .avx2)
    #expect(one == run(shape, threads: 2))
    #expect(one == run(shape, threads: 4))
  }

  /// Winograd's transforms multiply what rounding left. The error that remains has 0.8e-6 to 1.9e-6 of
  /// the output's length on these shapes with tiles of four by four, 1.7e-6 to 3.4e-6 with tiles of six
  /// by six, where a plain sum's has 0.1e-6.
  @Test(
    "in Winograd's form stays within 3e-6 of Float64, with larger tiles within 6e-6",
    arguments: shapes.filter { $0.kernelHeight == 3 && $0.stride == 1 && $0.height >= 9 })
  func precision(shape: ConvolutionShape) {
    let results = run(shape, threads: 2)
    let forward = Reference.convolve(
      shape, input: values(shape.inputCount), weights: values(shape.weightCount, salt: 1),
      bias: values(shape.outputChannels, salt: 2))
    let input = Reference.convolveInputGradient(
      shape, outputGradient: values(shape.outputCount, salt: 3),
      weights: values(shape.weightCount, salt: 1))
    #expect(relativeError(results.output, forward) < limit(WinogradTiling(shape)))
    #expect(
      relativeError(results.inputGradient, input) < limit(WinogradTiling(inputGradientOf: shape)))
  }

  private func limit(_ tiling: WinogradTiling) -> Double {
    switch tiling.size {
    case .four: 3e-6
    case .six: 6e-6
    }
  }

  private struct Results: Equatable {
    var output: [Float]
    var inputGradient: [Float]
    var inputGradientTwice: [Float]
    var weightGradient: [Float]
    var weightGradientTwice: [Float]
  }

  private func run(
    _ shape: ConvolutionShape, threads: Int, instructions: Processor.Instructions = .best
  ) -> Results {
    let context = KernelContext(threads: threads, instructions: instructions)
    let x = context.buffers.take(copying: values(shape.inputCount))
    let w = context.buffers.take(copying: values(shape.weightCount, salt: 1))
    let bias = context.buffers.take(copying: values(shape.outputChannels, salt: 2))
    let dy = context.buffers.take(copying: values(shape.outputCount, salt: 3))
    let y = context.buffers.take(shape.outputCount)
    let dx = context.buffers.take(shape.inputCount)
    let dw = context.buffers.take(shape.weightCount)
    let sources = [ImageSource(x.pointer, channels: shape.inputChannels)]
    convolve(
      shape, sources: sources, weights: w.pointer,
      epilogue: ConvolutionEpilogue(bias: bias.pointer), output: y.pointer, on: context)
    func input(accumulate: Bool) -> [Float] {
      convolveInputGradient(
        shape, outputGradient: dy.pointer, weights: w.pointer,
        targets: [
          ImageTarget(dx.pointer, channels: shape.inputChannels, accumulate: accumulate)
        ], on: context)
      return dx.array
    }
    func weight(accumulate: Bool) -> [Float] {
      convolveWeightGradient(
        shape, sources: sources, outputGradient: dy.pointer,
        weightGradient: GradientTarget(dw.pointer, accumulate: accumulate), on: context)
      return dw.array
    }
    return Results(
      output: y.array, inputGradient: input(accumulate: false),
      inputGradientTwice: input(accumulate: true), weightGradient: weight(accumulate: false),
      weightGradientTwice: weight(accumulate: true))
  }
}

@Suite("Matrix product")
struct MatrixProductTests {
  /// Panels of one, two and four vectors, whole and partly filled, below and above a block of rows.
  @Test(
    "agrees with Float64 sums for every way to cut its columns, with short vectors and long",
    arguments: [1, 8, 16, 17, 31, 33, 48, 49, 63, 64, 65, 96, 112, 113, 128])
  func panels(columns: Int) {
    for (rows, depth) in [(1, 3), (6, 64), (13, 70), (101, 130)] {
      let (a, b) = (values(rows * depth), values(depth * columns, salt: 1))
      let start = values(rows * columns, salt: 2)
      let shape = ConvolutionShape.product(rows: rows, depth: depth, columns: columns)
      let reference = Reference.convolve(
        shape, input: a, weights: b, bias: [Float](repeating: 0, count: columns))
      var results: [[Float]] = []
      for instructions in [Processor.Instructions.avx2, .best] {
        let context = KernelContext(threads: 2, instructions: instructions)
        let (left, right) = (context.buffers.take(copying: a), context.buffers.take(copying: b))
        let product = context.buffers.take(copying: start)
        matrixProduct(
          left.pointer, right.pointer, into: product.pointer, rows: rows, depth: depth,
          columns: columns, on: context)
        results.append(product.array)
      }
      #expect(distance(results[0], reference) < 1e-6)
      #expect(results[0] == results[1])
    }
  }

  @Test(
    "and its two transposed forms are one another's adjoints",
    arguments: [(1, 1, 1), (5, 3, 7), (17, 40, 9), (6, 500, 16)])
  func adjoints(rows: Int, depth: Int, columns: Int) {
    // <a b, c> = <a, c bᵀ> = <b, aᵀ c>
    let context = KernelContext(threads: 1)
    let a = context.buffers.take(copying: values(rows * depth))
    let b = context.buffers.take(copying: values(depth * columns, salt: 1))
    let c = context.buffers.take(copying: values(rows * columns, salt: 2))
    let ab = context.buffers.take(rows * columns)
    let cb = context.buffers.take(rows * depth)
    let ac = context.buffers.take(depth * columns)
    matrixProduct(
      a.pointer, b.pointer, into: ab.pointer, rows: rows, depth: depth, columns: columns,
      on: context)
    matrixProductTransposingRight(
      c.pointer, b.pointer, into: GradientTarget(cb.pointer, accumulate: false), rows: rows,
      depth: depth, columns: columns,
      on: context)
    matrixProductTransposingLeft(
      a.pointer, c.pointer, into: GradientTarget(ac.pointer, accumulate: false), rows: rows,
      depth: depth, columns: columns,
      on: context)
    let expected = dot(ab.array, c.array)
    let scale = Double(rows * columns)
    #expect(((dot(a.array, cb.array) - expected) / scale).magnitude < 1e-5)
    #expect(((dot(b.array, ac.array) - expected) / scale).magnitude < 1e-5)
    // And the first is the product: its last element by the formula.
    let last = (0..<depth).reduce(0.0) {
      $0 + Double(a.pointer[(rows - 1) * depth + $1])
        * Double(b.pointer[$1 * columns + columns - 1])
    }
    #expect((Double(ab.pointer[rows * columns - 1]) - last).magnitude < 1e-4)
  }

  @Test(
    "weights come back from the kernels' order unchanged",
    arguments: [(5, 3, 9), (16, 8, 1), (40, 7, 9), (33, 3, 49), (1, 1, 1)])
  func order(outputs: Int, inputs: Int, taps: Int) {
    let source = values(outputs * inputs * taps)
    var packed = [Float](repeating: .nan, count: source.count)
    var back = packed
    let workers = WorkerPool(threads: 2)
    packWeights(source, out: outputs, in: inputs, taps: taps, into: &packed, on: workers)
    unpackWeights(packed, out: outputs, in: inputs, taps: taps, into: &back, on: workers)
    #expect(back == source)
    for (o, i, t) in [(0, 0, 0), (outputs - 1, inputs - 1, taps - 1), (outputs / 2, 0, taps / 2)] {
      #expect(packed[(t * inputs + i) * outputs + o] == source[(o * inputs + i) * taps + t])
    }
  }

  private func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
  }
}
