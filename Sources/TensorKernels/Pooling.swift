/// The sizes of a pooling over NHWC images, `kernel` by `kernel` pixels.
public struct PoolingShape: Hashable, Sendable {
  public var batch: Int
  public var height: Int
  public var width: Int
  public var channels: Int
  public var kernel: Int
  public var stride: Int
  public var padding: Int

  public init(
    batch: Int, height: Int, width: Int, channels: Int, kernel: Int, stride: Int, padding: Int = 0
  ) {
    self.batch = batch
    self.height = height
    self.width = width
    self.channels = channels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }

  public var outputHeight: Int { (height + 2 * padding - kernel) / stride + 1 }
  public var outputWidth: Int { (width + 2 * padding - kernel) / stride + 1 }
  public var inputCount: Int { batch * height * width * channels }
  public var outputCount: Int { batch * outputHeight * outputWidth * channels }

  /// The kernel positions i for which `position * stride - padding + i` lies in the image.
  @inline(__always)
  func inside(_ position: Int, of size: Int) -> Range<Int> {
    let origin = position * stride - padding
    return max(0, -origin)..<min(kernel, size - origin)
  }

  /// The output positions whose kernel covers an input position.
  @inline(__always)
  func covering(_ position: Int, outputs: Int) -> Range<Int> {
    let reach = position + padding
    let first = reach < kernel ? 0 : (reach - kernel) / stride + 1
    return first..<max(first, min(outputs, reach / stride + 1))
  }
}

/// The largest value under the kernel; the first of equal ones wins, and NaN wins over all.
///
/// - Parameter winners: As large as y: which kernel position won, for the backward pass.
public func maximumPool(
  _ shape: PoolingShape, input x: UnsafePointer<Float>, output y: UnsafeMutablePointer<Float>,
  winners: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  let channels = shape.channels
  workers.forEach(chunks: shape.batch * shape.outputHeight) { row in
    let n = row / shape.outputHeight
    let a = row % shape.outputHeight
    let rows = shape.inside(a, of: shape.height)
    for b in 0..<shape.outputWidth {
      let target = (row * shape.outputWidth + b) * channels
      let columns = shape.inside(b, of: shape.width)
      forEachEight(of: channels) { c, count in
        var best = Lanes(repeating: -.infinity)
        var winner = Lanes(repeating: -1)
        for i in rows {
          let h = a * shape.stride - shape.padding + i
          for j in columns {
            let w = b * shape.stride - shape.padding + j
            let value = load(
              x + ((n * shape.height + h) * shape.width + w) * channels + c, count)
            let wins = (value .> best) .| (value .!= value) .| (winner .< 0)
            best.replace(with: value, where: wins)
            winner.replace(with: Lanes(repeating: Float(i * shape.kernel + j)), where: wins)
          }
        }
        store(best, to: y + target + c, count)
        store(winner, to: winners + target + c, count)
      }
    }
  }
}

/// Sends each gradient to the input that won.
public func maximumPoolGradient(
  _ shape: PoolingShape, outputGradient dy: UnsafePointer<Float>, winners: UnsafePointer<Float>,
  inputGradient: GradientTarget, on workers: WorkerPool
) {
  let channels = shape.channels
  workers.forEach(chunks: shape.batch * shape.height) { row in
    let n = row / shape.height
    let h = row % shape.height
    let rows = shape.covering(h, outputs: shape.outputHeight)
    for w in 0..<shape.width {
      // Found once: to divide takes longer than to add.
      let columns = shape.covering(w, outputs: shape.outputWidth)
      forEachEight(of: channels) { c, count in
        var sum = Lanes()
        for a in rows {
          let i = h + shape.padding - a * shape.stride
          for b in columns {
            let j = w + shape.padding - b * shape.stride
            let source = ((n * shape.outputHeight + a) * shape.outputWidth + b) * channels + c
            let won = load(winners + source, count) .== Float(i * shape.kernel + j)
            sum += Lanes().replacing(with: load(dy + source, count), where: won)
          }
        }
        inputGradient.put(sum, at: (row * shape.width + w) * channels + c, count)
      }
    }
  }
}

/// The mean under the kernel; padding counts as zeros, as PyTorch has it by default.
public func averagePool(
  _ shape: PoolingShape, input x: UnsafePointer<Float>, output y: UnsafeMutablePointer<Float>,
  on workers: WorkerPool
) {
  let channels = shape.channels
  let inverse = 1 / Float(shape.kernel * shape.kernel)
  workers.forEach(chunks: shape.batch * shape.outputHeight) { row in
    let n = row / shape.outputHeight
    let a = row % shape.outputHeight
    let rows = shape.inside(a, of: shape.height)
    for b in 0..<shape.outputWidth {
      let columns = shape.inside(b, of: shape.width)
      forEachEight(of: channels) { c, count in
        var sum = Lanes()
        for i in rows {
          let h = a * shape.stride - shape.padding + i
          for j in columns {
            let w = b * shape.stride - shape.padding + j
            sum += load(x + ((n * shape.height + h) * shape.width + w) * channels + c, count)
          }
        }
        store(sum * inverse, to: y + (row * shape.outputWidth + b) * channels + c, count)
      }
    }
  }
}

/// Spreads each gradient over the inputs that were averaged.
public func averagePoolGradient(
  _ shape: PoolingShape, outputGradient dy: UnsafePointer<Float>, inputGradient: GradientTarget,
  on workers: WorkerPool
) {
  let channels = shape.channels
  let inverse = 1 / Float(shape.kernel * shape.kernel)
  workers.forEach(chunks: shape.batch * shape.height) { row in
    let n = row / shape.height
    let h = row % shape.height
    let rows = shape.covering(h, outputs: shape.outputHeight)
    for w in 0..<shape.width {
      let columns = shape.covering(w, outputs: shape.outputWidth)
      forEachEight(of: channels) { c, count in
        var sum = Lanes()
        for a in rows {
          for b in columns {
            sum += load(
              dy + ((n * shape.outputHeight + a) * shape.outputWidth + b) * channels + c,
              count)
          }
        }
        inputGradient.put(sum * inverse, at: (row * shape.width + w) * channels + c, count)
      }
    }
  }
}

/// The mean over all pixels of an image: `[batch, pixels, channels]` to `[batch, channels]`.
public func globalAverage(
  _ x: UnsafePointer<Float>, batch: Int, pixels: Int, channels: Int,
  output y: UnsafeMutablePointer<Float>, on workers: WorkerPool
) {
  workers.forEach(chunks: batch) { n in
    forEachEight(of: channels) { c, count in
      var sum = Lanes()
      for p in 0..<pixels { sum += load(x + (n * pixels + p) * channels + c, count) }
      store(sum / Float(pixels), to: y + n * channels + c, count)
    }
  }
}

/// Spreads each gradient evenly over an image's pixels.
public func globalAverageGradient(
  _ dy: UnsafePointer<Float>, batch: Int, pixels: Int, channels: Int,
  inputGradient: GradientTarget, on workers: WorkerPool
) {
  workers.forEach(chunks: batch) { n in
    for p in 0..<pixels {
      forEachEight(of: channels) { c, count in
        inputGradient.put(
          load(dy + n * channels + c, count) / Float(pixels),
          at: (n * pixels + p) * channels + c, count)
      }
    }
  }
}
