internal import Core
private import Glibc

/// A worker as its controller sees it: a child process, a line to it, and its log.
final class WorkerProcess {
  /// How the process ended.
  enum End: Hashable {
    case exited(Int32)
    case killed(signal: Int32)
  }

  private let pid: pid_t
  private let input: Int32
  private let output: Int32
  private var pending: [UInt8] = []
  private var buffer = [UInt8](repeating: 0, count: 1 << 14)
  /// The largest resident set that the process had, in bytes; 0 before it has ended.
  private(set) var peakBytes: Int64 = 0

  /// The descriptor that has something to read when the worker speaks or ends.
  var descriptor: Int32 { output }

  /// - Parameters:
  ///   - arguments: The command line after the program's own path.
  ///   - log: Receives the worker's standard output and error; the worker empties it first. A warm
  ///     worker has none and opens the log of each step itself.
  init(program: Path, arguments: [String], log: Path?) throws(FileError) {
    var toWorker: [Int32] = [0, 0]
    var fromWorker: [Int32] = [0, 0]
    guard pipe(&toWorker) == 0, pipe(&fromWorker) == 0 else {
      throw Self.failure("start", program, errno)
    }
    // Another worker must not inherit this one's line, or it would never close.
    for end in toWorker + fromWorker { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    input = toWorker[1]
    output = fromWorker[0]

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, toWorker[0], 0)
    posix_spawn_file_actions_addopen(
      &actions, 1, log?.text ?? "/dev/null", O_WRONLY | O_CREAT | O_APPEND, 0o666)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    posix_spawn_file_actions_adddup2(&actions, fromWorker[1], 3)

    // A group of its own: Ctrl-C at the terminal reaches the controller alone, which asks the
    // workers to stop in order.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    posix_spawnattr_setpgroup(&attributes, 0)

    var argv: [UnsafeMutablePointer<CChar>?] =
      ([program.text] + arguments).map { strdup($0) } + [nil]
    var environment: [UnsafeMutablePointer<CChar>?] = Self.environment.map { strdup($0) } + [nil]
    defer { for word in argv + environment { free(word) } }
    var pid: pid_t = 0
    let status = posix_spawn(&pid, program.text, &actions, &attributes, &argv, &environment)
    close(toWorker[0])
    close(fromWorker[1])
    self.pid = pid
    guard status == 0 else {
      close(input)
      close(output)
      throw Self.failure("start", program, status)
    }
    _ = fcntl(output, F_SETFL, fcntl(output, F_GETFL) | O_NONBLOCK)
  }

  /// Asks the worker to save its work and end the step.
  func requestStop() { send(.stop) }

  /// Sends a signal to the worker and to whatever it has started.
  func signal(_ number: Int32) { kill(-pid, number) }

  /// Hands a request over; false if nobody is there to take it.
  @discardableResult
  func send(_ request: WorkerRequest) -> Bool {
    let line = JSON.encode(request) + [UInt8(ascii: "\n")]
    var sent = 0
    while sent < line.count {
      let count = line.withUnsafeBytes {
        write(input, $0.baseAddress! + sent, line.count - sent)
      }
      if count < 0, errno != EINTR { return false }
      sent += max(0, count)
    }
    return true
  }

  /// Whether the worker has closed its line, as it does when it ends, or has ended.
  var hasEnded: Bool {
    var descriptor = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
    return poll(&descriptor, 1, 0) != 0 || isDead
  }

  /// Whether the process has ended: what it has started may hold its line open.
  private var isDead: Bool {
    var ending = siginfo_t()
    return waitid(P_PID, id_t(pid), &ending, WEXITED | WNOWAIT | WNOHANG) == 0
      && ending.si_signo == SIGCHLD
  }

  /// The messages that have arrived, and whether there will be no more.
  func receive() -> (messages: [WorkerMessage], isClosed: Bool) {
    // Looked at first: what it said before its end is there then.
    var isClosed = isDead
    while true {
      let count = read(output, &buffer, buffer.count)
      if count > 0 {
        pending += buffer[..<count]
      } else if count == 0 {
        isClosed = true
        break
      } else if errno != EINTR {
        break
      }
    }
    var messages: [WorkerMessage] = []
    while let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
      let line = Array(pending[..<end])
      pending.removeFirst(end + 1)
      // A line that is not ours is noise of a dying process; the exit status tells the rest.
      if let message = try? JSON.decode(WorkerMessage.self, from: line) { messages.append(message) }
    }
    return (messages, isClosed)
  }

  /// Lets go of the line, which ends a worker that waits for more, and waits for the process.
  func finish() -> End {
    close(input)
    // Nothing that the worker has started outlives it. Its group keeps its number until it is waited
    // for, so the signal cannot reach anyone else.
    var ending = siginfo_t()
    while waitid(P_PID, id_t(pid), &ending, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    signal(SIGKILL)
    var status: Int32 = 0
    var usage = rusage()
    while wait4(pid, &status, 0, &usage) < 0, errno == EINTR {}
    close(output)
    // Linux counts the largest resident set in kilobytes.
    peakBytes = Int64(usage.ru_maxrss) * 1024
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
  }

  /// What a worker sees of the environment: nothing that the study does not declare.
  ///
  /// OpenBLAS's kernel choice is pinned, because its bits follow the chosen kernel. Large pages for
  /// `malloc` save a worker that reads weights a third of its start.
  private static var environment: [String] {
    let passed = ["LD_LIBRARY_PATH", "TMPDIR"].compactMap { (name: String) -> String? in
      getenv(name).map { "\(name)=\(String(cString: $0))" }
    }
    return [
      "LANG=C", "OPENBLAS_NUM_THREADS=1", "OPENBLAS_CORETYPE=Haswell",
      "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
    ] + passed
  }

  private static func failure(_ operation: String, _ path: Path, _ number: Int32) -> FileError {
    FileError(
      operation: operation, path: path, number: number, reason: String(cString: strerror(number)))
  }

  /// Waits until one of the workers speaks or ends, or the time is over.
  static func wait(for workers: some Sequence<WorkerProcess>, milliseconds: Int32) {
    var descriptors = workers.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
    _ = poll(&descriptors, nfds_t(descriptors.count), milliseconds)
  }
}
