internal import Tiles

/// The sizes of a batch normalisation: `rows` samples (batch times pixels) of `channels` values.
public struct NormalisationShape: Hashable, Sendable {
  public var rows: Int
  public var channels: Int

  public init(rows: Int, channels: Int) {
    self.rows = rows
    self.channels = channels
  }

  /// Rows that stay in the nearest caches while each block of channels passes over them; enough of
  /// them that the sums of the chunks are few beside the values.
  var rowsPerChunk: Int { max(32, 8_192 / channels) }
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
  let (allMeans, allSquares) = (means.pointer, squares.pointer)
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
      store(mean, to: allMeans + chunk * channels + c, channels - c)
      store(square, to: allSquares + chunk * channels + c, channels - c)
    }
  }
  forEachVector(of: channels, on: context.workers) { c, lanes in
    var total = DoubleLanes()
    for chunk in 0..<shape.chunks {
      let count = Double(shape.range(of: chunk).count)
      total += doubles(load(allMeans + chunk * channels + c, lanes)) * count
    }
    let average = total / Double(shape.rows)
    var square = DoubleLanes()
    for chunk in 0..<shape.chunks {
      let d = doubles(load(allMeans + chunk * channels + c, lanes)) - average
      let count = Double(shape.range(of: chunk).count)
      square += doubles(load(allSquares + chunk * channels + c, lanes)) + d * d * count
    }
    store(floats(average), to: mean + c, lanes)
    store(floats(square / Double(shape.rows)), to: variance + c, lanes)
  }
  withExtendedLifetime((means, squares)) {}
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
  output y: UnsafeMutablePointer<Float>, on context: KernelContext
) {
  let channels = shape.channels
  let constants = context.buffers.take(2 * channels)
  let (scale, shift) = (constants.pointer, constants.pointer + channels)
  context.workers.alone {
    for c in stride(from: 0, to: channels, by: 8) {
      let lanes = channels - c
      let deviation = load(inverseDeviation + c, lanes)
      store(gamma.map { deviation * load($0 + c, lanes) } ?? deviation, to: scale + c, lanes)
      store(beta.map { load($0 + c, lanes) } ?? Lanes(), to: shift + c, lanes)
    }
  }
  apply(
    AppliedNormalisation(centre: mean, scale: scale, shift: shift, rectifies: rectify), shape,
    input: x, residual: residual, output: y, on: context)
  withExtendedLifetime(constants) {}
}

/// Applies a normalisation that was put off: `rows` times `channels` values.
public func apply(
  _ normalisation: AppliedNormalisation, to x: UnsafePointer<Float>, rows: Int, channels: Int,
  output y: UnsafeMutablePointer<Float>, on context: KernelContext
) {
  apply(
    normalisation, NormalisationShape(rows: rows, channels: channels), input: x, residual: nil,
    output: y, on: context)
}

private func apply(
  _ normalisation: AppliedNormalisation, _ shape: NormalisationShape, input x: Input,
  residual: Input?, output y: Output, on context: KernelContext
) {
  let tiles = context.tiles
  context.workers.forEach(chunks: shape.chunks) { chunk in
    tiles.normalise(
      x, by: normalisation.lazy, channels: shape.channels, rows: shape.range(of: chunk),
      residual: residual, output: y)
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
