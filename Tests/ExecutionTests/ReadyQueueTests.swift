import Core
import Planning
import Testing

@testable import Execution

@Suite("Ready queue")
struct ReadyQueueTests {
  /// What the heap has to agree with: sorted by remaining time, equal ones in the order of the plan.
  static func sorted(_ positions: [Int], _ remaining: [Double]) -> [Int] {
    positions.sorted { (remaining[$1], $0) < (remaining[$0], $1) }
  }

  /// Few different times, so that most comparisons are ties.
  @Test("positions come out as a sort would give them", arguments: [0, 1, 2, 3, 7, 8, 100, 1000])
  func order(count: Int) {
    var stream = RandomStream(seed: 1, purpose: "test", UInt64(count))
    let remaining = (0..<count).map { _ in Double(stream.index(below: 5)) }
    var queue = ReadyQueue(remaining: remaining)
    for position in stream.shuffled(Array(0..<count)) { queue.push(position) }
    let expected = Self.sorted(Array(0..<count), remaining)
    #expect(queue.sorted == expected)
    for few in [0, 1, 2, 5, count] { #expect(queue.first(few) == Array(expected.prefix(few))) }
    var popped: [Int] = []
    while let position = queue.pop() { popped.append(position) }
    #expect(popped == expected)
    #expect(queue.isEmpty)
  }

  @Test("pushing and popping in any order always gives the most urgent")
  func mixed() {
    var stream = RandomStream(seed: 2, purpose: "test")
    let remaining = (0..<500).map { _ in Double(stream.index(below: 9)) }
    var queue = ReadyQueue(remaining: remaining)
    var inside: [Int] = []
    var next = 0
    while next < remaining.count || !inside.isEmpty {
      if next < remaining.count, inside.isEmpty || stream.chance(0.6) {
        queue.push(next)
        inside.append(next)
        next += 1
      } else {
        let expected = Self.sorted(inside, remaining)[0]
        #expect(queue.pop() == expected)
        inside.removeAll { $0 == expected }
      }
    }
  }

  @Test("a position can be taken out from anywhere, and the others keep their order")
  func removal() {
    var stream = RandomStream(seed: 3, purpose: "test")
    for count in [1, 2, 3, 10, 100] {
      let remaining = (0..<count).map { _ in Double(stream.index(below: 5)) }
      for taken in 0..<count {
        var queue = ReadyQueue(remaining: remaining)
        for position in stream.shuffled(Array(0..<count)) { queue.push(position) }
        queue.remove(taken)
        var popped: [Int] = []
        while let position = queue.pop() { popped.append(position) }
        #expect(popped == Self.sorted((0..<count).filter { $0 != taken }, remaining))
      }
    }
  }

  /// A sort for each step took minutes here.
  @Test("200,000 steps that are all ready at once are scheduled in seconds")
  func wide() {
    let ids = (0..<200_000).map { "s\($0)" }
    var scheduler = Scheduler(plan: SchedulerTests.plan(ids.map { ($0, []) })) { _ in 1 }
    let start = ContinuousClock.now
    var done = 0
    while let id = scheduler.startNext() {
      scheduler.succeed(id)
      done += 1
    }
    #expect(done == 200_000 && scheduler.isFinished)
    #expect(scheduler.count(.succeeded) == 200_000)
    #expect(ContinuousClock.now - start < .seconds(60))
  }
}
