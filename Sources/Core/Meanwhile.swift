private import Synchronization

#if canImport(Glibc)
  private import Glibc
#elseif canImport(Darwin)
  private import Darwin
#endif

/// A value that a thread of its own makes while the caller does something else.
///
/// For one large piece of input that is read while memory is made ready for it; many pieces of work
/// go through `concurrently`.
public final class Meanwhile<Value: Sendable>: Sendable {
  private let thread: pthread_t?
  private let work: Work

  /// Begins at once; without another thread the value is made when it is asked for.
  public init(_ make: @escaping @Sendable () throws -> Value) {
    work = Work(make)
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<AnyWork>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, Unmanaged<AnyWork>.passRetained(work).toOpaque())
    self.thread = status == 0 ? thread : nil
    if status != 0 { Unmanaged<AnyWork>.passUnretained(work).release() }
  }

  deinit {
    if let thread, !work.isTaken { pthread_join(thread, nil) }
  }

  /// Waits for the value; to be called once.
  public func value() throws -> Value {
    if let thread { pthread_join(thread, nil) } else { work.run() }
    return try work.take()
  }

  /// Unchecked for its superclass alone, which has no state: what is here is immutable or guarded.
  private final class Work: AnyWork, @unchecked Sendable {
    private let make: @Sendable () throws -> Value
    private let result = Mutex<Result<Value, any Error>?>(nil)
    private let taken = Atomic<Bool>(false)

    init(_ make: @escaping @Sendable () throws -> Value) { self.make = make }

    override func run() {
      let made = Result { try make() }
      result.withLock { $0 = made }
    }

    var isTaken: Bool { taken.load(ordering: .relaxed) }

    func take() throws -> Value {
      precondition(!taken.exchange(true, ordering: .relaxed), "the value is taken once")
      return try result.withLock { try $0!.get() }
    }
  }
}

/// Work without its type, as a C function can call it.
private class AnyWork {
  func run() {}
}
