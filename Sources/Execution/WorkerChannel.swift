internal import Core
private import Glibc
private import Synchronization

/// What a worker tells its controller, one JSON object a line.
public enum WorkerMessage: Hashable, Sendable, Codable {
  case progress(Double, String)
  case failed(FailureNote)
  /// An object that the step reads is damaged or gone; its maker has to run again.
  case damaged(String)
  case interrupted
  /// Another process runs the action; this worker waits for it.
  case waiting
  /// The wait is over.
  case working
  /// A warm worker is done with a step, which ended like a process with this status.
  case ended(Int32)
}

/// The worker's side of the line to its controller.
///
/// Messages go out on descriptor 3, requests come in on standard input. If the line closes, the
/// controller has died or needs no more, and the worker ends at once, with all that it has started: its
/// checkpoint is all that a next run needs.
public final class WorkerChannel: Sendable {
  private let isSupervised: Bool
  private let stop = Atomic<Bool>(false)
  private let hear: (@Sendable (String) -> Void)?
  /// Jobs go from the thread that listens to the one that works through a pipe: it needs no lock,
  /// and waiting is reading.
  private let jobs: (reading: Int32, writing: Int32)

  /// - Parameters:
  ///   - supervised: Whether a controller is at the other end.
  ///   - hear: Takes the lines for people, where steps run inside a test rather than a process.
  public init(supervised: Bool, hear: (@Sendable (String) -> Void)? = nil) {
    isSupervised = supervised
    self.hear = hear
    var ends: [Int32] = [-1, -1]
    if supervised { _ = pipe(&ends) }
    jobs = (ends[0], ends[1])
  }

  public var shouldStop: Bool {
    stop.load(ordering: .relaxed) || Self.isTerminated.load(ordering: .relaxed)
  }

  /// Whether the process was asked to end (SIGTERM), by its controller or by a batch system.
  private static let isTerminated = Atomic<Bool>(false)

  /// Starts to listen for the controller, and for signals.
  public func listen() {
    // Made before the handler can need it: a handler must not allocate.
    _ = shouldStop
    signal(SIGTERM) { _ in WorkerChannel.isTerminated.store(true, ordering: .relaxed) }
    guard isSupervised else { return }
    var thread = pthread_t()
    let channel = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<WorkerChannel>.fromOpaque(argument!).takeRetainedValue().followRequests()
        return nil
      }, channel)
    pthread_detach(thread)
  }

  private func followRequests() {
    var lines = LineReader(descriptor: 0)
    while let line = lines.next() {
      switch try? JSON.decode(WorkerRequest.self, from: line) {
      case .stop: stop.store(true, ordering: .relaxed)
      case .run: Self.write(line + [UInt8(ascii: "\n")], to: jobs.writing)
      case nil: continue
      }
    }
    // Nothing that the step has started outlives it. A group that another process leads is not ours.
    if getpgrp() == getpid() { kill(0, SIGKILL) }
    _exit(75)
  }

  /// The jobs that the controller hands over, as they come; ends with the process.
  func forEachJob(_ body: (WorkerJob) -> Void) {
    var lines = LineReader(descriptor: jobs.reading)
    while let line = lines.next() {
      if case .run(let job)? = try? JSON.decode(WorkerRequest.self, from: line) { body(job) }
    }
  }

  /// Sends what the process says from here on into the log of its next step.
  func redirect(to log: Path) {
    let file = open(log.text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard file >= 0 else { return }
    dup2(file, 1)
    dup2(file, 2)
    close(file)
  }

  /// Empties the log of an earlier try, once this worker is the one that runs the action.
  func beginLog() {
    if isSupervised { ftruncate(1, 0) }
  }

  public func send(_ message: WorkerMessage) {
    guard isSupervised else {
      if case .progress(let fraction, let note) = message {
        say("\(fixed(fraction * 100, digits: 0)) %  \(note)")
      }
      return
    }
    Self.write(JSON.encode(message) + [UInt8(ascii: "\n")], to: 3)
  }

  /// Writes a line for people into the step's log.
  public func say(_ line: String) {
    if let hear { return hear(line) }
    Self.write(Array((line + "\n").utf8), to: 2)
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var sent = 0
    while sent < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress! + sent, bytes.count - sent)
      }
      if count < 0, errno != EINTR { return }
      sent += max(0, count)
    }
  }
}

/// Lines of a descriptor, as they arrive.
private struct LineReader {
  let descriptor: Int32
  private var pending: [UInt8] = []
  private var buffer = [UInt8](repeating: 0, count: 1 << 12)

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// The next line without its end; `nil` once the other side has closed.
  mutating func next() -> [UInt8]? {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        defer { pending.removeFirst(end + 1) }
        return Array(pending[..<end])
      }
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 {
        pending += buffer[..<count]
      } else if count == 0 || errno != EINTR {
        return nil
      }
    }
  }
}
