/// The sizes of a batch normalisation: `rows` samples (batch times pixels) of `channels` values.
public struct NormalisationShape: Hashable, Sendable {
  public var rows: Int
  public var channels: Int

  public init(rows: Int, channels: Int) {
    self.rows = rows
    self.channels = channels
  }

  /// Rows that stay in the first-level cache while each block of channels passes over them.
  var rowsPerChunk: Int { max(1, 8_192 / channels) }
  var chunks: Int { pieces(rows, of: rowsPerChunk) }
  func range(of chunk: Int) -> Range<Int> {
    chunk * rowsPerChunk..<min(rows, (chunk + 1) * rowsPerChunk)
  }
}

/// Mean and biased variance of each channel.
///
/// Two passes within a chunk, in Float32; chunks are joined in order, in Float64 (Chan, Golub and
/// LeVeque 1979).
public func batchStatistics(
  _ shape: NormalisationShape, input x: UnsafePointer<Float>,
  mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>,
  on context: KernelContext
) {
  let channels = shape.channels
  let means = context.buffers.take(shape.chunks * channels)
  let squares = context.buffers.take(shape.chunks * channels)
  context.workers.forEach(chunks: shape.chunks) { chunk in
    let rows = shape.range(of: chunk)
    let inverse = 1 / Float(rows.count)
    for c in stride(from: 0, to: channels, by: 8) {
      var sum = Lanes()
      for r in rows { sum += load(x + r * channels + c, channels - c) }
      let mean = sum * inverse
      var square = Lanes()
      for r in rows {
        let d = load(x + r * channels + c, channels - c) - mean
        square = square.addingProduct(d, d)
      }
      store(mean, to: means.pointer + chunk * channels + c, channels - c)
      store(square, to: squares.pointer + chunk * channels + c, channels - c)
    }
  }
  for c in 0..<channels {
    var total = 0.0
    for chunk in 0..<shape.chunks {
      total += Double(means.pointer[chunk * channels + c]) * Double(shape.range(of: chunk).count)
    }
    let average = total / Double(shape.rows)
    var square = 0.0
    for chunk in 0..<shape.chunks {
      let d = Double(means.pointer[chunk * channels + c]) - average
      square +=
        Double(squares.pointer[chunk * channels + c]) + d * d * Double(shape.range(of: chunk).count)
    }
    mean[c] = Float(average)
    variance[c] = Float(square / Double(shape.rows))
  }
}

/// `y = γ (x - mean) / √(variance + ε) + β`, then `+ residual`, then `max(·, 0)`, as asked.
///
/// - Parameters:
///   - mean, inverseDeviation: One for each channel.
///   - gamma, beta: One for each channel, or nothing for 1 and 0.
///   - residual: As large as x, or nothing.
public func normalise(
  _ shape: NormalisationShape, input x: UnsafePointer<Float>, mean: UnsafePointer<Float>,
  inverseDeviation: UnsafePointer<Float>, gamma: UnsafePointer<Float>?,
  beta: UnsafePointer<Float>?, residual: UnsafePointer<Float>?, rectify: Bool,
  output y: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  let channels = shape.channels
  workers.forEach(chunks: shape.chunks) { chunk in
    let rows = shape.range(of: chunk)
    for c in stride(from: 0, to: channels, by: 8) {
      let lanes = channels - c
      var scale = load(inverseDeviation + c, lanes)
      if let gamma { scale *= load(gamma + c, lanes) }
      // Taking the mean off first loses less than a shift of beta - mean * scale would.
      let centre = load(mean + c, lanes)
      let shift = beta.map { load($0 + c, lanes) } ?? Lanes()
      for r in rows {
        let i = r * channels + c
        // As `AppliedNormalisation` has it, to the bit.
        var value = shift + (load(x + i, lanes) - centre) * scale
        if let residual { value += load(residual + i, lanes) }
        store(rectify ? rectified(value) : value, to: y + i, lanes)
      }
    }
  }
}

