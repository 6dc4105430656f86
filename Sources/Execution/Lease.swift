internal import Core
private import Glibc
internal import Storage

/// The right to run one action, held by one worker at a time.
///
/// It is an advisory lock of the kernel on one byte of `locks/leases`, at a place that the key names:
/// it ends with whoever holds it, however that ends, so no lock is ever left behind and no heartbeat
/// is needed. All actions share the file, so a lease makes and removes none. Two keys that name one
/// place (62 of their bits agree) wait for each other, which is harmless.
enum Lease {
  /// Runs the body while nobody else holds the lease, waiting for one who does.
  ///
  /// - Throws: `StepInterrupted` if it was asked to stop while it waited.
  static func hold<Result>(
    _ key: Digest, in store: Store, unlessStopped channel: WorkerChannel,
    _ body: () throws -> Result
  ) throws -> Result {
    let file = open(store.leasesPath.text, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard file >= 0 else { throw failure(store.leasesPath) }
    // Closing the file lets go of the lease: the lock belongs to this opening of it.
    defer { close(file) }
    var range = range(of: key)
    var hasWaited = false
    while fcntl(file, setLock, &range) != 0 {
      guard [EINTR, EAGAIN, EACCES].contains(errno) else { throw failure(store.leasesPath) }
      if channel.shouldStop { throw StepInterrupted() }
      if !hasWaited { channel.send(.waiting) }
      hasWaited = true
      usleep(50_000)
    }
    if hasWaited { channel.send(.working) }
    return try body()
  }

  /// Whether some process holds the lease now.
  static func isHeld(_ key: Digest, in store: Store) -> Bool {
    let file = open(store.leasesPath.text, O_RDWR | O_CLOEXEC)
    guard file >= 0 else { return false }
    defer { close(file) }
    var range = range(of: key)
    return fcntl(file, getLock, &range) == 0 && range.l_type != Int16(F_UNLCK)
  }

  private static func range(of key: Digest) -> flock {
    let place = key.bytes.prefix(8).reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    return flock(
      l_type: Int16(F_WRLCK), l_whence: Int16(SEEK_SET), l_start: off_t(place >> 2), l_len: 1,
      l_pid: 0)
  }

  // Locks of the open file rather than of the process (Linux 3.15): `<fcntl.h>` names them for GNU
  // sources only, as F_OFD_GETLK and F_OFD_SETLK.
  private static let getLock: Int32 = 36
  private static let setLock: Int32 = 37

  private static func failure(_ path: Path) -> FileError {
    let number = errno
    return FileError(
      operation: "lock", path: path, number: number, reason: String(cString: strerror(number)))
  }
}
