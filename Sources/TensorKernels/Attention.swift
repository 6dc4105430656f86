internal import Tiles

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

extension AttentionShape {
  /// Queries that are treated at once: their scores stay in the second-level cache. All rounds have
  /// about as many, in whole tiles of six rows.
  fileprivate var queriesAtOnce: Int {
    let most = 72
    let rounds = max(1, pieces(tokens, of: most))
    return pieces(pieces(tokens, of: rounds), of: 6) * 6
  }
}

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
  let (width, row, queriesAtOnce) = (shape.width, shape.rowStride, shape.queriesAtOnce)
  let lanes = context.tiles.lanes
  let own =
    BlockProduct.size(depth: D, columns: width, lanes: lanes)
    + BlockProduct.size(depth: T, columns: D, lanes: lanes) + queriesAtOnce * width
  let scratch = context.buffers.take(context.workers.threads * own)
  let memory = scratch.pointer
  context.workers.forEach(chunks: shape.chunks) { chunk, worker in
    let queries = qkv + shape.start(of: chunk)
    let keys = BlockProduct(
      depth: D, columns: width, into: memory + worker * own, context.tiles)
    keys.packTransposed(queries + C, stride: row, rows: T)
    let values = BlockProduct(depth: T, columns: D, into: keys.end, context.tiles)
    values.pack(queries + 2 * C, stride: row, rows: T)
    let scores = values.end
    for first in stride(from: 0, to: T, by: queriesAtOnce) {
      let rows = min(queriesAtOnce, T - first)
      keys.multiply(
        queries + first * row, stride: row, rows: rows, depth: 0..<D,
        into: GradientTarget(scores, accumulate: false), stride: width)
      for r in 0..<rows {
        logarithms[chunk * T + first + r] = softmax(
          scores + r * width, count: T, scale: shape.scale)
      }
      values.multiply(
        scores, stride: width, rows: rows, depth: 0..<T,
        into: GradientTarget(y + shape.outputStart(of: chunk) + first * C, accumulate: false),
        stride: C)
    }
  }
  withExtendedLifetime(scratch) {}
}

/// Turns scores into their softmax and returns the logarithm of the sum of exponentials.
private func softmax(_ row: UnsafeMutablePointer<Float>, count: Int, scale: Float) -> Float {
  let top = largest(row, count) * scale
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

/// The largest value. One that is not a number may be passed over: the sum of exponentials finds it.
private func largest(_ row: UnsafePointer<Float>, _ count: Int) -> Float {
  var tops = Lanes(repeating: row[0])
  let whole = count / 8 * 8
  for i in stride(from: 0, to: whole, by: 8) {
    let value = load(row + i)
    tops.replace(with: value, where: value .> tops)
  }
  var top = tops.max()
  for i in whole..<count where row[i] > top { top = row[i] }
  return top
}

/// The gradient of `attend` with respect to `qkv`.
///
/// - Parameters:
///   - dy, qkv: With 64 readable bytes behind the end, as a `Buffer` has: whole vectors are copied.
///   - y, logarithms: What `attend` left.
///   - target: `[batch * tokens, 3 * heads * depth]`.
public func attentionGradient(
  _ shape: AttentionShape, outputGradient dy: UnsafePointer<Float>, qkv: UnsafePointer<Float>,
  output y: UnsafePointer<Float>, logarithms: UnsafePointer<Float>, into target: GradientTarget,
  on context: KernelContext
) {
  let (T, D, C) = (shape.tokens, shape.depth, shape.channels)
  let (width, row, queriesAtOnce) = (shape.width, shape.rowStride, shape.queriesAtOnce)
  let tiles = context.tiles
  let lanes = tiles.lanes
  let copyStride = queriesAtOnce * lanes
  let own =
    2 * BlockProduct.size(depth: D, columns: width, lanes: lanes)
    + BlockProduct.size(depth: T, columns: D, lanes: lanes)
    + 2 * queriesAtOnce * width + (pieces(D, of: lanes) + pieces(T, of: lanes)) * copyStride
  let scratch = context.buffers.take(context.workers.threads * own)
  let memory = scratch.pointer
  context.workers.forEach(chunks: shape.chunks) { chunk, worker in
    let start = shape.start(of: chunk)
    let queries = qkv + start
    let toScores = BlockProduct(
      depth: D, columns: width, into: memory + worker * own, tiles)
    toScores.packTransposed(queries + C, stride: row, rows: T)
    let toSlopes = BlockProduct(depth: D, columns: width, into: toScores.end, tiles)
    toSlopes.packTransposed(queries + 2 * C, stride: row, rows: T)
    let keys = BlockProduct(depth: T, columns: D, into: toSlopes.end, tiles)
    keys.pack(queries + C, stride: row, rows: T)
    let weights = keys.end
    let slopes = weights + queriesAtOnce * width
    let right = slopes + queriesAtOnce * width
    let left = right + pieces(D, of: lanes) * copyStride
    let sums = ChannelSums(
      tiles: tiles, left: left, leftStride: copyStride, right: right, rightStride: copyStride)
    for first in stride(from: 0, to: T, by: queriesAtOnce) {
      let rows = min(queriesAtOnce, T - first)
      let output = shape.outputStart(of: chunk) + first * C
      let upstream = dy + output
      toScores.multiply(
        queries + first * row, stride: row, rows: rows, depth: 0..<D,
        into: GradientTarget(weights, accumulate: false), stride: width)
      toSlopes.multiply(
        upstream, stride: C, rows: rows, depth: 0..<D,
        into: GradientTarget(slopes, accumulate: false), stride: width)
      for r in 0..<rows {
        differentiateSoftmax(
          scores: weights + r * width, slopes: slopes + r * width, count: T, scale: shape.scale,
          logarithm: logarithms[chunk * T + first + r],
          mean: dot(dy + output + r * C, y + output + r * C, D))
      }
      let gradient = target.pointer + start
      keys.multiply(
        slopes, stride: width, rows: rows, depth: 0..<T,
        into: GradientTarget(gradient + first * row, accumulate: target.accumulate), stride: row)
      func add(_ a: Input, _ b: Input, stride: Int, into gradient: Output) {
        copyRows(a, stride: width, rows: rows, columns: T, to: left, copyStride, tiles)
        copyRows(b, stride: stride, rows: rows, columns: D, to: right, copyStride, tiles)
        ChannelSums.forEachTileWidth(of: D, tiles) { columns in
          sums.sum(
            channels: 0..<T, columns: columns, pixels: 0..<rows, into: gradient, rowStride: row,
            adds: target.accumulate || first > 0, writesWhole: false, upcoming: { nil })
        }
      }
      add(slopes, queries + first * row, stride: row, into: gradient + C)
      add(weights, upstream, stride: C, into: gradient + 2 * C)
    }
  }
  withExtendedLifetime(scratch) {}
}

/// Copies the columns of rows vector by vector: an operand of sums over the rows.
private func copyRows(
  _ a: Input, stride: Int, rows: Int, columns: Int, to target: Output, _ vectorStride: Int,
  _ tiles: any TileKernels.Type
) {
  withUnsafeTemporaryAllocation(of: Input.self, capacity: rows) { pointers in
    for r in 0..<rows { pointers[r] = a + r * stride }
    tiles.copyVectors(
      UnsafePointer(pointers.baseAddress!), count: rows, channels: 0..<columns,
      normalisation: nil, to: target, pixelStride: tiles.lanes, vectorStride: vectorStride)
  }
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
