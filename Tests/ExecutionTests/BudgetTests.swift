import Core
import Planning
import Testing

@testable import Execution

@Suite("A budget of cores and memory")
struct BudgetTests {
  /// Steps of these kinds that read nothing, so that all are ready at once, the first most urgent.
  private static func plan(_ kinds: [StepKind]) -> Plan {
    Plan(
      study: "test", studyDigest: SHA256.digest(of: []),
      steps: kinds.enumerated().map { index, kind in
        Step(
          id: StepID("s\(index)"), kind: kind, parameters: [], inputs: [], seed: Located(0),
          group: "g", location: nil)
      }, warnings: [], cells: 0)
  }

  /// A scheduler over steps that take so much memory each, with the cores that their kinds take.
  private struct Machine {
    var scheduler: Scheduler
    let memory: [StepID: Int64]

    init(_ budget: Budget, _ kinds: [StepKind], memory: [Int64]) {
      scheduler = Scheduler(plan: BudgetTests.plan(kinds), budget: budget) { _ in 1 }
      self.memory = Dictionary(
        uniqueKeysWithValues: memory.enumerated().map { (StepID("s\($0)"), $1) })
    }

    func demand(_ step: Step) -> StepDemand {
      StepDemand(cores: step.demand.cores, memory: memory[step.id]!)
    }

    mutating func start() -> Scheduler.Start? {
      let machine = self
      return scheduler.start { machine.demand($0) }
    }

    /// Everything that starts now.
    mutating func startAll() -> [StepID] {
      var started: [StepID] = []
      while let start = start() { started.append(start.step) }
      return started
    }
  }

  @Test("no more steps run than there are jobs, and none starts before another ended")
  func jobs() {
    var machine = Machine(
      Budget(jobs: 2, cores: 8, memory: 100), [.echo, .echo, .echo], memory: [1, 1, 1])
    #expect(machine.startAll() == ["s0", "s1"])
    machine.scheduler.succeed("s0")
    #expect(machine.startAll() == ["s2"])
  }

  @Test("steps start while their memory fits")
  func memory() {
    var machine = Machine(
      Budget(jobs: 9, cores: 9, memory: 10), [.echo, .echo, .echo, .echo], memory: [4, 4, 4, 2])
    #expect(machine.startAll() == ["s0", "s1", "s3"])
    machine.scheduler.fail("s0")
    #expect(machine.startAll() == ["s2"], "a failed step gives back what it held")
    machine.scheduler.putBack("s1")
    #expect(machine.startAll() == ["s1"], "and so does one that was put back")
  }

  @Test("a step that fits overtakes one that does not, as long as it leaves that one room")
  func overtaking() {
    var machine = Machine(
      Budget(jobs: 9, cores: 9, memory: 10), Array(repeating: .echo, count: 6),
      memory: [6, 7, 2, 1, 1, 1])
    // s1 waits for s0; of the 10, s2 and s3 leave it its 7, and s4 would not.
    #expect(machine.startAll() == ["s0", "s2", "s3"])
    machine.scheduler.succeed("s0")
    #expect(machine.startAll() == ["s1"])
    machine.scheduler.succeed("s2")
    #expect(machine.startAll() == ["s4", "s5"])
  }

  @Test("a large step is not kept waiting by any number of small ones")
  func starvation() {
    let count = 200
    var machine = Machine(
      Budget(jobs: 4, cores: 4, memory: 10), Array(repeating: .echo, count: count),
      memory: [3, 10] + Array(repeating: 1, count: count - 2))
    #expect(machine.startAll() == ["s0"], "nothing fits beside s1")
    machine.scheduler.succeed("s0")
    #expect(machine.startAll() == ["s1"])
  }

  @Test("a step larger than the budget runs, alone, and says that it is too large")
  func tooLarge() {
    var machine = Machine(
      Budget(jobs: 4, cores: 4, memory: 10), [.echo, .echo, .echo], memory: [1, 1000, 1])
    #expect(machine.start() == .init(step: "s0", threads: 1, isTooLarge: false))
    #expect(machine.start() == nil)
    machine.scheduler.succeed("s0")
    #expect(machine.start() == .init(step: "s1", threads: 1, isTooLarge: true))
    #expect(machine.start() == nil)
    machine.scheduler.succeed("s1")
    #expect(machine.startAll() == ["s2"])
  }

  @Test("a heavy step alone gets all cores, several share them, and a short step waits for none")
  func cores() {
    let budget = Budget(jobs: 4, cores: 4, memory: 100)
    var one = Machine(budget, [.train, .measure], memory: [1, 1])
    #expect(one.start()?.threads == 4)
    #expect(one.start() == .init(step: "s1", threads: 1, isTooLarge: false))
    var two = Machine(budget, [.train, .train], memory: [1, 1])
    #expect([two.start()?.threads, two.start()?.threads] == [2, 2])
    var five = Machine(budget, Array(repeating: .train, count: 5), memory: [1, 1, 1, 1, 1])
    #expect((0..<4).map { _ in five.start()?.threads } == [1, 1, 1, 1])
    #expect(five.start() == nil)
    var late = Machine(budget, [.train, .import], memory: [1, 1])
    _ = late.start()
    #expect(late.startAll() == [], "the import needs a core")
  }

  /// Every order in which steps can end, of a mix in which most do not fit beside each other.
  @Test("in every order the budget is kept, every step runs, and nothing waits while all is idle")
  func exhaustive() {
    let kinds: [StepKind] = [.train, .import, .echo, .train, .measure]
    let memory: [Int64] = [5, 4, 3, 50, 6]
    let budget = Budget(jobs: 3, cores: 2, memory: 10)
    var ends = 0
    func explore(_ machine: Machine, running: [Scheduler.Start]) {
      var machine = machine
      var running = running
      while let start = machine.start() { running.append(start) }
      let used = running.reduce(0) { $0 + min(10, machine.memory[$1.step]!) }
      let cores = running.filter { !["s2", "s4"].contains($0.step) }.reduce(0) { $0 + $1.threads }
      #expect(used <= 10 && cores <= 2 && running.count <= 3)
      if running.isEmpty {
        #expect(machine.scheduler.count(.succeeded) == kinds.count)
        ends += 1
      }
      for start in running {
        var next = machine
        next.scheduler.succeed(start.step)
        explore(next, running: running.filter { $0 != start })
      }
    }
    explore(Machine(budget, kinds, memory: memory), running: [])
    #expect(ends > 1)
  }
}
