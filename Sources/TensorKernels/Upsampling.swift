/// Doubles an image by repeating pixels and puts a second image's channels behind: the entrance of
/// a U-Net block, in one pass.
public struct UpsamplingShape: Hashable, Sendable {
  public var batch: Int
  /// Of the small image; the output has twice as many rows and columns.
  public var height: Int
  public var width: Int
  public var channels: Int
  /// Channels of the image at output size that are appended; 0 for none.
  public var skipChannels: Int

  public init(batch: Int, height: Int, width: Int, channels: Int, skipChannels: Int = 0) {
    self.batch = batch
    self.height = height
    self.width = width
    self.channels = channels
    self.skipChannels = skipChannels
  }

  public var outputChannels: Int { channels + skipChannels }
  public var outputCount: Int { batch * height * width * 4 * outputChannels }
}

/// `y[n, h, w] = x[n, h/2, w/2] ‖ skip[n, h, w]`.
public func upsampleAndJoin(
  _ shape: UpsamplingShape, input x: UnsafePointer<Float>, skip: UnsafePointer<Float>?,
  output y: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  let (C, S) = (shape.channels, shape.skipChannels)
  workers.forEach(chunks: shape.batch * shape.height * 2) { row in
    for w in 0..<shape.width * 2 {
      let target = y + (row * shape.width * 2 + w) * (C + S)
      let source = x + (row / 2 * shape.width + w / 2) * C
      copy(source, to: target, C)
      if let skip { copy(skip + (row * shape.width * 2 + w) * S, to: target + C, S) }
    }
  }
}

/// Takes the output's gradient apart: four pixels are summed, the skip's channels are copied.
public func upsampleAndJoinGradient(
  _ shape: UpsamplingShape, outputGradient dy: UnsafePointer<Float>,
  inputGradient: GradientTarget?, skipGradient: GradientTarget?, on workers: WorkerPool
) {
  let (C, S) = (shape.channels, shape.skipChannels)
  let rowStride = shape.width * 2 * (C + S)
  workers.forEach(chunks: shape.batch * shape.height) { row in
    for w in 0..<shape.width {
      let source = dy + row * 2 * rowStride + w * 2 * (C + S)
      if let inputGradient {
        for c in stride(from: 0, to: C, by: 8) {
          let top = load(source + c, C - c) + load(source + C + S + c, C - c)
          let lower = source + rowStride + c
          let bottom = load(lower, C - c) + load(lower + C + S, C - c)
          inputGradient.put(top + bottom, at: (row * shape.width + w) * C + c, C - c)
        }
      }
      guard let skipGradient else { continue }
      for k in 0..<4 {
        let gradient = source + k / 2 * rowStride + k % 2 * (C + S) + C
        let pixel = (row * 2 + k / 2) * shape.width * 2 + w * 2 + k % 2
        for c in stride(from: 0, to: S, by: 8) {
          skipGradient.put(load(gradient + c, S - c), at: pixel * S + c, S - c)
        }
      }
    }
  }
}

@inline(__always)
private func copy(_ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, _ n: Int)
{
  for c in stride(from: 0, to: n, by: 8) { store(load(source + c, n - c), to: target + c, n - c) }
}