/// Applies a normalisation that was put off: `rows` times `channels` values.
public func apply(
  _ normalisation: AppliedNormalisation, to x: UnsafePointer<Float>, rows: Int, channels: Int,
  output y: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  let shape = NormalisationShape(rows: rows, channels: channels)
  workers.forEach(chunks: shape.chunks) { chunk in
    for r in shape.range(of: chunk) {
      for c in stride(from: 0, to: channels, by: 8) {
        let i = r * channels + c
        let lanes = channels - c
        store(normalisation.apply(load(x + i, lanes), c, lanes), to: y + i, lanes)
      }
    }
  }
}

/// What the backward pass of a batch normalisation reads.
public struct NormalisationRecord {
  public var input: UnsafePointer<Float>
  /// What tells where gradients pass a rectification, if there was one.
  public enum Gate {
    case none
    /// The output is kept: it is positive where they pass.
    case output(UnsafePointer<Float>)
    /// It is made again from the input.
    case normalisation(AppliedNormalisation)
  }

  public var gate: Gate
  public var mean: UnsafePointer<Float>
  public var inverseDeviation: UnsafePointer<Float>
  public var gamma: UnsafePointer<Float>?

  public init(
    input: UnsafePointer<Float>, gate: Gate, mean: UnsafePointer<Float>,
    inverseDeviation: UnsafePointer<Float>,
    gamma: UnsafePointer<Float>?
  ) {
    self.input = input
    self.gate = gate
    self.mean = mean
    self.inverseDeviation = inverseDeviation
    self.gamma = gamma
  }
}

/// One result of a backward pass: where it goes, and whether it is added to what is there.
public struct GradientTarget {
  public var pointer: UnsafeMutablePointer<Float>
  public var accumulate: Bool

  public init(_ pointer: UnsafeMutablePointer<Float>, accumulate: Bool) {
    self.pointer = pointer
    self.accumulate = accumulate
  }

  @inline(__always)
  func put(_ value: Lanes, at i: Int, _ lanes: Int) {
    store(accumulate ? load(pointer + i, lanes) + value : value, to: pointer + i, lanes)
  }
}

/// The gradients of a batch normalisation whose statistics were those of the batch.
///
/// The input's gradient may lie where the output's is.
public func normalisationGradient(
  _ shape: NormalisationShape, outputGradient dy: UnsafePointer<Float>,
  record: NormalisationRecord, gammaGradient: GradientTarget?, betaGradient: GradientTarget?,
  inputGradient: GradientTarget?, residualGradient: GradientTarget?, on context: KernelContext
) {
  let channels = shape.channels
  let partial = context.buffers.take(shape.chunks * 2 * channels)
  context.workers.forEach(chunks: shape.chunks) { chunk in
    let rows = shape.range(of: chunk)
    for c in stride(from: 0, to: channels, by: 8) {
      let lanes = channels - c
      let mean = load(record.mean + c, lanes)
      let gate = GateLanes(record.gate, at: c, lanes)
      var sum = Lanes()
      var product = Lanes()
      for r in rows {
        let i = r * channels + c
        let x = load(record.input + i, lanes)
        let gradient = gate.passed(load(dy + i, lanes), x, i, lanes)
        sum += gradient
        product = product.addingProduct(gradient, x - mean)
      }
      store(sum, to: partial.pointer + chunk * 2 * channels + c, lanes)
      store(product, to: partial.pointer + (chunk * 2 + 1) * channels + c, lanes)
    }
  }
  let sums = context.buffers.take(2 * channels)
  for c in 0..<channels {
    var sum = 0.0
    var product = 0.0
    for chunk in 0..<shape.chunks {
      sum += Double(partial.pointer[chunk * 2 * channels + c])
      product += Double(partial.pointer[(chunk * 2 + 1) * channels + c])
    }
    product *= Double(record.inverseDeviation[c])
    sums.pointer[c] = Float(sum)
    sums.pointer[channels + c] = Float(product)
  }
  for (target, offset) in [(betaGradient, 0), (gammaGradient, channels)] {
    guard let target else { continue }
    for c in stride(from: 0, to: channels, by: 8) {
      target.put(load(sums.pointer + offset + c, channels - c), at: c, channels - c)
    }
  }
  guard inputGradient != nil || residualGradient != nil else { return }
  let inverse = 1 / Float(shape.rows)
  context.workers.forEach(chunks: shape.chunks) { chunk in
    let rows = shape.range(of: chunk)
    for c in stride(from: 0, to: channels, by: 8) {
      let lanes = channels - c
      let deviation = load(record.inverseDeviation + c, lanes)
      let mean = load(record.mean + c, lanes)
      var scale = deviation
      if let gamma = record.gamma { scale *= load(gamma + c, lanes) }
      let constant = load(sums.pointer + c, lanes) * inverse
      let slope = load(sums.pointer + channels + c, lanes) * deviation * inverse
      let gate = GateLanes(record.gate, at: c, lanes)
      for r in rows {
        let i = r * channels + c
        let x = load(record.input + i, lanes)
        let gradient = gate.passed(load(dy + i, lanes), x, i, lanes)
        let centred = x - mean
        inputGradient?.put(scale * (gradient - constant - centred * slope), at: i, lanes)
        residualGradient?.put(gradient, at: i, lanes)
      }
    }
  }
}

