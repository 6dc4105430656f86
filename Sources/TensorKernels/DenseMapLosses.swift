/// Soft Dice over batch and space, summed over classes, and its gradient with respect to the logits.
///
///     p    = softmax(logits[n, :])
///     loss = weight · Σₖ (1 - (2 Σₙ p[n, k] t[n, k] + s) / (Σₙ p[n, k] + Σₙ t[n, k] + s))
///
/// | argument   | shape    | access                  |
/// |------------|----------|-------------------------|
/// | `logits`   | `[N, K]` | read                    |
/// | `labels`   | `[N]`    | read; whole, `0 ..< K`  |
/// | `gradient` | `[N, K]` | overwrite or add        |
///
/// `t` is 1 for a row's label. Rows are pixels of all images together (`dice_loss` of the published
/// HoVer-Net code, s = 0.001). Sums run in row order, in Float64.
public func softmaxDice(
  logits: UnsafePointer<Float>, labels: UnsafePointer<Float>, rows: Int, classes: Int,
  smoothing: Double, weight: Double, gradient: GradientTarget?, on context: KernelContext
) -> LossValue {
  let probabilities = context.buffers.take(rows * classes)
  let p = probabilities.pointer
  softmaxRows(
    logits, centre: nil, rows: rows, columns: classes, sharpness: 1, into: p, on: context.workers)
  let (sums, shared) = context.buffers.take(2 * classes, of: Double.self)
  let total = shared + classes
  let slopes = context.buffers.take(2 * classes)
  // Slopes of the loss along a probability, where the pixel has the class and where it has not.
  let (inside, outside) = (slopes.pointer, slopes.pointer + classes)
  let result = LossValue(on: context)
  let value = result.pointer
  context.workers.alone {
    shared.update(repeating: 0, count: 2 * classes)
    for n in 0..<rows {
      for k in 0..<classes { total[k] += Double(p[n * classes + k]) }
      let label = Int(labels[n])
      shared[label] += Double(p[n * classes + label])
      total[label] += 1
    }
    var loss = 0.0
    for k in 0..<classes { loss += 1 - (2 * shared[k] + smoothing) / (total[k] + smoothing) }
    value.pointee = weight * loss
    guard let gradient else { return }
    for k in 0..<classes {
      outside[k] = Float(
        weight * (2 * shared[k] + smoothing) / ((total[k] + smoothing) * (total[k] + smoothing)))
      inside[k] = outside[k] - Float(2 * weight / (total[k] + smoothing))
    }
    for n in 0..<rows {
      let (row, label) = (n * classes, Int(labels[n]))
      var mean: Float = 0
      for k in 0..<classes { mean += p[row + k] * (k == label ? inside[k] : outside[k]) }
      for k in 0..<classes {
        let slope = p[row + k] * ((k == label ? inside[k] : outside[k]) - mean)
        gradient.add(slope, at: row + k)
      }
    }
  }
  return withExtendedLifetime((probabilities, sums, slopes)) { result }
}

/// Which way each channel of a map of distances is differentiated.
public enum GradientAxes: String, Hashable, Sendable, CaseIterable {
  /// The distance along x by x, the distance along y by y, as the paper and MONAI have it.
  case aligned
  /// The distance along x by y and that along y by x: what the published code does, whose
  /// `torch.meshgrid` gives rows first.
  case exchanged
}

/// Mean squared error of the gradients of two-channel maps inside a region, and its gradient.
///
///     k[v, u] = u / (u² + v² + 1e-15)                     u, v in -2...2; for the derivative by x
///     loss    = weight · Σ focus · (k ⋆ (x - t))² / (2 Σ focus + 1e-8)
///
/// | argument   | shape          | access                     |
/// |------------|----------------|----------------------------|
/// | `x`        | `[N, H, W, 2]` | read                       |
/// | `targets`  | `[N, H, W, 2]` | read                       |
/// | `focus`    | `[N, H, W]`    | read; 1 inside, 0 outside  |
/// | `gradient` | `[N, H, W, 2]` | overwrite or add           |
///
/// The correlation sees zeros beyond the edges (`msge_loss` of the published HoVer-Net code).
public func distanceGradientError(
  _ x: UnsafePointer<Float>, targets: UnsafePointer<Float>, focus: UnsafePointer<Float>,
  images: Int, height: Int, width: Int, axes: GradientAxes, weight: Double,
  gradient: GradientTarget?, on context: KernelContext
) -> LossValue {
  let pixels = images * height * width
  let byX = (0..<25).map { i in
    let (u, v) = (Double(i % 5 - 2), Double(i / 5 - 2))
    return Float(u / (u * u + v * v + 1e-15))
  }
  let byY = (0..<25).map { byX[($0 % 5) * 5 + $0 / 5] }
  let kernels = axes == .aligned ? [byX, byY] : [byY, byX]
  let turned = kernels.map { Array($0.reversed()) }
  let memory = context.buffers.take(2 * pixels)
  let (errors, slopes) = (memory.pointer, memory.pointer + pixels)
  let loss = LossValue(on: context)
  let result = loss.pointer
  context.workers.alone {
    var region = 0.0
    for i in 0..<pixels { region += Double(focus[i]) }
    let scale = weight / (2 * region + 1e-8)
    var sum = 0.0
    for channel in 0..<2 {
      for i in 0..<pixels { errors[i] = x[2 * i + channel] - targets[2 * i + channel] }
      correlate(
        errors, kernels[channel], images: images, height: height, width: width, into: slopes)
      for i in 0..<pixels { sum += Double(focus[i]) * Double(slopes[i]) * Double(slopes[i]) }
      guard let gradient else { continue }
      for i in 0..<pixels { slopes[i] *= focus[i] * Float(2 * scale) }
      // Back through a correlation: the correlation with the kernel turned by half.
      correlate(
        slopes, turned[channel], images: images, height: height, width: width, into: errors)
      for i in 0..<pixels { gradient.add(errors[i], at: 2 * i + channel) }
    }
    result.pointee = sum * scale
  }
  return withExtendedLifetime(memory) { loss }
}

/// Correlates single-channel images with a 5 x 5 kernel, zeros beyond their edges.
private func correlate(
  _ x: UnsafePointer<Float>, _ kernel: [Float], images: Int, height: Int, width: Int,
  into y: UnsafeMutablePointer<Float>
) {
  y.update(repeating: 0, count: images * height * width)
  for image in 0..<images {
    let base = image * height * width
    for row in 0..<height {
      for (tap, factor) in kernel.enumerated() where factor != 0 {
        let (dy, dx) = (tap / 5 - 2, tap % 5 - 2)
        guard row + dy >= 0, row + dy < height else { continue }
        let (target, source) = (y + base + row * width, x + base + (row + dy) * width + dx)
        let first = max(0, -dx)
        for column in first..<max(first, min(width, width - dx)) {
          target[column] += factor * source[column]
        }
      }
    }
  }
}

extension GradientTarget {
  /// Writes or adds one value.
  @inline(__always)
  fileprivate func add(_ value: Float, at i: Int) {
    pointer[i] = accumulate ? pointer[i] + value : value
  }
}
