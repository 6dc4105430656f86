private import Synchronization

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// Runs a body once for each index below `count`, on all processors; returns when all are done.
///
/// Indices are handed out in ascending order, so the longest work belongs in front. Nothing may
/// depend on which thread took which.
public func concurrently(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let threads = min(count, max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
  let work = SharedWork(count: count, body: body)
  var others: [pthread_t] = []
  for _ in 1..<max(1, threads) {
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<SharedWork>.fromOpaque(argument!).takeUnretainedValue().run()
        return nil
      }, Unmanaged.passUnretained(work).toOpaque())
    // Without another thread this one does it all.
    if status == 0 { others.append(thread) }
  }
  work.run()
  for thread in others { pthread_join(thread, nil) }
}

private final class SharedWork: Sendable {
  private let next = Atomic<Int>(0)
  private let count: Int
  private let body: @Sendable (Int) -> Void

  init(count: Int, body: @escaping @Sendable (Int) -> Void) {
    self.count = count
    self.body = body
  }

  func run() {
    while true {
      let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
      if index >= count { return }
      body(index)
    }
  }
}
