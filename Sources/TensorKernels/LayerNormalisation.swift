/// Normalises each row to mean 0 and variance 1, then scales and shifts its columns (Ba et al. 2016).
///
///     y[r, c] = γ[c] (x[r, c] - mean[r]) / √(variance[r] + ε) + β[c]     variance biased
///
/// | argument                   | shape              | access    |
/// |----------------------------|--------------------|-----------|
/// | `x`, `y`                   | `[rows, channels]` | read, overwrite |
/// | `gamma`, `beta`            | `[channels]`       | read      |
/// | `mean`, `inverseDeviation` | `[rows]`           | overwrite |
///
/// A row's sums run in lanes, joined in one order: the bits depend on the shape alone.
public func layerNormalise(
  _ shape: NormalisationShape, input x: UnsafePointer<Float>, gamma: UnsafePointer<Float>,
  beta: UnsafePointer<Float>, epsilon: Float, mean: UnsafeMutablePointer<Float>,
  inverseDeviation: UnsafeMutablePointer<Float>, output y: UnsafeMutablePointer<Float>,
  on workers: WorkerPool
) {
  let channels = shape.channels
  let inverse = 1 / Float(channels)
  workers.forEach(chunks: shape.chunks) { chunk in
    for r in shape.range(of: chunk) {
      let row = x + r * channels
      var sum = Lanes()
      for c in stride(from: 0, to: channels, by: 8) { sum += load(row + c, channels - c) }
      let centre = sum.total * inverse
      var square = Lanes()
      for c in stride(from: 0, to: channels, by: 8) {
        let d = masked(load(row + c, channels - c) - centre, channels - c)
        square = square.addingProduct(d, d)
      }
      let deviation = 1 / (square.total * inverse + epsilon).squareRoot()
      mean[r] = centre
      inverseDeviation[r] = deviation
      for c in stride(from: 0, to: channels, by: 8) {
        let lanes = channels - c
        let value = (load(row + c, lanes) - centre) * deviation
        store(
          load(beta + c, lanes).addingProduct(value, load(gamma + c, lanes)),
          to: y + r * channels + c, lanes)
      }
    }
  }
}

/// The gradients of `layerNormalise`; a target that is nil is not wanted.
public func layerNormalisationGradient(
  _ shape: NormalisationShape, outputGradient dy: UnsafePointer<Float>,
  input x: UnsafePointer<Float>, gamma: UnsafePointer<Float>, mean: UnsafePointer<Float>,
  inverseDeviation: UnsafePointer<Float>, gammaGradient: GradientTarget?,
  betaGradient: GradientTarget?, inputGradient: GradientTarget?, on context: KernelContext
) {
  let channels = shape.channels
  let inverse = 1 / Float(channels)
  let partial = context.buffers.take(shape.chunks * 2 * channels)
  let parts = partial.pointer
  context.workers.forEach(chunks: shape.chunks) { chunk in
    let rows = shape.range(of: chunk)
    for c in stride(from: 0, to: channels, by: 8) {
      let lanes = channels - c
      var shift = Lanes()
      var slope = Lanes()
      for r in rows {
        let g = load(dy + r * channels + c, lanes)
        let value = (load(x + r * channels + c, lanes) - mean[r]) * inverseDeviation[r]
        shift += g
        slope = slope.addingProduct(g, value)
      }
      store(shift, to: parts + chunk * 2 * channels + c, lanes)
      store(slope, to: parts + (chunk * 2 + 1) * channels + c, lanes)
    }
    guard let inputGradient else { return }
    for r in rows {
      let row = r * channels
      var sum = Lanes()
      var product = Lanes()
      for c in stride(from: 0, to: channels, by: 8) {
        let lanes = channels - c
        let g = load(dy + row + c, lanes) * load(gamma + c, lanes)
        sum += g
        product = product.addingProduct(g, load(x + row + c, lanes) - mean[r])
      }
      let deviation = inverseDeviation[r]
      let constant = sum.total * inverse
      let slope = product.total * deviation * deviation * inverse
      for c in stride(from: 0, to: channels, by: 8) {
        let lanes = channels - c
        let g = load(dy + row + c, lanes) * load(gamma + c, lanes)
        let centred = load(x + row + c, lanes) - mean[r]
        inputGradient.put((g - constant - centred * slope) * deviation, at: row + c, lanes)
      }
    }
  }
  for (target, offset) in [(betaGradient, 0), (gammaGradient, channels)] {
    guard let target else { continue }
    context.workers.alone {
      for c in 0..<channels {
        var sum = 0.0
        for chunk in 0..<shape.chunks {
          sum += Double(parts[chunk * 2 * channels + offset + c])
        }
        target.pointer[c] = target.accumulate ? target.pointer[c] + Float(sum) : Float(sum)
      }
    }
  }
  withExtendedLifetime(partial) {}
}

/// Zeros in the lanes past `count`.
@inline(__always)
func masked(_ value: Lanes, _ count: Int) -> Lanes {
  if count >= 8 { return value }
  var value = value
  for lane in max(0, count)..<8 { value[lane] = 0 }
  return value
}
