internal import TensorKernels

/// A named array that a network learns or keeps statistics in.
///
/// Outside it has PyTorch's shape and order; inside, weights of more than one dimension lie
/// `[kh, kw, in, out]`, as the kernels want them.
public final class Parameter {
  /// The key of the state dict.
  public let name: String
  /// PyTorch's: `[out, in, kh, kw]`, `[out, in]` or `[channels]`.
  public let shape: [Int]
  let values: Buffer
  let workers: WorkerPool
  /// From the first operation that leaves a share of it until it is forgotten.
  private(set) var gradient: Buffer?

  /// Zeros, until it is initialised or loaded.
  public init(name: String, shape: [Int], on engine: Engine) {
    self.name = name
    self.shape = shape
    values = engine.context.buffers.takeZeroed(shape.reduce(1, *))
    workers = engine.context.workers
  }

  public var count: Int { values.count }

  /// Whether it is to stay as it is; see `ParameterSet.freeze`.
  public var isFrozen = false {
    didSet { if isFrozen != oldValue { workers.noteChange() } }
  }

  /// Whether it is a running statistic, which is kept, not learned.
  public var isStatistic: Bool {
    name.hasSuffix("running_mean") || name.hasSuffix("running_var")
  }

  /// Whether it learns.
  public var isTrainable: Bool { !isStatistic && !isFrozen }

  /// A copy of the values in PyTorch's order.
  public var array: [Float] { inArchiveOrder(values.pointer) }

  /// A copy of the gradient in PyTorch's order, if there is one.
  public var gradientArray: [Float]? { gradient.map { inArchiveOrder($0.pointer) } }

  /// Replaces the values by some in PyTorch's order.
  public func set(_ values: [Float]) { values.withUnsafeBufferPointer { set($0) } }

  /// Replaces the values by some in PyTorch's order.
  public func set(_ values: UnsafeBufferPointer<Float>) {
    precondition(values.count == count, "the values do not fit the parameter")
    precondition(!workers.isRecording, "a recorded step changes parameters by its kernels alone")
    guard let base = values.baseAddress else { return }
    if shape.count > 1 {
      packWeights(
        base, out: shape[0], in: shape[1], taps: taps, into: self.values.pointer, on: workers)
    } else {
      self.values.pointer.update(from: base, count: count)
    }
  }

  /// Where an operation leaves its share of the gradient.
  func gradientTarget(on engine: Engine) -> GradientTarget {
    if let gradient { return GradientTarget(gradient.pointer, accumulate: true) }
    let buffer = engine.context.buffers.take(count)
    gradient = buffer
    return GradientTarget(buffer.pointer, accumulate: false)
  }

  /// Gives the gradient's memory back: activations use it until gradients follow them.
  func clearGradient() { gradient = nil }

  private var taps: Int { shape.dropFirst(2).reduce(1, *) }

  private func inArchiveOrder(_ source: UnsafePointer<Float>) -> [Float] {
    precondition(!workers.isRecording, "what a recorded step finds is read afterwards")
    return [Float](unsafeUninitializedCapacity: count) { target, filled in
      filled = count
      guard let base = target.baseAddress else { return }
      if shape.count > 1 {
        unpackWeights(
          source, out: shape[0], in: shape[1], taps: taps, into: base, on: workers)
      } else {
        base.update(from: source, count: count)
      }
    }
  }
}

/// A network's parameters in the order of its state dict.
public struct ParameterSet {
  public let all: [Parameter]
  private let places: [String: Int]

  /// - Parameter keys: Distinct names with PyTorch's shapes.
  public init(_ keys: [(name: String, shape: [Int])], on engine: Engine) {
    self.init(keys.map { Parameter(name: $0.name, shape: $0.shape, on: engine) })
  }

  public init(_ all: [Parameter]) {
    self.all = all
    places = Dictionary(
      uniqueKeysWithValues: all.enumerated().map { ($0.element.name, $0.offset) })
  }

  public var trainable: [Parameter] { all.filter(\.isTrainable) }

  public func find(_ name: String) -> Parameter? { places[name].map { all[$0] } }

  /// The parameter of a name that is known to exist.
  public subscript(name: String) -> Parameter {
    guard let parameter = find(name) else { preconditionFailure("no parameter is named \(name)") }
    return parameter
  }
}
