/// The gradients of a batch normalisation whose statistics were held: they are constants here.
///
///     dx (+)= dy γ / √(variance + ε)      dγ (+)= Σ dy (x - mean) / √(variance + ε)      dβ (+)= Σ dy
///
/// dy counts where the rectified output is positive. A target that is nil is not wanted.
public func heldNormalisationGradient(
  _ shape: NormalisationShape, outputGradient dy: UnsafePointer<Float>,
  record: NormalisationRecord, gammaGradient: GradientTarget?, betaGradient: GradientTarget?,
  inputGradient: GradientTarget?, residualGradient: GradientTarget?, on context: KernelContext
) {
  let channels = shape.channels
  let partial = context.buffers.take(shape.chunks * 2 * channels)
  context.workers.forEach(chunks: shape.chunks) { chunk in
    for c in stride(from: 0, to: channels, by: 8) {
      let lanes = channels - c
      let mean = load(record.mean + c, lanes)
      let deviation = load(record.inverseDeviation + c, lanes)
      let scale = record.gamma.map { load($0 + c, lanes) * deviation } ?? deviation
      let gate = GateLanes(record.gate, at: c, lanes)
      var shift = Lanes()
      var slope = Lanes()
      for r in shape.range(of: chunk) {
        let i = r * channels + c
        let x = load(record.input + i, lanes)
        let g = gate.passed(load(dy + i, lanes), x, i, lanes)
        shift += g
        slope = slope.addingProduct(g, (x - mean) * deviation)
        inputGradient?.put(g * scale, at: i, lanes)
        residualGradient?.put(g, at: i, lanes)
      }
      store(shift, to: partial.pointer + chunk * 2 * channels + c, lanes)
      store(slope, to: partial.pointer + (chunk * 2 + 1) * channels + c, lanes)
    }
  }
  for (target, offset) in [(betaGradient, 0), (gammaGradient, channels)] {
    guard let target else { continue }
    for c in 0..<channels {
      var sum = 0.0
      for chunk in 0..<shape.chunks {
        sum += Double(partial.pointer[chunk * 2 * channels + offset + c])
      }
      target.pointer[c] = target.accumulate ? target.pointer[c] + Float(sum) : Float(sum)
    }
  }
  withExtendedLifetime(partial) {}
}
