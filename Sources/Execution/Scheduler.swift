public import Planning

/// Which step runs next: a value with synchronous transitions; processes and time are at its edge.
///
/// A step is waiting, then ready, then running, then one of succeeded, failed, skipped. Ready steps
/// are taken longest remaining path first, then in the order of the plan, and start while they fit
/// into the budget. One that does not fit waits, and others may overtake it as long as they leave it
/// room: once those that ran before have ended it starts, however many others are ready.
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

  /// A step that starts, and what it gets.
  public struct Start: Hashable, Sendable {
    public var step: StepID
    public var threads: Int
    /// Whether the step alone is larger than the budget: it runs, and nothing that counts beside it.
    public var isTooLarge: Bool
  }

  /// What a running step holds of the budget.
  private struct Share {
    var cores: Int
    var memory: Int64
    /// Whether a more urgent step waits for room since before this one started.
    var hasOvertaken: Bool
  }

  private let budget: Budget
  private var shares: [Int: Share] = [:]
  private var phases: [Phase]
  /// How many steps are in each phase, so that asking costs nothing.
  private var counts = [Int](repeating: 0, count: Phase.allCases.count)
  private var missing: [Int]
  private let readers: [[Int]]
  private let plan: Plan
  private var ready: ReadyQueue

  /// - Parameter cost: The expected seconds of a step; only their order matters.
  public init(plan: Plan, budget: Budget = .unlimited, cost: (Step) -> Double) {
    self.plan = plan
    self.budget = budget
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

  /// The most urgent ready step that may start becomes running.
  ///
  /// - Parameter demand: What a step is expected to take, as far as is known by now.
  /// - Returns: `nil` if nothing is ready or nothing fits beside what runs.
  /// - Complexity: O(log *n*) where the most urgent step fits.
  public mutating func start(needing demand: (Step) -> StepDemand) -> Start? {
    guard shares.count < budget.jobs, let head = ready.first(1).first else { return nil }
    let wanted = demand(plan.steps[head])
    if fits(wanted) {
      _ = ready.pop()
      // Whoever overtook this one is now one of those that started before the next.
      for position in shares.keys { shares[position]!.hasOvertaken = false }
      return begin(head, wanted, hasOvertaken: false)
    }
    for position in ready.first(Self.lookahead).dropFirst() {
      let candidate = demand(plan.steps[position])
      guard fits(candidate), leavesRoom(candidate, for: wanted) else { continue }
      ready.remove(position)
      return begin(position, candidate, hasOvertaken: true)
    }
    return nil
  }

  /// How many of the most urgent steps are looked at for one that fits.
  private static let lookahead = 32

  private func fits(_ demand: StepDemand) -> Bool {
    let running = shares.values
    return running.reduce(demand.cores.lowerBound) { $0 + $1.cores } <= budget.cores
      && running.reduce(memory(demand)) { $0 + $1.memory } <= budget.memory
  }

  /// Whether a step that overtakes leaves room for the one that it overtakes, beside all others that
  /// have overtaken it.
  private func leavesRoom(_ candidate: StepDemand, for head: StepDemand) -> Bool {
    let others = shares.values.filter(\.hasOvertaken)
    let cores = candidate.cores.lowerBound + head.cores.lowerBound
    return others.count + 2 <= budget.jobs
      && others.reduce(cores) { $0 + $1.cores } <= budget.cores
      && memory(candidate) <= budget.memory - memory(head)
      && others.reduce(memory(candidate) + memory(head)) { $0 + $1.memory } <= budget.memory
  }

  /// What a step takes of the budget: all of it if it is larger.
  private func memory(_ demand: StepDemand) -> Int64 { min(max(1, demand.memory), budget.memory) }

  private mutating func begin(
    _ position: Int, _ demand: StepDemand, hasOvertaken: Bool
  ) -> Start {
    let cores = cores(for: demand)
    shares[position] = Share(
      cores: cores, memory: memory(demand), hasOvertaken: hasOvertaken)
    move(position, to: .running)
    return Start(
      step: plan.steps[position].id, threads: max(1, cores),
      isTooLarge: demand.memory > budget.memory)
  }

  /// Steps that can use many cores share them with those that could start beside them; the bits do
  /// not depend on how.
  private func cores(for demand: StepDemand) -> Int {
    guard demand.cores.upperBound > 1 else { return demand.cores.lowerBound }
    let rivals = ready.first(min(budget.jobs, budget.cores, Self.lookahead) - 1)
      .count { plan.steps[$0].demand.cores.upperBound > 1 }
    let busy = shares.values.count { $0.cores > 0 }
    let share = budget.cores / max(1, min(budget.jobs, rivals + busy + 1))
    let free = budget.cores - shares.values.reduce(0) { $0 + $1.cores }
    return min(max(share, demand.cores.lowerBound), free, demand.cores.upperBound)
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
    let position = take(id)
    makeReady(position)
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

  private mutating func take(_ id: StepID) -> Int {
    let position = plan.position(of: id)!
    precondition(phases[position] == .running, "\(id) is not running")
    shares[position] = nil
    return position
  }
}
