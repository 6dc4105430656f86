private import Glibc
private import Synchronization

/// Whether someone pressed Ctrl-C: the first asks for a clean stop, the second ends at once.
enum Interruption {
  private static let requests = Atomic<Int>(0)

  static var isRequested: Bool { requests.load(ordering: .relaxed) > 0 }

  static func install() {
    // The counter is made before a handler can need it: a handler must not allocate.
    _ = isRequested
    _ = Machine.start
    // Whoever started this process may have blocked the signals; a child inherits that.
    var ours = sigset_t()
    sigemptyset(&ours)
    for number in [SIGINT, SIGTERM] {
      sigaddset(&ours, number)
      signal(number) { _ in
        if Interruption.requests.wrappingAdd(1, ordering: .relaxed).oldValue >= 1 { _exit(130) }
      }
    }
    sigprocmask(SIG_UNBLOCK, &ours, nil)
    // A reader that went away must not kill a run.
    signal(SIGPIPE, SIG_IGN)
  }
}
