internal import CHints

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
///
/// Each goes through rows as they lie in memory, four at a time: what belongs to a channel is read
/// once for four values. Their time is that of reading; passes down the channels took twice as long.
private struct NormalisationPasses {
  let shape: NormalisationShape
  let dy: UnsafePointer<Float>
  let record: NormalisationRecord
  let context: KernelContext

  private static let rowsPerBlock = 4

  /// The sums of the gradients, then of their products with the normalised input.
  func sums() -> Buffer {
    let channels = shape.channels
    let partial = context.buffers.take(shape.chunks * 2 * channels)
    context.workers.forEach(chunks: shape.chunks) { chunk in
      let target = partial.pointer + chunk * 2 * channels
      target.update(repeating: 0, count: 2 * channels)
      switch record.gate {
      case .none: add(rows: shape.range(of: chunk), to: target, OpenGate())
      case .output(let y): add(rows: shape.range(of: chunk), to: target, OutputGate(y: y))
      case .normalisation(let normalisation):
        add(rows: shape.range(of: chunk), to: target, RepeatedGate(normalisation: normalisation))
      }
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

  private func add<Gate: GradientGate>(rows: Range<Int>, to sums: Output, _ gate: Gate) {
    // Copies on the stack: a store through a pointer might change what `self` holds.
    let (channels, input, dy, means) = (shape.channels, record.input, self.dy, record.mean)
    let products = sums + channels
    @inline(__always)
    func add(_ first: Int, _ count: Int, _ c: Int, _ lanes: Int) {
      let mean = load(means + c, lanes)
      let gate = gate.lanes(at: c, lanes)
      var sum = load(sums + c, lanes)
      var product = load(products + c, lanes)
      for r in 0..<count {
        let i = first + r * channels
        let x = load(input + i, lanes)
        let gradient = gate.passed(load(dy + i, lanes), x, i, lanes)
        sum += gradient
        product = product.addingProduct(gradient, x - mean)
      }
      store(sum, to: sums + c, lanes)
      store(product, to: products + c, lanes)
    }
    for row in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rowsPerBlock) {
      let count = min(Self.rowsPerBlock, rows.upperBound - row)
      for c in stride(from: 0, to: channels, by: 8) {
        let first = row * channels + c
        Self.prefetch(input, dy, first + (Self.rowsPerBlock - 1) * c)
        // Constants, where they are the common ones, spare the loop its tests.
        if count == Self.rowsPerBlock, channels - c >= 8 {
          add(first, Self.rowsPerBlock, c, 8)
        } else {
          add(first, count, c, channels - c)
        }
      }
    }
  }

  /// Asks for what will be read some kilobytes on. Rows in turns look like no stream to the
  /// processor: without this large tensors took twice as long.
  @inline(__always)
  private static func prefetch(_ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ i: Int) {
    let ahead = i + 1024
    prefetch_line(x + ahead)
    prefetch_line(x + ahead + 16)
    prefetch_line(dy + ahead)
    prefetch_line(dy + ahead + 16)
  }

  /// The gradients of the input and of what was added before the gate.
  func spread(_ sums: UnsafePointer<Float>, to input: GradientTarget?, residual: GradientTarget?) {
    guard input != nil || residual != nil else { return }
    // From the end, which the first pass has left in the caches.
    context.workers.forEach(chunks: shape.chunks) { chunk in
      let rows = shape.range(of: shape.chunks - 1 - chunk)
      switch record.gate {
      case .none: spread(rows, sums, input, residual, OpenGate())
      case .output(let y): spread(rows, sums, input, residual, OutputGate(y: y))
      case .normalisation(let normalisation):
        spread(rows, sums, input, residual, RepeatedGate(normalisation: normalisation))
      }
    }
  }

  private func spread<Gate: GradientGate>(
    _ rows: Range<Int>, _ sums: UnsafePointer<Float>, _ target: GradientTarget?,
    _ residual: GradientTarget?, _ gate: Gate
  ) {
    let (channels, input, dy, means) = (shape.channels, record.input, self.dy, record.mean)
    let (deviations, gammas) = (record.inverseDeviation, record.gamma)
    let inverse = 1 / Float(shape.rows)
    @inline(__always)
    func spread(_ first: Int, _ count: Int, _ c: Int, _ lanes: Int) {
      let deviation = load(deviations + c, lanes)
      let mean = load(means + c, lanes)
      var scale = deviation
      if let gammas { scale *= load(gammas + c, lanes) }
      let constant = load(sums + c, lanes) * inverse
      let slope = load(sums + channels + c, lanes) * deviation * inverse
      let gate = gate.lanes(at: c, lanes)
      for r in 0..<count {
        let i = first + r * channels
        let x = load(input + i, lanes)
        let gradient = gate.passed(load(dy + i, lanes), x, i, lanes)
        target?.put(scale * (gradient - constant - (x - mean) * slope), at: i, lanes)
        residual?.put(gradient, at: i, lanes)
      }
    }
    for row in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.rowsPerBlock) {
      let count = min(Self.rowsPerBlock, rows.upperBound - row)
      for c in stride(from: 0, to: channels, by: 8) {
        let first = row * channels + c
        Self.prefetch(input, dy, first + (Self.rowsPerBlock - 1) * c)
        if count == Self.rowsPerBlock, channels - c >= 8 {
          spread(first, Self.rowsPerBlock, c, 8)
        } else {
          spread(first, count, c, channels - c)
        }
      }
    }
  }
}

/// Tells where gradients pass.
private protocol GradientGate {
  associatedtype Lane: GradientGateLanes
  /// The gate of the channels from `c`, of which `count` are real.
  func lanes(at c: Int, _ count: Int) -> Lane
}

/// A gate for one vector of channels.
private protocol GradientGateLanes {
  /// The part of a gradient that passes.
  ///
  /// - Parameter x: The normalisation's input at element i.
  func passed(_ gradient: Lanes, _ x: Lanes, _ i: Int, _ count: Int) -> Lanes
}

private struct OpenGate: GradientGate, GradientGateLanes {
  @inline(__always)
  func lanes(at c: Int, _ count: Int) -> OpenGate { self }

  @inline(__always)
  func passed(_ gradient: Lanes, _ x: Lanes, _ i: Int, _ count: Int) -> Lanes { gradient }
}

private struct OutputGate: GradientGate, GradientGateLanes {
  var y: UnsafePointer<Float>

  @inline(__always)
  func lanes(at c: Int, _ count: Int) -> OutputGate { self }

  @inline(__always)
  func passed(_ gradient: Lanes, _ x: Lanes, _ i: Int, _ count: Int) -> Lanes {
    gradient.replacing(with: Lanes(), where: load(y + i, count) .<= 0)
  }
}

private struct RepeatedGate: GradientGate {
  var normalisation: AppliedNormalisation

  struct Lane: GradientGateLanes {
    var centre: Lanes
    var scale: Lanes
    var shift: Lanes

    @inline(__always)
    func passed(_ gradient: Lanes, _ x: Lanes, _ i: Int, _ count: Int) -> Lanes {
      gradient.replacing(with: Lanes(), where: shift + (x - centre) * scale .<= 0)
    }
  }

  @inline(__always)
  func lanes(at c: Int, _ count: Int) -> Lane {
    Lane(
      centre: load(normalisation.centre + c, count), scale: load(normalisation.scale + c, count),
      shift: load(normalisation.shift + c, count))
  }
}
