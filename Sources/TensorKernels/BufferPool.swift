internal import Glibc

/// Memory that one training run uses over and over; not to be shared between threads.
///
/// One stretch of addresses is reserved, and pieces of it are given out, taken back, and joined with
/// free neighbours: what a run needs at once is all that it ever takes from the system. Large pages
/// are asked for, because transforms write up to 64 distant rows at a time.
public final class BufferPool {
  private struct Piece {
    var offset: Int
    var count: Int
  }

  private let base: UnsafeMutablePointer<Float>
  private let reserved: Int
  /// Free pieces below `top`, by offset, no two adjacent.
  private var free: [Piece] = []
  /// Floats from the start that have been in use.
  private var top = 0

  /// Bytes taken from the system so far; they go back when the pool does.
  public var bytesAllocated: Int { top * MemoryLayout<Float>.stride }

  /// How many buffers were given out so far: while it stays, nobody else has come into memory that
  /// recorded work uses and has given back.
  public private(set) var taken = 0

  /// How often memory was taken from the system so far.
  public private(set) var allocations = 0

  public init() {
    // Addresses cost nothing until they are used; a limit on them may want fewer.
    var bytes = 1 << 40
    var address = Self.reserve(bytes)
    while address == MAP_FAILED, bytes > 1 << 30 {
      bytes /= 2
      address = Self.reserve(bytes)
    }
    guard let address, address != MAP_FAILED else {
      preconditionFailure("the system gives no addresses")
    }
    madvise(address, bytes, MADV_HUGEPAGE)
    base = address.assumingMemoryBound(to: Float.self)
    reserved = bytes / MemoryLayout<Float>.stride
  }

  deinit { munmap(base, reserved * MemoryLayout<Float>.stride) }

  private static func reserve(_ bytes: Int) -> UnsafeMutableRawPointer? {
    mmap(
      nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
  }

  /// A buffer of undefined content: NaN in debug builds, so that an element never written shows; not so
  /// when recorded work runs again.
  public func take(_ count: Int) -> Buffer {
    let buffer = buffer(of: count)
    #if DEBUG
      buffer.pointer.update(repeating: .nan, count: count + Self.slack)
    #endif
    return buffer
  }

  /// A buffer of zeros for what outlives a step; kernels take theirs of `KernelContext`.
  ///
  /// What was never in use is zero already, and stays untouched until it is.
  public func takeZeroed(_ count: Int) -> Buffer {
    let used = base + top
    let buffer = buffer(of: count)
    if buffer.pointer < used { buffer.pointer.update(repeating: 0, count: count) }
    return buffer
  }

  /// Memory for some values of another type, aligned to 64 bytes, and the buffer that they live in.
  func take<Value: BitwiseCopyable>(
    _ count: Int, of type: Value.Type
  ) -> (memory: Buffer, values: UnsafeMutablePointer<Value>) {
    let bytes = count * MemoryLayout<Value>.stride
    let memory = take(pieces(bytes, of: MemoryLayout<Float>.stride))
    let values = UnsafeMutableRawPointer(memory.pointer).assumingMemoryBound(to: Value.self)
    return (memory, values)
  }

  private func buffer(of count: Int) -> Buffer {
    taken += 1
    // Whole lines of the cache, with one behind.
    let piece = take(piece: pieces(max(count, 1) + Self.slack, of: 16) * 16)
    return Buffer(pointer: base + piece.offset, count: count, capacity: piece.count, pool: self)
  }

  /// The smallest free piece that is large enough, cut to size, or one more at the top.
  private func take(piece count: Int) -> Piece {
    var best: Int?
    for (index, piece) in free.enumerated() where piece.count >= count {
      if best.map({ piece.count < free[$0].count }) ?? true { best = index }
    }
    if let best {
      let piece = Piece(offset: free[best].offset, count: count)
      free[best].offset += count
      free[best].count -= count
      if free[best].count == 0 { free.remove(at: best) }
      return piece
    }
    // A free piece at the very top is made longer rather than left behind.
    var offset = top
    if let last = free.last, last.offset + last.count == top {
      offset = last.offset
      free.removeLast()
    }
    precondition(offset + count <= reserved, "the run needs more addresses than there are")
    top = offset + count
    allocations += 1
    return Piece(offset: offset, count: count)
  }

  func takeBack(_ pointer: UnsafeMutablePointer<Float>, capacity: Int) {
    var piece = Piece(offset: pointer - base, count: capacity)
    var (low, high) = (0, free.count)
    while low < high {
      let middle = (low + high) / 2
      if free[middle].offset < piece.offset { low = middle + 1 } else { high = middle }
    }
    if low < free.count, piece.offset + piece.count == free[low].offset {
      piece.count += free[low].count
      free.remove(at: low)
    }
    if low > 0, free[low - 1].offset + free[low - 1].count == piece.offset {
      free[low - 1].count += piece.count
    } else {
      free.insert(piece, at: low)
    }
  }

  private static let slack = 16
}
