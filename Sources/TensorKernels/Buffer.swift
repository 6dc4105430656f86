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

  fileprivate init(
    pointer: UnsafeMutablePointer<Float>, count: Int, capacity: Int, pool: BufferPool
  ) {
    self.pointer = pointer
    self.count = count
    self.capacity = capacity
    self.pool = pool
  }

  deinit { pool.takeBack(pointer, capacity: capacity) }
}

/// Memory that one training run uses over and over; not to be shared between threads.
public final class BufferPool {
  private var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
  /// Bytes taken from the system so far; they go back when the pool does.
  public private(set) var bytesAllocated = 0

  public init() {}

  deinit {
    for pointers in free.values {
      for pointer in pointers { UnsafeMutableRawPointer(pointer).deallocate() }
    }
  }

  /// A buffer of undefined content: NaN in debug builds, so that an element never written shows.
  public func take(_ count: Int) -> Buffer {
    let capacity = Self.capacity(for: count)
    let pointer = free[capacity]?.popLast() ?? allocate(capacity)
    #if DEBUG
      pointer.update(repeating: .nan, count: capacity + Self.slack)
    #endif
    return Buffer(pointer: pointer, count: count, capacity: capacity, pool: self)
  }

  /// A buffer of zeros.
  public func takeZeroed(_ count: Int) -> Buffer {
    let buffer = take(count)
    buffer.pointer.update(repeating: 0, count: count)
    return buffer
  }

  fileprivate func takeBack(_ pointer: UnsafeMutablePointer<Float>, capacity: Int) {
    free[capacity, default: []].append(pointer)
  }

  private static let slack = 16

  private func allocate(_ capacity: Int) -> UnsafeMutablePointer<Float> {
    let bytes = (capacity + Self.slack) * MemoryLayout<Float>.stride
    bytesAllocated += bytes
    return UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      .initializeMemory(as: Float.self, repeating: 0, count: capacity + Self.slack)
  }

  /// Four sizes to each power of two: at most a quarter is wasted, and sizes meet again.
  private static func capacity(for count: Int) -> Int {
    guard count > 64 else { return 64 }
    let quarter = (1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)) / 4
    return pieces(count, of: quarter) * quarter
  }
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
}
