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
  passes.put(sums.pointer, gammaGradient, betaGradient)
  passes.spread(sums.pointer, to: inputGradient, residual: residualGradient)
  withExtendedLifetime(sums) {}
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
    let sums = passes.sums()
    passes.put(sums.pointer, gammaGradient, betaGradient)
    withExtendedLifetime(sums) {}
  }
  // Without statistics of the batch nothing comes back from the other samples.
  let nothing = context.takeZeroed(2 * shape.channels)
  passes.spread(nothing.pointer, to: inputGradient, residual: residualGradient)
  withExtendedLifetime(nothing) {}
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
    let parts = partial.pointer
    context.workers.forEach(chunks: shape.chunks) { chunk in
      let target = parts + chunk * 2 * channels
      target.update(repeating: 0, count: 2 * channels)
      tiles.addGradientSums(pass, rows: shape.range(of: chunk), to: target)
    }
    let sums = context.buffers.take(2 * channels)
    let (deviation, results) = (record.inverseDeviation, sums.pointer)
    forEachVector(of: channels, on: context.workers) { c, lanes in
      var sum = DoubleLanes()
      var product = DoubleLanes()
      for chunk in 0..<shape.chunks {
        let p = parts + chunk * 2 * channels + c
        sum += doubles(load(p, lanes))
        product += doubles(load(p + channels, lanes))
      }
      product *= doubles(load(deviation + c, lanes))
      store(floats(sum), to: results + c, lanes)
      store(floats(product), to: results + channels + c, lanes)
    }
    return withExtendedLifetime(partial) { sums }
  }

  /// The gradients of factors and offsets.
  func put(_ sums: UnsafePointer<Float>, _ gamma: GradientTarget?, _ beta: GradientTarget?) {
    let channels = shape.channels
    context.workers.alone {
      for c in stride(from: 0, to: channels, by: 8) {
        let lanes = channels - c
        beta?.put(load(sums + c, lanes), at: c, lanes)
        gamma?.put(load(sums + channels + c, lanes), at: c, lanes)
      }
    }
  }

  /// The gradients of the input and of what was added before the gate.
  func spread(_ sums: UnsafePointer<Float>, to input: GradientTarget?, residual: GradientTarget?) {
    guard input != nil || residual != nil else { return }
    let (shape, pass, tiles) = (shape, pass, context.tiles)
    let channels = shape.channels
    let constants = context.buffers.take(3 * channels)
    let inverse = 1 / Float(shape.rows)
    let (record, scales) = (record, constants.pointer)
    let (offsets, slopes) = (scales + channels, scales + 2 * channels)
    context.workers.alone {
      for c in stride(from: 0, to: channels, by: 8) {
        let lanes = channels - c
        let deviation = load(record.inverseDeviation + c, lanes)
        let scale = record.gamma.map { deviation * load($0 + c, lanes) } ?? deviation
        store(scale, to: scales + c, lanes)
        store(load(sums + c, lanes) * -inverse, to: offsets + c, lanes)
        store(load(sums + channels + c, lanes) * deviation * inverse, to: slopes + c, lanes)
      }
    }
    let spread = GradientSpread(
      scale: scales, offset: offsets, slope: slopes, input: input?.pointer,
      addsToInput: input?.accumulate ?? false, residual: residual?.pointer,
      addsToResidual: residual?.accumulate ?? false)
    // From the end, which the first pass has left in the caches.
    context.workers.forEach(chunks: shape.chunks) { chunk in
      tiles.spreadGradient(pass, rows: shape.range(of: shape.chunks - 1 - chunk), by: spread)
    }
    withExtendedLifetime(constants) {}
  }
}
