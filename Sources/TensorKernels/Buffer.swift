internal import NarrowTiles
internal import Tiles
internal import WideTiles

/// Float32 memory that returns to its pool when the last reference goes.
///
/// Aligned to 64 bytes, with 64 bytes of slack behind the last element: kernels read whole vectors.
public final class Buffer {
  public let pointer: UnsafeMutablePointer<Float>
  /// Elements that the owner asked for.
  public let count: Int
  private let capacity: Int
  private let pool: BufferPool

  init(
    pointer: UnsafeMutablePointer<Float>, count: Int, capacity: Int, pool: BufferPool
  ) {
    self.pointer = pointer
    self.count = count
    self.capacity = capacity
    self.pool = pool
  }

  deinit { pool.takeBack(pointer, capacity: capacity) }
}

/// The threads and the memory that kernels run with.
public final class KernelContext {
  public let workers: WorkerPool
  public let buffers = BufferPool()
  let tiles: any TileKernels.Type

  /// - Parameter instructions: Which vectors the inner loops use; the results are the same.
  public init(threads: Int, instructions: Processor.Instructions = .best) {
    workers = WorkerPool(threads: threads)
    tiles = instructions == .avx512 ? WideTiles.Kernels.self : NarrowTiles.Kernels.self
  }

  /// A buffer of zeros, each time that a recording runs too.
  public func takeZeroed(_ count: Int) -> Buffer {
    let buffer = buffers.take(count)
    let pointer = buffer.pointer
    workers.alone { pointer.update(repeating: 0, count: count) }
    return buffer
  }
}
