import Core
import Execution
import Planning
import Testing

@Suite("Scheduler")
struct SchedulerTests {
  /// a -> b -> d, a -> c -> d, and e on its own.
  static let diamond = plan([
    ("a", []), ("b", ["a"]), ("c", ["a"]), ("d", ["b", "c"]), ("e", []),
  ])

  static func plan(_ steps: [(id: String, reads: [String])]) -> Plan {
    Plan(
      study: "test", studyDigest: SHA256.digest(of: []),
      steps: steps.map { step in
        Step(
          id: StepID(step.id), kind: .measure, parameters: [],
          inputs: step.reads.map { .init($0, .output(StepID($0), "out")) }, seed: Located(0),
          group: "g",
          location: nil)
      }, warnings: [], cells: 0)
  }

  @Test("a step is ready once all that it reads succeeded")
  func order() {
    var scheduler = Scheduler(plan: Self.diamond) { _ in 1 }
    #expect(scheduler.queue == ["a", "e"])
    #expect(scheduler.startNext() == "a")
    #expect(scheduler.phase(of: "b") == .waiting)
    scheduler.succeed("a")
    #expect(scheduler.startNext() == "b")
    scheduler.succeed("b")
    #expect(scheduler.phase(of: "d") == .waiting)
    #expect(scheduler.startNext() == "c")
    scheduler.succeed("c")
    #expect(scheduler.phase(of: "d") == .ready)
  }

  @Test("the longest remaining path goes first, equal ones in the order of the plan")
  func priority() {
    let scheduler = Scheduler(plan: Self.diamond) { $0.id == "e" ? 100 : 1 }
    #expect(scheduler.queue == ["e", "a"])
    let equal = Scheduler(plan: Self.plan([("x", []), ("y", []), ("z", [])])) { _ in 1 }
    #expect(equal.queue == ["x", "y", "z"])
  }

  @Test("a failure skips what depends on it and nothing else")
  func failure() {
    var scheduler = Scheduler(plan: Self.diamond) { _ in 1 }
    #expect(scheduler.startNext() == "a")
    scheduler.fail("a")
    #expect(scheduler.count(.skipped) == 3)
    #expect(scheduler.startNext() == "e")
    scheduler.succeed("e")
    #expect(scheduler.isFinished)
    #expect(scheduler.count(.succeeded) == 1)
  }

  @Test("a step that was put back can be started again")
  func puttingBack() {
    var scheduler = Scheduler(plan: Self.plan([("a", []), ("b", ["a"])])) { _ in 1 }
    #expect(scheduler.startNext() == "a")
    scheduler.putBack("a")
    #expect(!scheduler.isFinished)
    #expect(scheduler.startNext() == "a")
    scheduler.succeed("a")
    #expect(scheduler.startNext() == "b")
  }

  /// Every order of outcomes of the diamond, one fault at every place: the machine always ends, and
  /// every step has an outcome.
  @Test("every run ends with an outcome for every step", arguments: ["a", "b", "c", "d", "e", "-"])
  func exhaustive(faulty: String) {
    func explore(_ scheduler: Scheduler, running: [StepID]) -> Int {
      var ends = 0
      var next = scheduler
      if let id = next.startNext() { ends += explore(next, running: running + [id]) }
      for id in running {
        var next = scheduler
        if id.text == faulty { next.fail(id) } else { next.succeed(id) }
        ends += explore(next, running: running.filter { $0 != id })
      }
      if running.isEmpty, scheduler.queue.isEmpty {
        #expect(scheduler.isFinished)
        #expect(scheduler.count(.waiting) + scheduler.count(.ready) == 0)
        #expect(scheduler.count(.failed) == (faulty == "-" ? 0 : 1))
        ends += 1
      }
      return ends
    }
    #expect(explore(Scheduler(plan: Self.diamond) { _ in 1 }, running: []) > 0)
  }

  @Test("a plan of 20,000 steps is scheduled without a quadratic blow-up")
  func large() {
    let ids = (0..<20_000).map { "s\($0)" }
    var scheduler = Scheduler(
      plan: Self.plan(ids.enumerated().map { ($1, $0 < 100 ? [] : [ids[$0 - 100]]) })
    ) { _ in 1 }
    var done = 0
    while let id = scheduler.startNext() {
      scheduler.succeed(id)
      done += 1
    }
    #expect(done == 20_000)
  }
}

extension Scheduler {
  /// Starts whatever is most urgent, where nothing is limited.
  mutating func startNext() -> StepID? { start(needing: \.demand)?.step }
}
