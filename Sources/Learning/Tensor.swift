internal import TensorKernels

/// Values on their way through a network, NHWC or `[N, C]`, with their gradient once it is known.
///
/// The memory goes back to the engine when the last reference goes.
public final class Tensor {
  /// `[batch, height, width, channels]`, or `[batch, channels]`.
  public let shape: [Int]
  /// What is in memory: the values, or what a normalisation makes them of.
  let stored: Buffer
  /// Applied as the values are read, so that they need no memory of their own.
  let normalisation: DeferredNormalisation?
  private var made: Buffer?
  /// Whether a gradient is to be found for it.
  let isTracked: Bool
  private(set) var gradient: Buffer?

  init(
    shape: [Int], values: Buffer, isTracked: Bool, normalisation: DeferredNormalisation? = nil
  ) {
    self.shape = shape
    stored = values
    self.isTracked = isTracked
    self.normalisation = normalisation
  }

  /// The values; where a normalisation was put off they are made now and kept.
  var values: Buffer {
    if made == nil { made = normalisation?.make(of: stored, channels: channels) }
    return made ?? stored
  }

  /// Lets a reader that needs the values once read them; if they must be made, they are not kept.
  func read<Result>(_ body: (UnsafePointer<Float>) -> Result) -> Result {
    let values = made ?? normalisation?.make(of: stored, channels: channels) ?? stored
    return withExtendedLifetime(values) { body(values.pointer) }
  }

  public var count: Int { stored.count }
  /// The last dimension.
  public var channels: Int { shape[shape.count - 1] }

  /// A copy of the values.
  public var array: [Float] { Array(UnsafeBufferPointer(start: values.pointer, count: count)) }

  /// A copy of the gradient, if one has been found.
  public var gradientArray: [Float]? {
    gradient.map { Array(UnsafeBufferPointer(start: $0.pointer, count: count)) }
  }

  /// Replaces the values of a tensor that nothing was put off for; there are as many.
  func fill(_ values: [Float]) {
    precondition(values.count == count && normalisation == nil, "the values do not fit the tensor")
    values.withUnsafeBufferPointer { source in
      guard let base = source.baseAddress else { return }
      stored.pointer.update(from: base, count: source.count)
    }
  }

  /// Where an operation leaves its share: the first one overwrites, later ones add.
  func gradientTarget(on engine: Engine) -> GradientTarget {
    if let gradient { return GradientTarget(gradient.pointer, accumulate: true) }
    let buffer = engine.context.buffers.take(count)
    gradient = buffer
    return GradientTarget(buffer.pointer, accumulate: false)
  }

  /// Makes memory that another tensor no longer needs the gradient.
  func takeOver(gradient: Buffer) {
    precondition(self.gradient == nil, "there is a gradient already")
    self.gradient = gradient
  }

  /// Gives up the gradient's memory once every operation that reads it has run.
  func releaseGradient() { gradient = nil }
}

/// A batch normalisation that its readers apply.
struct DeferredNormalisation {
  let engine: Engine
  let centre: Buffer
  let scale: Buffer
  let shift: Buffer
  let rectifies: Bool

  var applied: AppliedNormalisation {
    AppliedNormalisation(
      centre: centre.pointer, scale: scale.pointer, shift: shift.pointer, rectifies: rectifies)
  }

  func make(of stored: Buffer, channels: Int) -> Buffer {
    let values = engine.context.buffers.take(stored.count)
    apply(
      applied, to: stored.pointer, rows: stored.count / channels, channels: channels,
      output: values.pointer, on: engine.context)
    return values
  }
}