/// What a gate needs for one vector of channels.
struct GateLanes {
  private let output: UnsafePointer<Float>?
  private let isMadeAgain: Bool
  private var centre = Lanes()
  private var scale = Lanes()
  private var shift = Lanes()

  init(_ gate: NormalisationRecord.Gate, at c: Int, _ count: Int) {
    switch gate {
    case .none: (output, isMadeAgain) = (nil, false)
    case .output(let y): (output, isMadeAgain) = (y, false)
    case .normalisation(let normalisation):
      (output, isMadeAgain) = (nil, true)
      centre = load(normalisation.centre + c, count)
      scale = load(normalisation.scale + c, count)
      shift = load(normalisation.shift + c, count)
    }
  }

  /// The part of a gradient that passes.
  ///
  /// - Parameter x: The normalisation's input at element i.
  @inline(__always)
  func passed(_ gradient: Lanes, _ x: Lanes, _ i: Int, _ count: Int) -> Lanes {
    if isMadeAgain {
      return gradient.replacing(with: Lanes(), where: shift + (x - centre) * scale .<= 0)
    }
    guard let output else { return gradient }
    return gradient.replacing(with: Lanes(), where: load(output + i, count) .<= 0)
  }
}

/// A normalisation by statistics that were kept.
public struct StoredNormalisation {
  public var mean: UnsafePointer<Float>
  public var variance: UnsafePointer<Float>
  public var gamma: UnsafePointer<Float>
  public var beta: UnsafePointer<Float>
  public var epsilon: Double

  public init(
    mean: UnsafePointer<Float>, variance: UnsafePointer<Float>, gamma: UnsafePointer<Float>,
    beta: UnsafePointer<Float>, epsilon: Double
  ) {
    self.mean = mean
    self.variance = variance
    self.gamma = gamma
    self.beta = beta
    self.epsilon = epsilon
  }
}

/// Folds the normalisation of a convolution's output into its weights and bias.
///
/// - Parameters:
///   - w: `[rows, columns]`, columns being output channels; `folded` is as large.
///   - bias: `[columns]`, or nothing for zero.
public func foldNormalisation(
  _ w: UnsafePointer<Float>, bias: UnsafePointer<Float>?, rows: Int, columns: Int,
  normalisation: StoredNormalisation, into folded: UnsafeMutablePointer<Float>,
  foldedBias: UnsafeMutablePointer<Float>
) {
  withUnsafeTemporaryAllocation(of: Float.self, capacity: columns + 16) { scale in
    for c in 0..<columns {
      let deviation = (Double(normalisation.variance[c]) + normalisation.epsilon).squareRoot()
      let factor = Double(normalisation.gamma[c]) / deviation
      scale[c] = Float(factor)
      foldedBias[c] = Float(
        Double(normalisation.beta[c])
          + (Double(bias?[c] ?? 0) - Double(normalisation.mean[c])) * factor)
    }
    for r in 0..<rows {
      for c in stride(from: 0, to: columns, by: 8) {
        let i = r * columns + c
        let value = load(w + i, columns - c) * load(scale.baseAddress! + c)
        store(value, to: folded + i, columns - c)
      }
    }
  }
}
