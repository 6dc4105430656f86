public import Planning

/// Which step runs next: a value with synchronous transitions; processes and time are at its edge.
///
/// A step is waiting, then ready, then running, then one of succeeded, failed, skipped. Ready steps
/// are taken longest remaining path first, then in the order of the plan.
public struct Scheduler: Sendable {
  public enum Phase: Hashable, Sendable {
    case waiting
    case ready
    case running
    case succeeded
    case failed
    /// A step that it reads failed or was skipped.
    case skipped
  }

  private var phases: [Phase]
  private var missing: [Int]
  private let readers: [[Int]]
  private let remaining: [Double]
  private let positions: [StepID: Int]
  private let ids: [StepID]
  private var ready: Set<Int> = []

  /// - Parameter cost: The expected seconds of a step; only their order matters.
  public init(plan: Plan, cost: (Step) -> Double) {
    let steps = plan.steps
    ids = steps.map(\.id)
    positions = Dictionary(uniqueKeysWithValues: ids.enumerated().map { ($1, $0) })
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
    self.remaining = remaining
    phases = missing.map { $0 == 0 ? .ready : .waiting }
    ready = Set(missing.indices.filter { missing[$0] == 0 })
  }

  public func phase(of id: StepID) -> Phase { phases[positions[id]!] }

  /// How many steps are in a phase.
  public func count(_ phase: Phase) -> Int { phases.count { $0 == phase } }

  /// Whether nothing runs and nothing can.
  public var isFinished: Bool { ready.isEmpty && !phases.contains(.running) }

  /// The ready steps, the most urgent first.
  public var queue: [StepID] {
    ready.sorted { (remaining[$0], $1) > (remaining[$1], $0) }.map { ids[$0] }
  }

  /// The most urgent ready step becomes running.
  public mutating func start() -> StepID? {
    guard let next = ready.max(by: { (remaining[$0], $1) < (remaining[$1], $0) }) else {
      return nil
    }
    ready.remove(next)
    phases[next] = .running
    return ids[next]
  }

  /// A running step gave its outputs; what only waited for it becomes ready.
  public mutating func succeed(_ id: StepID) {
    let position = take(id)
    phases[position] = .succeeded
    for reader in readers[position] {
      missing[reader] -= 1
      if missing[reader] == 0, phases[reader] == .waiting {
        phases[reader] = .ready
        ready.insert(reader)
      }
    }
  }

  /// A running step failed; all that depends on it is skipped, and nothing else.
  public mutating func fail(_ id: StepID) {
    let position = take(id)
    phases[position] = .failed
    var pending = readers[position]
    while let reader = pending.popLast() {
      guard phases[reader] == .waiting else { continue }
      phases[reader] = .skipped
      pending += readers[reader]
    }
  }

  /// A running step stopped without an outcome; it can be started again.
  public mutating func putBack(_ id: StepID) {
    let position = take(id)
    phases[position] = .ready
    ready.insert(position)
  }

  private func take(_ id: StepID) -> Int {
    let position = positions[id]!
    precondition(phases[position] == .running, "\(id) is not running")
    return position
  }
}
