internal import Tiles

/// What happens to a convolution's output before it leaves the cache.
public struct ConvolutionEpilogue {
  /// `[outputChannels]`, added.
  public var bias: UnsafePointer<Float>?
  /// As large as the output, added.
  public var residual: UnsafePointer<Float>?
  /// Whether negative values become zero, last of all.
  public var rectifies: Bool
  /// Where each channel's mean and biased variance go.
  public var statistics: ChannelStatistics?

  public init(
    bias: UnsafePointer<Float>? = nil, residual: UnsafePointer<Float>? = nil,
    rectifies: Bool = false, statistics: ChannelStatistics? = nil
  ) {
    self.bias = bias
    self.residual = residual
    self.rectifies = rectifies
    self.statistics = statistics
  }
}

extension ConvolutionEpilogue {
  /// The same for the channels from `first`, of an output that is as wide as before.
  func from(_ first: Int) -> ConvolutionEpilogue {
    ConvolutionEpilogue(
      bias: bias.map { $0 + first }, residual: residual.map { $0 + first }, rectifies: rectifies,
      statistics: statistics?.from(first))
  }
}

/// Mean and biased variance of each channel of an image.
public struct ChannelStatistics {
  public var mean: UnsafeMutablePointer<Float>
  public var variance: UnsafeMutablePointer<Float>

  public init(mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>) {
    self.mean = mean
    self.variance = variance
  }

  /// The same for the channels from `first`.
  func from(_ first: Int) -> ChannelStatistics {
    ChannelStatistics(mean: mean + first, variance: variance + first)
  }
}

/// Statistics of the chunks of an image, to be joined in order.
///
/// For each chunk three rows: a shift, the sum of the values' distances from it, and the sum of the
/// squares of these.
struct ChunkStatistics {
  /// The memory of all chunks' rows.
  struct Rows {
    fileprivate let first: Output
    /// Floats of one row.
    let stride: Int

    /// The first row of a chunk.
    subscript(chunk: Int) -> Output { first + chunk * 3 * stride }
  }

  let rows: Rows
  private let channels: Int
  private let chunks: Int
  private let buffer: Buffer
  private let workers: WorkerPool

  init(channels: Int, chunks: Int, on context: KernelContext) {
    self.channels = channels
    self.chunks = chunks
    let stride = pieces(channels, of: 16) * 16
    buffer = context.buffers.take(chunks * 3 * stride)
    rows = Rows(first: buffer.pointer, stride: stride)
    workers = context.workers
  }

  /// Joins the chunks in Float64 (Chan, Golub and LeVeque 1979).
  ///
  /// - Parameter count: How many values of each channel a chunk has.
  func join(into statistics: ChannelStatistics, count: (Int) -> Int) {
    let counts = (0..<chunks).map { Double(count($0)) }
    let all = counts.reduce(0, +)
    forEachVector(of: channels, on: workers) { [rows, channels, chunks] c, _ in
      var total = DoubleLanes()
      for chunk in 0..<chunks {
        let p = rows[chunk] + c
        total += doubles(load(p)) * counts[chunk] + doubles(load(p + rows.stride))
      }
      let mean = total / all
      var square = DoubleLanes()
      for chunk in 0..<chunks {
        let p = rows[chunk] + c
        let sum = doubles(load(p + rows.stride))
        let d = doubles(load(p)) + sum / counts[chunk] - mean
        square +=
          doubles(load(p + 2 * rows.stride)) - sum * sum / counts[chunk] + d * d * counts[chunk]
      }
      var variance = square / all
      variance.replace(with: DoubleLanes(), where: variance .< 0)
      store(floats(mean), to: statistics.mean + c, channels - c)
      store(floats(variance), to: statistics.variance + c, channels - c)
    }
    withExtendedLifetime(buffer) {}
  }
}

extension ConvolutionEpilogue {
  /// Finishes some columns of rows that a product has just written.
  ///
  /// - Parameters:
  ///   - rows: Where each row of the output begins.
  ///   - base: Where the whole output begins, as the residual does.
  ///   - parts: The chunk's three rows of statistics, if they are wanted.
  func finish(
    rows: UnsafePointer<Output>, count: Int, columns: Range<Int>, base: UnsafePointer<Float>,
    statistics parts: UnsafeMutablePointer<Float>?, rowStride: Int, tiles: any TileKernels.Type
  ) {
    if residual != nil || rectifies {
      for r in 0..<count {
        let residual = residual.map { $0 + (UnsafePointer(rows[r]) - base) }
        for c in stride(from: columns.lowerBound, to: columns.upperBound, by: 8) {
          let lanes = columns.upperBound - c
          var value = load(rows[r] + c, lanes)
          if let residual { value += load(residual + c, lanes) }
          store(rectifies ? rectified(value) : value, to: rows[r] + c, lanes)
        }
      }
    }
    guard let parts else { return }
    tiles.statistics(
      of: rows, count: count, columns: columns, means: parts, squares: parts + 2 * rowStride)
    (parts + rowStride + columns.lowerBound).update(repeating: 0, count: columns.count)
  }
}
