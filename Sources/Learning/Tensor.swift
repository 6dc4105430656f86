internal import TensorKernels

/// Values on their way through a network, NHWC or `[N, C]`, with their gradient once it is known.
///
/// The memory goes back to the engine when the last reference goes.
public final class Tensor {
  /// `[batch, height, width, channels]`, or `[batch, channels]`.
  public let shape: [Int]
  let values: Buffer
  /// Whether a gradient is to be found for it.
  let isTracked: Bool
  private(set) var gradient: Buffer?

  init(shape: [Int], values: Buffer, isTracked: Bool) {
    self.shape = shape
    self.values = values
    self.isTracked = isTracked
  }

  public var count: Int { values.count }
  /// The last dimension.
  public var channels: Int { shape[shape.count - 1] }

  /// A copy of the values.
  public var array: [Float] { Array(UnsafeBufferPointer(start: values.pointer, count: count)) }

  /// A copy of the gradient, if one has been found.
  public var gradientArray: [Float]? {
    gradient.map { Array(UnsafeBufferPointer(start: $0.pointer, count: count)) }
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
