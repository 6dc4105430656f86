/// The sizes of softmax attention over tokens whose queries, keys and values lie side by side.
///
/// `qkv` is `[batch * tokens, 3 * heads * depth]`: queries of all heads, then keys, then values,
/// as a vision transformer's `attn.qkv` gives them.
public struct AttentionShape: Hashable, Sendable {
  public var batch: Int
  public var tokens: Int
  public var heads: Int
  /// Channels of one head.
  public var depth: Int

  public init(batch: Int, tokens: Int, heads: Int, depth: Int) {
    self.batch = batch
    self.tokens = tokens
    self.heads = heads
    self.depth = depth
  }

  public var channels: Int { heads * depth }
  public var outputCount: Int { batch * tokens * channels }
  /// One number for each query: the logarithm of its softmax's denominator.
  public var logarithmCount: Int { batch * heads * tokens }

  /// Tokens to a multiple of 16, so that products over keys run in whole vectors.
  var width: Int { pieces(tokens, of: 16) * 16 }
  var chunks: Int { batch * heads }
  var rowStride: Int { 3 * channels }
  var scale: Float { 1 / Float(depth).squareRoot() }

  /// Where a chunk's queries begin; keys and values follow at `channels` and twice that.
  func start(of chunk: Int) -> Int {
    chunk / heads * tokens * rowStride + chunk % heads * depth
  }

  func outputStart(of chunk: Int) -> Int {
    chunk / heads * tokens * channels + chunk % heads * depth
  }
}

/// Queries that are treated at once: their scores stay in the second-level cache.
private let queriesAtOnce = 16

/// `softmax(Q Kᵀ / √depth) V` for each image and head.
///
/// Scores are never kept whole: the backward pass makes them again from `logarithms`.
/// - Parameters:
///   - y: `[batch * tokens, heads * depth]`, overwritten.
///   - logarithms: `[batch, heads, tokens]`, overwritten.
public func attend(
  _ shape: AttentionShape, qkv: UnsafePointer<Float>, output y: UnsafeMutablePointer<Float>,
  logarithms: UnsafeMutablePointer<Float>, on context: KernelContext
) {
  let (T, D, C) = (shape.tokens, shape.depth, shape.channels)
  let (width, row) = (shape.width, shape.rowStride)
  let scratchSize = (D + queriesAtOnce) * width
  let scratch = context.buffers.take(shape.chunks * scratchSize)
  context.workers.forEach(chunks: shape.chunks) { chunk in
    let queries = qkv + shape.start(of: chunk)
    let keys = scratch.pointer + chunk * scratchSize
    let scores = keys + D * width
    transpose(
      StridedMatrix(pointer: queries + C, row: row), rows: T, columns: D, into: keys, width: width)
    for first in stride(from: 0, to: T, by: queriesAtOnce) {
      let rows = min(queriesAtOnce, T - first)
      blockProduct(
        StridedMatrix(pointer: queries + first * row, row: row),
        StridedMatrix(pointer: keys, row: width),
        into: GradientTarget(scores, accumulate: false), stride: width, rows: rows, depth: D,
        columns: width)
      for r in 0..<rows {
        logarithms[chunk * T + first + r] = softmax(
          scores + r * width, count: T, scale: shape.scale)
      }
      blockProduct(
        StridedMatrix(pointer: scores, row: width),
        StridedMatrix(pointer: queries + 2 * C, row: row),
        into: GradientTarget(y + shape.outputStart(of: chunk) + first * C, accumulate: false),
        stride: C, rows: rows, depth: T, columns: D)
    }
  }
  withExtendedLifetime(scratch) {}
}

/// Turns scores into their softmax and returns the logarithm of the sum of exponentials.
private func softmax(_ row: UnsafeMutablePointer<Float>, count: Int, scale: Float) -> Float {
  var top = row[0]
  for i in 1..<max(1, count) where row[i] > top || row[i] != row[i] { top = row[i] }
  top *= scale
  var sum = Lanes()
  for i in stride(from: 0, to: count, by: 8) {
    let value = exponential(load(row + i, count - i) * scale - top)
    sum += masked(value, count - i)
    store(value, to: row + i, count - i)
  }
  let total = sum.total
  let inverse = 1 / total
  for i in stride(from: 0, to: count, by: 8) {
    store(load(row + i, count - i) * inverse, to: row + i, count - i)
  }
  return top + logarithm(Lanes(repeating: total))[0]
}

