internal import ArgumentParser
internal import Core
internal import Execution

/// Options that limit what the steps of a run take, and what becomes of those that fail.
struct RunLimits: ParsableArguments {
  @Option(
    name: .shortAndLong, help: "How many steps at once, at most (default: the number of cores).")
  var jobs: Int?

  @Option(
    help: ArgumentHelp(
      "How much memory all steps together, such as 12GiB (default: what is available now, within the "
        + "limits of the container).", valueName: "size"))
  var memory: ByteCount?

  @Option(
    help: ArgumentHelp(
      "How often a step is tried again whose worker died, overran --step-timeout or could not use "
        + "the disk. What a step says of its own input is final.", valueName: "times"))
  var retries = 0

  @Option(
    help: ArgumentHelp(
      "How long one step may run, such as 90s, 30m or 1h30m. It is told to end (SIGTERM) and, 10 s "
        + "later, killed; training goes on from its last checkpoint.", valueName: "duration"))
  var stepTimeout: TimeLimit?

  func validate() throws {
    if let jobs, jobs < 1 { throw ValidationError("--jobs has to be at least 1") }
    guard (0...1000).contains(retries) else {
      throw ValidationError("--retries is from 0 to 1000")
    }
  }

  /// What a run with these options is allowed to do.
  func options(failFast: Bool) -> StudyRun.Options {
    var options = StudyRun.Options(
      budget: Machine.budget(jobs: jobs, memory: memory?.bytes), failFast: failFast,
      program: Machine.program)
    options.retries = retries
    options.stepLimit = stepTimeout?.duration
    return options
  }
}

/// A size on the command line: `500MB`, `1.5 GiB`, or plain bytes.
struct ByteCount: ExpressibleByArgument, Hashable {
  var bytes: Int64

  private static let units: [String: Double] = [
    "": 1, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12,
    "ki": 0x1p10, "mi": 0x1p20, "gi": 0x1p30, "ti": 0x1p40,
  ]

  init?(argument: String) {
    let number = argument.prefix { $0.isNumber || $0 == "." }
    var unit = argument.dropFirst(number.count).lowercased().filter { $0 != " " }
    if unit.hasSuffix("b") { unit.removeLast() }
    guard let value = Double(number), let factor = Self.units[unit], value * factor >= 1,
      value * factor <= 1e18
    else { return nil }
    bytes = Int64(value * factor)
  }

  /// A number of bytes as people read it.
  static func text(_ bytes: Int64) -> String {
    if bytes < 1_000_000 { return "\(bytes / 1000) kB" }
    if bytes < 1_000_000_000 { return "\(fixed(Double(bytes) / 1e6, digits: 0)) MB" }
    return "\(fixed(Double(bytes) / 1e9, digits: 1)) GB"
  }
}

/// A time on the command line: `90s`, `30m`, `1h30m`; a plain number is in seconds.
struct TimeLimit: ExpressibleByArgument, Hashable {
  var duration: Duration

  init?(argument: String) {
    var seconds = 0.0
    var rest = argument[...]
    // Larger units first, each once.
    for (unit, factor) in [("d", 86_400.0), ("h", 3600), ("m", 60), ("s", 1), ("", 1)] {
      let number = rest.prefix { $0.isNumber || $0 == "." }
      guard !number.isEmpty, rest.dropFirst(number.count).prefix(1) == unit else { continue }
      guard let value = Double(number) else { return nil }
      seconds += value * factor
      rest = rest.dropFirst(number.count + unit.count)
    }
    guard rest.isEmpty, seconds > 0, seconds < 1e9 else { return nil }
    duration = .seconds(seconds)
  }
}
