internal import Core
private import Glibc

/// Attacks one parser from a process of its own, started again after each crash.
struct Campaign {
  /// What was found.
  struct Outcome: Encodable {
    var parser: String
    var executions: Int
    var accepted: Int
    var crashes: [Crash]
  }

  /// A file that ended the process that read it.
  struct Crash: Encodable {
    var number: Int
    /// The signal, or the exit status if there was none.
    var end: String
    /// Where the file was kept.
    var path: String
  }

  var attempts: Attempts
  /// The arguments that make this program attack: parser, seed, place of the corpus.
  var arguments: [String]
  var artifacts: Path
  var files: any FileSystem

  /// More crashes than these say nothing new.
  static let mostCrashes = 10

  /// Reads the damaged files of some numbers.
  func run(_ numbers: Range<Int>) throws(FileError) -> Outcome {
    var outcome = Outcome(
      parser: attempts.parser.rawValue, executions: 0, accepted: 0, crashes: [])
    var rest = numbers
    while !rest.isEmpty, outcome.crashes.count < Self.mostCrashes {
      let (progress, end) = try attack(rest)
      outcome.accepted += progress.accepted
      outcome.executions += progress.number - rest.lowerBound + 1
      guard let end else { break }
      outcome.crashes.append(try keep(progress.number, end))
      rest = progress.number + 1..<rest.upperBound
    }
    return outcome
  }

  private func keep(_ number: Int, _ end: String) throws(FileError) -> Crash {
    let path = artifacts / "\(attempts.parser.rawValue)-\(number)"
    try files.createDirectory(artifacts)
    try files.write(attempts.file(number), to: path)
    return Crash(number: number, end: end, path: path.text)
  }

  /// How far a new process came, and how it ended if it did not come to the end.
  private func attack(_ numbers: Range<Int>) throws(FileError) -> (Progress, end: String?) {
    var name = Array("/tmp/microtome-fuzz-XXXXXX".utf8CString)
    let notes = mkstemp(&name)
    guard notes >= 0 else { throw failure("make a file in", "/tmp", errno) }
    unlink(&name)  // The descriptor is all that both processes need.
    defer { close(notes) }
    let process = try spawn(
      arguments + ["--attack", "\(numbers.lowerBound)", "--executions", "\(numbers.count)"], notes)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    var bytes = [UInt8](repeating: 0, count: Progress.size)
    let count = pread(notes, &bytes, bytes.count, 0)
    guard let progress = Progress(decoding: Array(bytes.prefix(max(0, count)))) else {
      throw FileError(
        operation: "start", path: "/proc/self/exe", number: 0,
        reason: "the process ended before its first file (status \(status))")
    }
    let signal = status & 0x7F
    if signal != 0 { return (progress, "signal \(signal)") }
    return (progress, status == 0 ? nil : "status \(status >> 8 & 0xFF)")
  }

  /// Starts this program again; descriptor 3 is where it writes its progress.
  private func spawn(_ arguments: [String], _ notes: Int32) throws(FileError) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, notes, 3)
    var argv: [UnsafeMutablePointer<CChar>?] =
      (["microtome-fuzz"] + arguments).map { strdup($0) } + [nil]
    // A backtrace takes seconds, and the file that is kept gives it at leisure.
    var environment: [UnsafeMutablePointer<CChar>?] =
      [strdup("SWIFT_BACKTRACE=enable=no"), nil]
    defer { for word in argv + environment { free(word) } }
    var process: pid_t = 0
    let status = posix_spawn(
      &process, "/proc/self/exe", &actions, nil, &argv, &environment)
    guard status == 0 else { throw failure("start", "/proc/self/exe", status) }
    return process
  }

  private func failure(_ operation: String, _ path: Path, _ number: Int32) -> FileError {
    FileError(
      operation: operation, path: path, number: number, reason: String(cString: strerror(number)))
  }
}
