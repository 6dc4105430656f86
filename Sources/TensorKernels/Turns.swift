internal import CHints
internal import Glibc
internal import Synchronization

/// Places that numbered chunks of one `WorkerPool.forEach` pass in the order of their numbers.
///
/// A pool hands out chunks in order, so the chunk whose turn it is has always been begun, and waits for
/// none that has not.
final class Turns {
  private let places: Int
  /// Whose turn it is at each place.
  private let next: UnsafeMutablePointer<Atomic<Int>>

  /// How often to look before the core is offered to other threads: some fifty microseconds.
  private static let patience = 3_000

  init(places: Int) {
    self.places = places
    next = .allocate(capacity: places)
    for place in 0..<places { (next + place).initialize(to: Atomic(0)) }
  }

  deinit {
    next.deinitialize(count: places)
    next.deallocate()
  }

  /// Begins with the first chunk again.
  func reset() {
    for place in 0..<places { next[place].store(0, ordering: .relaxed) }
  }

  /// Returns when the chunk before has passed; what it wrote until then is seen.
  func wait(for chunk: Int, at place: Int) {
    var looks = 0
    while next[place].load(ordering: .acquiring) != chunk {
      looks += 1
      if looks < Self.patience { relax() } else { sched_yield() }
    }
  }

  func pass(_ chunk: Int, at place: Int) {
    next[place].store(chunk + 1, ordering: .releasing)
  }
}