/// The gradient of `attend` with respect to `qkv`.
///
/// - Parameters:
///   - y, logarithms: What `attend` left.
///   - target: `[batch * tokens, 3 * heads * depth]`.
public func attentionGradient(
  _ shape: AttentionShape, outputGradient dy: UnsafePointer<Float>, qkv: UnsafePointer<Float>,
  output y: UnsafePointer<Float>, logarithms: UnsafePointer<Float>, into target: GradientTarget,
  on context: KernelContext
) {
  let (T, D, C) = (shape.tokens, shape.depth, shape.channels)
  let (width, row) = (shape.width, shape.rowStride)
  let scratchSize = 2 * (D + queriesAtOnce) * width
  let scratch = context.buffers.take(shape.chunks * scratchSize)
  context.workers.forEach(chunks: shape.chunks) { chunk in
    let start = shape.start(of: chunk)
    let queries = qkv + start
    let keys = scratch.pointer + chunk * scratchSize
    let values = keys + D * width
    let weights = values + D * width
    let slopes = weights + queriesAtOnce * width
    transpose(
      StridedMatrix(pointer: queries + C, row: row), rows: T, columns: D, into: keys, width: width)
    transpose(
      StridedMatrix(pointer: queries + 2 * C, row: row), rows: T, columns: D, into: values,
      width: width)
    for first in stride(from: 0, to: T, by: queriesAtOnce) {
      let rows = min(queriesAtOnce, T - first)
      let output = shape.outputStart(of: chunk) + first * C
      let upstream = StridedMatrix(pointer: dy + output, row: C)
      blockProduct(
        StridedMatrix(pointer: queries + first * row, row: row),
        StridedMatrix(pointer: keys, row: width),
        into: GradientTarget(weights, accumulate: false), stride: width, rows: rows, depth: D,
        columns: width)
      blockProduct(
        upstream, StridedMatrix(pointer: values, row: width),
        into: GradientTarget(slopes, accumulate: false), stride: width, rows: rows, depth: D,
        columns: width)
      for r in 0..<rows {
        differentiateSoftmax(
          scores: weights + r * width, slopes: slopes + r * width, count: T, scale: shape.scale,
          logarithm: logarithms[chunk * T + first + r],
          mean: dot(dy + output + r * C, y + output + r * C, D))
      }
      let later = target.accumulate || first > 0
      func part(_ offset: Int, _ accumulate: Bool) -> GradientTarget {
        GradientTarget(target.pointer + start + offset, accumulate: accumulate)
      }
      blockProduct(
        StridedMatrix(pointer: slopes, row: width),
        StridedMatrix(pointer: queries + C, row: row), into: part(first * row, target.accumulate),
        stride: row, rows: rows, depth: T, columns: D)
      blockProduct(
        StridedMatrix(pointer: slopes, row: 1, column: width),
        StridedMatrix(pointer: queries + first * row, row: row), into: part(C, later), stride: row,
        rows: T, depth: rows, columns: D)
      blockProduct(
        StridedMatrix(pointer: weights, row: 1, column: width), upstream, into: part(2 * C, later),
        stride: row, rows: T, depth: rows, columns: D)
    }
  }
  withExtendedLifetime(scratch) {}
}

/// Turns scores into weights, and the weights' gradients into those of the unscaled scores.
private func differentiateSoftmax(
  scores: UnsafeMutablePointer<Float>, slopes: UnsafeMutablePointer<Float>, count: Int,
  scale: Float, logarithm: Float, mean: Float
) {
  for i in stride(from: 0, to: count, by: 8) {
    let weight = exponential(load(scores + i, count - i) * scale - logarithm)
    store(weight, to: scores + i, count - i)
    store(
      weight * (load(slopes + i, count - i) - mean) * scale, to: slopes + i, count - i)
  }
}

@inline(__always)
func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
  var sum = Lanes()
  for i in stride(from: 0, to: count, by: 8) {
    sum = sum.addingProduct(load(a + i, count - i), load(b + i, count - i))
  }
  return sum.total
}
