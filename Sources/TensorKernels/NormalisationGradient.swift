internal import Tiles

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

/// The gradients of a batch normalisation whose statistics were those of the batch.
///
/// The input's gradient may lie where the output's is.
public func normalisationGradient(
  _ shape: NormalisationShape, outputGradient dy: UnsafePointer<Float>,
  record: NormalisationRecord, gammaGradient: GradientTarget?, betaGradient: GradientTarget?,
  inputGradient: GradientTarget?, residualGradient: GradientTarget?, on context: KernelContext
) {
  let passes = NormalisationPasses(shape: shape, dy: dy, record: record, context: context)
  let sums = passes.sums()
  put(sums, of: shape, gammaGradient, betaGradient)
  passes.spread(sums.pointer, to: inputGradient, residual: residualGradient)
}

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
  let passes = NormalisationPasses(shape: shape, dy: dy, record: record, context: context)
  if gammaGradient != nil || betaGradient != nil {
    put(passes.sums(), of: shape, gammaGradient, betaGradient)
  }
  // Without statistics of the batch nothing comes back from the other samples.
  let nothing = context.buffers.takeZeroed(2 * shape.channels)
  passes.spread(nothing.pointer, to: inputGradient, residual: residualGradient)
}

/// - Parameter sums: The sums of the gradients, then of their products with the normalised input.
private func put(
  _ sums: Buffer, of shape: NormalisationShape, _ gamma: GradientTarget?, _ beta: GradientTarget?
) {
  for (target, offset) in [(beta, 0), (gamma, shape.channels)] {
    guard let target else { continue }
    for c in stride(from: 0, to: shape.channels, by: 8) {
      let lanes = shape.channels - c
      target.put(load(sums.pointer + offset + c, lanes), at: c, lanes)
    }
  }
}

/// The two passes over a normalisation's input and its output's gradient.
private struct NormalisationPasses {
  let shape: NormalisationShape
  let record: NormalisationRecord
  let pass: NormalisationPass
  let context: KernelContext

  init(
    shape: NormalisationShape, dy: UnsafePointer<Float>, record: NormalisationRecord,
    context: KernelContext
  ) {
    self.shape = shape
    self.record = record
    self.context = context
    let gate: NormalisationPass.Gate =
      switch record.gate {
      case .none: .none
      case .output(let y): .output(y)
      case .normalisation(let normalisation): .normalisation(normalisation.lazy)
      }
    pass = NormalisationPass(
      input: record.input, outputGradient: dy, gate: gate, mean: record.mean,
      channels: shape.channels)
  }

  /// The sums of the gradients, then of their products with the normalised input.
  func sums() -> Buffer {
    let (shape, pass, tiles) = (shape, pass, context.tiles)
    let channels = shape.channels
    let partial = context.buffers.take(shape.chunks * 2 * channels)
    context.workers.forEach(chunks: shape.chunks) { chunk in
      let target = partial.pointer + chunk * 2 * channels
      target.update(repeating: 0, count: 2 * channels)
      tiles.addGradientSums(pass, rows: shape.range(of: chunk), to: target)
    }
    let sums = context.buffers.take(2 * channels)
    forEachVector(of: channels, on: context.workers) { c, lanes in
      var sum = DoubleLanes()
      var product = DoubleLanes()
      for chunk in 0..<shape.chunks {
        let p = partial.pointer + chunk * 2 * channels + c
        sum += doubles(load(p, lanes))
        product += doubles(load(p + channels, lanes))
      }
      product *= doubles(load(record.inverseDeviation + c, lanes))
      store(floats(sum), to: sums.pointer + c, lanes)
      store(floats(product), to: sums.pointer + channels + c, lanes)
    }
    return sums
  }

  /// The gradients of the input and of what was added before the gate.
  func spread(_ sums: UnsafePointer<Float>, to input: GradientTarget?, residual: GradientTarget?) {
    guard input != nil || residual != nil else { return }
    let (shape, pass, tiles) = (shape, pass, context.tiles)
    let channels = shape.channels
    let constants = context.buffers.take(3 * channels)
    let inverse = 1 / Float(shape.rows)
    for c in stride(from: 0, to: channels, by: 8) {
      let lanes = channels - c
      let deviation = load(record.inverseDeviation + c, lanes)
      let scale = record.gamma.map { deviation * load($0 + c, lanes) } ?? deviation
      store(scale, to: constants.pointer + c, lanes)
      store(load(sums + c, lanes) * -inverse, to: constants.pointer + channels + c, lanes)
      let slope = load(sums + channels + c, lanes) * deviation * inverse
      store(slope, to: constants.pointer + 2 * channels + c, lanes)
    }
    let spread = GradientSpread(
      scale: constants.pointer, offset: constants.pointer + channels,
      slope: constants.pointer + 2 * channels, input: input?.pointer,
      addsToInput: input?.accumulate ?? false, residual: residual?.pointer,
      addsToResidual: residual?.accumulate ?? false)
    // From the end, which the first pass has left in the caches.
    context.workers.forEach(chunks: shape.chunks) { chunk in
      tiles.spreadGradient(pass, rows: shape.range(of: shape.chunks - 1 - chunk), by: spread)
    }
    withExtendedLifetime(constants) {}
  }
}
