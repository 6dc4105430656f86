internal import CHints
internal import Glibc
internal import Synchronization

/// A fixed set of threads that share out numbered chunks of work.
///
/// Which thread takes which chunk is left to chance, so chunks must be cut by shape alone, write
/// disjoint memory, and leave reductions to the caller in chunk order: then the bits are the same
/// for any number of threads. One caller at a time; a pool is not shared between callers.
///
/// Kernels of a training step touch memory in what they hand to `forEach` and `alone`, and nowhere
/// else: so all that a step does can be recorded, and run again without deciding or allocating
/// anything anew. A chunk must not call `forEach` itself.
public final class WorkerPool {
  /// Threads at work, the caller's included.
  public let threads: Int
  private let board = Board()
  private var handles: [pthread_t] = []
  private var recording: Recording?
  /// How often what recordings chose by has changed, as when a part is frozen.
  public private(set) var changes = 0

  public init(threads: Int) {
    self.threads = max(1, threads)
    for worker in 1..<self.threads {
      var handle = pthread_t()
      let argument = Unmanaged.passRetained(Seat(board: board, worker: worker)).toOpaque()
      let status = pthread_create(
        &handle, nil,
        { argument in
          let seat = Unmanaged<Seat>.fromOpaque(argument!).takeRetainedValue()
          seat.board.work(as: seat.worker)
          return nil
        }, argument)
      precondition(status == 0, "the system gives no more threads")
      handles.append(handle)
    }
  }

  deinit {
    board.close()
    for handle in handles { pthread_join(handle, nil) }
  }

  /// Calls `body` once for each chunk, and returns when all are done.
  ///
  /// - Parameter body: Holds pointers rather than the buffers that they point into: a recording keeps
  ///   it, and would keep their memory from being used again within the step.
  public func forEach(chunks: Int, _ body: @escaping (Int) -> Void) {
    forEach(chunks: chunks) { chunk, _ in body(chunk) }
  }

  /// The same; `body` is told which thread it runs on, from 0, to find memory of its own.
  func forEach(chunks: Int, _ body: @escaping (_ chunk: Int, _ worker: Int) -> Void) {
    recording?.works.append(.shared(chunks: chunks, body))
    run(chunks, body)
  }

  /// Calls `body` on the caller's thread, between what is shared out before and after.
  public func alone(_ body: @escaping () -> Void) {
    recording?.works.append(.alone(body))
    // What it shares out is a part of it, and would run twice if it were recorded too.
    let outer = recording
    recording = nil
    body()
    recording = outer
  }

  /// Whether what is done now will be done again.
  public var isRecording: Bool { recording != nil }

  /// Makes all recordings stale.
  public func noteChange() { changes += 1 }

  /// Runs `body`, and keeps what it has the threads do.
  public func record<Result>(_ body: () -> Result) -> (result: Result, recording: Recording) {
    // A precondition is not checked in this module.
    guard !isRecording else { fatalError("a recording is under way already") }
    recording = Recording()
    let result = body()
    let found = recording!
    recording = nil
    return (result, found)
  }

  /// Does again what was recorded: the same calls on the same memory, in the same order.
  public func run(_ recording: Recording) {
    for work in recording.works {
      switch work {
      case .shared(let chunks, let body): run(chunks, body)
      case .alone(let body): body()
      }
    }
  }

  private func run(_ chunks: Int, _ body: @escaping (Int, Int) -> Void) {
    if threads == 1 || chunks <= 1 {
      for chunk in 0..<chunks { body(chunk, 0) }
      return
    }
    board.job.begin(chunks, body)
    board.post()
    board.job.run(as: 0)
    board.wait()
    board.job.end()
  }
}

/// What a pool's threads did, to be done again while the memory that it points into is free for it.
public struct Recording {
  fileprivate enum Work {
    case shared(chunks: Int, (Int, Int) -> Void)
    case alone(() -> Void)
  }

  fileprivate var works: [Work] = []

  /// Nothing to do.
  public init() {}
}

/// The chunks of one call, and then those of the next: between two of them no thread is in it.
private final class Job {
  private var chunks = 0
  private var body: (Int, Int) -> Void = { _, _ in }
  private let next = Atomic<Int>(0)
  private let finished = Atomic<Int>(0)

  func begin(_ chunks: Int, _ body: @escaping (Int, Int) -> Void) {
    self.chunks = chunks
    self.body = body
    next.store(0, ordering: .relaxed)
    finished.store(0, ordering: .relaxed)
  }

  /// Lets go of what the call's body holds.
  func end() { body = { _, _ in } }

  var isDone: Bool { finished.load(ordering: .acquiring) == chunks }

  /// Takes chunks until none is left.
  @inline(never)
  func run(as worker: Int) {
    // Held once rather than at each call: nobody changes it while a thread is in here.
    let (chunks, body) = (chunks, body)
    while true {
      let chunk = next.add(1, ordering: .relaxed).oldValue
      guard chunk < chunks else { return }
      body(chunk, worker)
      finished.add(1, ordering: .acquiringAndReleasing)
    }
  }
}

/// What a thread is born with.
private final class Seat {
  let board: Board
  let worker: Int

  init(board: Board, worker: Int) {
    self.board = board
    self.worker = worker
  }
}

/// Where the caller posts jobs and the threads look for them.
private final class Board {
  // Addresses must not move, so these live outside the object's own storage.
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let posted = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let done = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  let job = Job()
  private var isPosted = false
  private var visitors = 0
  private let generation = Atomic<Int>(0)
  private var isClosed = false

  /// Looks before sleeping, some fifty microseconds: consecutive kernels follow each other sooner,
  /// and waking a thread takes about as long.
  private static let patience = 3_000

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(posted, nil)
    pthread_cond_init(done, nil)
  }

  deinit {
    pthread_cond_destroy(posted)
    pthread_cond_destroy(done)
    pthread_mutex_destroy(mutex)
    posted.deallocate()
    done.deallocate()
    mutex.deallocate()
  }

  func post() {
    pthread_mutex_lock(mutex)
    isPosted = true
    generation.add(1, ordering: .releasing)
    pthread_cond_broadcast(posted)
    pthread_mutex_unlock(mutex)
  }

  func wait() {
    Self.look { job.isDone }
    pthread_mutex_lock(mutex)
    while !job.isDone || visitors > 0 { pthread_cond_wait(done, mutex) }
    isPosted = false
    pthread_mutex_unlock(mutex)
  }

  /// Looks again and again until something is so, or patience ends.
  @inline(__always)
  private static func look(for condition: () -> Bool) {
    for _ in 0..<patience {
      if condition() { return }
      relax()
    }
  }

  func close() {
    pthread_mutex_lock(mutex)
    isClosed = true
    generation.add(1, ordering: .releasing)
    pthread_cond_broadcast(posted)
    pthread_mutex_unlock(mutex)
  }

  func work(as worker: Int) {
    var seen = 0
    while true {
      Self.look { generation.load(ordering: .acquiring) != seen }
      pthread_mutex_lock(mutex)
      while generation.load(ordering: .relaxed) == seen { pthread_cond_wait(posted, mutex) }
      seen = generation.load(ordering: .relaxed)
      let (isPosted, isClosed) = (isPosted, isClosed)
      if isPosted { visitors += 1 }
      pthread_mutex_unlock(mutex)
      if isClosed { return }
      guard isPosted else { continue }
      job.run(as: worker)
      pthread_mutex_lock(mutex)
      visitors -= 1
      if visitors == 0 { pthread_cond_signal(done) }
      pthread_mutex_unlock(mutex)
    }
  }
}
