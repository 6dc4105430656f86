internal import ArgumentParser
internal import Core
internal import TensorKernels

struct Kernels: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time single convolutions and matrix products.",
    discussion: """
      Rates are GFLOP/s by the operations of direct convolution, in the median run: a Winograd \
      kernel may exceed the processor's peak. Matrix products run on one thread with weights that \
      were packed before, in turn with multiply-adds in registers: their share is the median of \
      each run's rate by the mean of the two peaks around it.
      """)

  @Option(help: "Images in a batch.")
  var batch = 8

  @Option(help: "Threads at work on convolutions.")
  var threads = 1

  @Option(help: "Time each kernel for about so long.")
  var seconds = 0.3

  @Option(help: "Only convolutions whose line contains this.")
  var only: String?

  @Flag(help: "Print exactly one JSON object.")
  var json = false

  func validate() throws {
    guard batch >= 1 else { throw ValidationError("--batch is at least 1") }
    guard threads >= 1 else { throw ValidationError("--threads is at least 1") }
  }

  func run() throws {
    let peak = ProcessorPeak.measure()
    say(
      "peak of one thread: \(rate(peak.avx2)) GFLOP/s with AVX2"
        + (peak.avx512 > 0 ? ", \(rate(peak.avx512)) with AVX-512" : ""))
    let products = [64, 128, 256, 576, 1024, 2304].map { product(depth: $0, peak: peak) }
    say("convolution, \(threads) threads: forward, input gradient, weight gradient in GFLOP/s")
    let shapes = KernelShape.unet(batch: batch).filter { shape in
      only.map { shape.text.contains($0) } ?? true
    }
    let context = KernelContext(threads: threads)
    let convolutions = shapes.map { convolution($0, on: context) }
    guard json else { return }
    print(
      JSON.text(
        Report(
          batch: batch, threads: threads, peakAVX2: peak.avx2, peakAVX512: peak.avx512,
          products: products, convolutions: convolutions)))
  }

  /// Rows as of a layer of 4096 pixels, into 256 columns.
  private func product(depth: Int, peak: ProcessorPeak) -> Report.Product {
    let (rows, columns) = (4096, 256)
    let context = KernelContext(threads: 1)
    let a = Self.values(rows * depth, in: context)
    let b = Self.values(depth * columns, in: context)
    let c = context.buffers.take(rows * columns)
    let shape = ConvolutionShape.product(rows: rows, depth: depth, columns: columns)
    let weights = prepareWeights(shape, b.pointer, on: context)
    // In turn, since the clock of a shared machine changes from second to second.
    var peaks = [peak.sample()]
    let times = Stopwatch.time(.seconds(seconds), warmUp: 1) {
      convolve(
        shape, sources: [ImageSource(a.pointer, channels: depth)], prepared: weights,
        output: c.pointer, on: context)
    } between: {
      peaks.append(peak.sample())
    }
    let rates = times.map { 2 * Double(rows * depth * columns) / $0 / 1e9 }
    let shares = rates.indices.map { 2 * rates[$0] / (peaks[$0] + peaks[$0 + 1]) }.sorted()
    let found = Stopwatch.median(rates)
    let share = Stopwatch.median(shares)
    say(
      "product \(rows)x\(depth)x\(columns): \(rate(found)) GFLOP/s, "
        + "\(fixed(100 * share, digits: 1)) % of the peak "
        + "[\(fixed(100 * shares[shares.count / 4], digits: 1)) .. "
        + "\(fixed(100 * shares[shares.count * 3 / 4], digits: 1))]")
    return .init(rows: rows, depth: depth, columns: columns, rate: found, share: share)
  }

  private func convolution(_ kernel: KernelShape, on context: KernelContext) -> Report.Convolution {
    let shape = kernel.shape
    let x = Self.values(shape.inputCount, in: context)
    let w = Self.values(shape.weightCount, in: context)
    let y = Self.values(shape.outputCount, in: context)
    let dx = context.buffers.take(shape.inputCount)
    let dw = context.buffers.take(shape.weightCount)
    let target = context.buffers.take(shape.outputCount)
    let sources = [ImageSource(x.pointer, channels: shape.inputChannels)]
    let forward = gigaflops(shape.operations) {
      convolve(
        shape, sources: sources, weights: w.pointer, output: target.pointer, on: context)
    }
    let input = gigaflops(shape.operations) {
      convolveInputGradient(
        shape, outputGradient: y.pointer, weights: w.pointer,
        targets: [ImageTarget(dx.pointer, channels: shape.inputChannels)], on: context)
    }
    let weight = gigaflops(shape.operations) {
      convolveWeightGradient(
        shape, sources: sources, outputGradient: y.pointer,
        weightGradient: GradientTarget(dw.pointer, accumulate: false), on: context)
    }
    say("\(kernel.text): \(rate(forward)), \(rate(input)), \(rate(weight))")
    return .init(name: kernel.text, forward: forward, inputGradient: input, weightGradient: weight)
  }

  private func gigaflops(_ operations: Double, _ work: () -> Void) -> Double {
    operations / Stopwatch.median(Stopwatch.time(.seconds(seconds), warmUp: 1, work)) / 1e9
  }

  private func say(_ line: String) {
    if !json { print(line) }
  }

  private func rate(_ value: Double) -> String { fixed(value, digits: 1) }

  /// Values in -1 ..< 1; their order means nothing to a kernel's time.
  private static func values(_ count: Int, in context: KernelContext) -> Buffer {
    let buffer = context.buffers.take(count)
    for i in 0..<count { buffer.pointer[i] = Float(i &* 7919 % 2001 - 1000) / 1000 }
    return buffer
  }
}

/// Rates in GFLOP/s.
private struct Report: Encodable {
  struct Product: Encodable {
    var rows: Int
    var depth: Int
    var columns: Int
    var rate: Double
    /// Of the peak of one thread, measured in turn: the median.
    var share: Double
  }

  struct Convolution: Encodable {
    var name: String
    var forward: Double
    var inputGradient: Double
    var weightGradient: Double
  }

  var batch: Int
  var threads: Int
  var peakAVX2: Double
  var peakAVX512: Double
  var products: [Product]
  var convolutions: [Convolution]

  enum CodingKeys: String, CodingKey {
    case batch
    case threads
    case peakAVX2 = "peak_avx2"
    case peakAVX512 = "peak_avx512"
    case products
    case convolutions
  }
}
