public import Planning

/// Which step runs next: a value with synchronous transitions; processes and time are at its edge.
///
/// A step is waiting, then ready, then running, then one of succeeded, failed, skipped. Ready steps
/// are taken longest remaining path first, then in the order of the plan.
public struct Scheduler: Sendable {
  public enum Phase: Int, CaseIterable, Hashable, Sendable {
    case waiting
    case ready
    case running
    case succeeded
    case failed
    /// A step that it reads failed or was skipped.
    case skipped
  }

  private var phases: [Phase]
  /// How many steps are in each phase, so that asking costs nothing.
  private var counts = [Int](repeating: 0, count: Phase.allCases.count)
  private var missing: [Int]
  private let readers: [[Int]]
  private let plan: Plan
  private var ready: ReadyQueue

  /// - Parameter cost: The expected seconds of a step; only their order matters.
  public init(plan: Plan, cost: (Step) -> Double) {
    self.plan = plan
    let steps = plan.steps
    var readers = [[Int]](repeating: [], count: steps.count)
    var missing = [Int](repeating: 0, count: steps.count)
    for (i, step) in steps.enumerated() {
      for dependency in step.dependencies {
        readers[plan.position(of: dependency)!].append(i)
        missing[i] += 1
      }
    }
    var remaining = steps.map(cost)
    for i in steps.indices.reversed() {
      remaining[i] += readers[i].map { remaining[$0] }.max() ?? 0
    }
    self.readers = readers
    self.missing = missing
    ready = ReadyQueue(remaining: remaining)
    phases = [Phase](repeating: .waiting, count: steps.count)
    counts[Phase.waiting.rawValue] = steps.count
    for position in steps.indices where missing[position] == 0 { makeReady(position) }
  }

  public func phase(of id: StepID) -> Phase { phases[plan.position(of: id)!] }

  /// How many steps are in a phase.
  public func count(_ phase: Phase) -> Int { counts[phase.rawValue] }

  /// Whether nothing runs and nothing can.
  public var isFinished: Bool { ready.isEmpty && count(.running) == 0 }

  /// The ready steps, the most urgent first.
  public var queue: [StepID] { ready.sorted.map { plan.steps[$0].id } }

  /// The most urgent ready steps, at most `count` of them, without sorting the others.
  public func next(_ count: Int) -> [Step] { ready.first(count).map { plan.steps[$0] } }

  /// The most urgent ready step becomes running.
  public mutating func start() -> StepID? {
    guard let next = ready.pop() else { return nil }
    move(next, to: .running)
    return plan.steps[next].id
  }

  /// A running step gave its outputs; what only waited for it becomes ready.
  public mutating func succeed(_ id: StepID) {
    let position = take(id)
    move(position, to: .succeeded)
    for reader in readers[position] {
      missing[reader] -= 1
      if missing[reader] == 0, phases[reader] == .waiting { makeReady(reader) }
    }
  }

  /// A running step failed; all that depends on it is skipped, and nothing else.
  public mutating func fail(_ id: StepID) {
    let position = take(id)
    move(position, to: .failed)
    var pending = readers[position]
    while let reader = pending.popLast() {
      guard phases[reader] == .waiting else { continue }
      move(reader, to: .skipped)
      pending += readers[reader]
    }
  }

  /// A running step stopped without an outcome; it can be started again.
  public mutating func putBack(_ id: StepID) {
    makeReady(take(id))
  }

  private mutating func makeReady(_ position: Int) {
    move(position, to: .ready)
    ready.push(position)
  }

  private mutating func move(_ position: Int, to phase: Phase) {
    counts[phases[position].rawValue] -= 1
    counts[phase.rawValue] += 1
    phases[position] = phase
  }

  private func take(_ id: StepID) -> Int {
    let position = plan.position(of: id)!
    precondition(phases[position] == .running, "\(id) is not running")
    return position
  }
}
