internal import Core
private import Glibc

/// One run of this program as a process of its own: how long it took and the memory it had at most.
struct MeasuredProcess {
  var status: Int32
  var seconds: Double
  var peakBytes: Int64

  /// Runs the program to its end.
  ///
  /// - Parameter output: Receives what it prints; its standard error stays this process's own.
  init(arguments: [String], output: Path) throws(FileError) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(
      &actions, 1, output.text, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
    let program = Machine.program
    var argv: [UnsafeMutablePointer<CChar>?] =
      ([program.text] + arguments).map { strdup($0) } + [nil]
    defer { for word in argv { free(word) } }
    let clock = ContinuousClock()
    let start = clock.now
    var pid: pid_t = 0
    let number = posix_spawn(&pid, program.text, &actions, nil, &argv, environ)
    guard number == 0 else {
      throw FileError(
        operation: "start", path: program, number: number, reason: String(cString: strerror(number))
      )
    }
    var ending: Int32 = 0
    var usage = rusage()
    while wait4(pid, &ending, 0, &usage) < 0, errno == EINTR {}
    seconds = (clock.now - start) / .seconds(1)
    status = ending & 0x7f == 0 ? (ending >> 8) & 0xff : 128 + (ending & 0x7f)
    // Linux counts the largest resident set in kilobytes.
    peakBytes = Int64(usage.ru_maxrss) * 1024
  }
}
