internal import TensorKernels

/// The threads and the memory that one network runs on.
///
/// Not to be shared between threads; results do not depend on how many it has.
public final class Engine {
  let context: KernelContext

  /// Threads at work, the caller's included.
  public var threads: Int { context.workers.threads }

  /// Bytes of tensors and scratch taken from the system so far; they are used over and over.
  public var bytesAllocated: Int { context.buffers.bytesAllocated }

  /// How often such memory was taken from the system so far.
  public var allocations: Int { context.buffers.allocations }

  public init(threads: Int = 1) { context = KernelContext(threads: threads) }

  /// Copies values into a tensor that no gradient is wanted of.
  public func tensor(_ values: [Float], shape: [Int]) -> Tensor {
    precondition(
      !context.workers.isRecording, "a recorded step reads inputs and `Tape.constant`")
    precondition(shape.reduce(1, *) == values.count, "the shape does not hold the values")
    let tensor = tensor(shape: shape, isTracked: false)
    tensor.fill(values)
    return tensor
  }

  /// A tensor of undefined content (NaN in debug builds).
  func tensor(shape: [Int], isTracked: Bool) -> Tensor {
    Tensor(
      shape: shape, values: context.buffers.take(shape.reduce(1, *)), isTracked: isTracked)
  }
}
