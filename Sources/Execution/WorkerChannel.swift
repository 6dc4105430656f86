private import Core
private import Glibc
private import Synchronization

/// What a worker tells its controller, one JSON object a line.
public enum WorkerMessage: Hashable, Sendable, Codable {
  case progress(Double, String)
  case failed(FailureNote)
  /// An object that the step reads is damaged or gone; its maker has to run again.
  case damaged(String)
  case interrupted
}

/// The worker's side of the line to its controller.
///
/// Messages go out on descriptor 3. On standard input the controller writes one byte to ask for a
/// stop; if the line closes, the controller has died, and the worker ends at once: its checkpoint is
/// all that a next run needs.
public final class WorkerChannel: Sendable {
  private let isSupervised: Bool
  private let stop = Atomic<Bool>(false)
  private let hear: (@Sendable (String) -> Void)?

  /// - Parameters:
  ///   - supervised: Whether a controller is at the other end.
  ///   - hear: Takes the lines for people, where steps run inside a test rather than a process.
  public init(supervised: Bool, hear: (@Sendable (String) -> Void)? = nil) {
    isSupervised = supervised
    self.hear = hear
  }

  public var shouldStop: Bool { stop.load(ordering: .relaxed) }

  /// Starts to listen for the controller.
  public func listen() {
    guard isSupervised else { return }
    var thread = pthread_t()
    let channel = Unmanaged.passRetained(self).toOpaque()
    pthread_create(
      &thread, nil,
      { argument in
        let channel = Unmanaged<WorkerChannel>.fromOpaque(argument!).takeRetainedValue()
        var byte: UInt8 = 0
        while true {
          let count = read(0, &byte, 1)
          if count == 1 {
            channel.stop.store(true, ordering: .relaxed)
          } else if count == 0 {
            _exit(75)
          } else if errno != EINTR {
            return nil
          }
        }
      }, channel)
    pthread_detach(thread)
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
