internal import ArgumentParser
internal import CAllocations
internal import Core
internal import Networks

struct Train: ParsableCommand {
  static let configuration = CommandConfiguration(abstract: "Time training steps.")

  @OptionGroup var options: MeasurementOptions

  @Option(
    help: """
      Take so many steps, time nothing and print the last loss and a digest of all weights: for \
      counting instructions and comparing bits.
      """)
  var fixedSteps: Int?

  @Option(
    help: """
      Stop after so many of the fixed steps, and go on from the checkpoint in a network made anew, on \
      another number of threads.
      """)
  var resumeAfter: Int?

  @Flag(
    help: """
      Report how often steps allocate memory after warm-up, of the heap or of the engine's own: 0 is \
      right.
      """)
  var countAllocations = false

  func validate() throws {
    guard fixedSteps.map({ $0 >= 1 }) ?? true else {
      throw ValidationError("--fixed-steps is at least 1")
    }
    guard fixedSteps == nil || !countAllocations else {
      throw ValidationError("--fixed-steps and --count-allocations exclude each other")
    }
    guard !countAllocations || allocations_so_far() >= 0 else {
      throw ValidationError("allocations are not counted in this build")
    }
    guard resumeAfter.map({ 0 < $0 && $0 < fixedSteps ?? 0 }) ?? true else {
      throw ValidationError("--resume-after takes a part of --fixed-steps")
    }
  }

  func run() throws {
    if let fixedSteps {
      var trial = try options.trial()
      var loss = 0.0
      for step in 0..<fixedSteps {
        if step == resumeAfter {
          let checkpoint = trial.checkpoint()
          trial = try options.trial(threads: options.threads % 4 + 1)
          try trial.restore(checkpoint)
        }
        loss = try trial.trainStep()
      }
      print(loss, trial.digest)
    } else if countAllocations {
      try reportAllocations()
    } else {
      try Measurement("train", options) { try $0.trainStep() }
        .report(asJSON: options.json)
    }
  }

  private func reportAllocations() throws {
    let trial = try options.trial()
    for _ in 0..<max(1, options.warmUp) { _ = try trial.trainStep() }
    let steps = options.steps ?? 3
    let before = (heap: allocations_so_far(), engine: trial.allocations)
    for _ in 0..<steps { _ = try trial.trainStep() }
    let heap = allocations_so_far() - before.heap
    let report = Allocations(
      network: options.network, steps: steps,
      allocations: heap + trial.allocations - before.engine, bytesHeld: trial.bytesAllocated)
    print(
      options.json
        ? JSON.text(report)
        : "\(options.network): \(report.allocations) allocations in \(steps) steps after warm-up, "
          + "\(report.bytesHeld) bytes of the engine's memory held")
  }
}

/// What some steps allocate after warm-up.
private struct Allocations: Encodable {
  var network: String
  var steps: Int
  /// Calls of malloc and its like, on all threads, and how often the engine took memory from the system.
  var allocations: Int
  /// Of the engine's memory.
  var bytesHeld: Int

  enum CodingKeys: String, CodingKey {
    case network
    case steps
    case allocations
    case bytesHeld = "bytes_held"
  }
}
