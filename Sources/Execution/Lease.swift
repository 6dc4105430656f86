internal import Core
private import Glibc

/// The right to run one action, held by one process at a time.
///
/// It is an advisory lock of the kernel on a file of the store: it ends with the process that holds
/// it, however that ends, so no lock is ever left behind and no heartbeat is needed.
enum Lease {
  /// Runs the body while no other process holds the lease, waiting for one that does.
  ///
  /// - Throws: `StepInterrupted` if it was asked to stop while it waited.
  static func hold<Result>(
    at path: Path, unlessStopped channel: WorkerChannel, _ body: () throws -> Result
  ) throws -> Result {
    let file = open(path.text, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw failure(path) }
    defer { close(file) }
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EINTR || errno == EWOULDBLOCK else { throw failure(path) }
      if channel.shouldStop { throw StepInterrupted() }
      usleep(50_000)
    }
    return try body()
  }

  /// Whether some process holds the lease now.
  static func isHeld(at path: Path) -> Bool {
    let file = open(path.text, O_RDWR | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    return flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  private static func failure(_ path: Path) -> FileError {
    let number = errno
    return FileError(
      operation: "lock", path: path, number: number, reason: String(cString: strerror(number)))
  }
}
