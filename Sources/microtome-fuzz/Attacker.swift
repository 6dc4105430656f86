internal import Core
private import Glibc

/// The process that hands damaged files to a parser; a trap ends it and nothing else.
enum Attacker {
  /// Memory that a parser may take beyond what the process has, in bytes: a file has at most 64 KiB,
  /// and the largest honest answer to one is a PNG that inflates 1,032 times, held three times over.
  private static let mostMemory: rlim_t = 1 << 30
  /// Processor time that one file may take, in seconds; far more than any needs.
  private static let mostSeconds = 20

  /// Reads the files of some numbers, writing down before each one which it is.
  static func run(_ attempts: Attempts, _ numbers: Range<Int>, progress descriptor: Int32) {
    limitMemory()
    var progress = Progress()
    for number in numbers {
      progress.number = number
      write(progress, to: descriptor)
      limitTime()
      if attempts.parser.accepts(attempts.file(number)) { progress.accepted += 1 }
    }
    write(progress, to: descriptor)
  }

  private static func limitMemory() {
    var limit = rlimit(rlim_cur: mostMemory, rlim_max: mostMemory)
    setrlimit(__rlimit_resource_t(RLIMIT_DATA.rawValue), &limit)
    // A trap is what is looked for: it need not leave a memory image behind.
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
  }

  /// Processor time, because a machine that is busy elsewhere is no finding.
  private static func limitTime() {
    var timer = itimerval()
    timer.it_value.tv_sec = mostSeconds
    setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
  }

  private static func write(_ progress: Progress, to descriptor: Int32) {
    let bytes = progress.encoded
    _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }
}
