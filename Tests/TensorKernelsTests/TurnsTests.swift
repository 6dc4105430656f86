import Testing

@testable import TensorKernels

@Suite("Turns")
struct TurnsTests {
  @Test("chunks pass each place in the order of their numbers", arguments: [1, 2, 4])
  func order(threads: Int) {
    let places = 5
    let chunks = 200
    // A place's order, written by whoever passes it.
    let passed = UnsafeMutablePointer<Int>.allocate(capacity: places * chunks)
    let counts = UnsafeMutablePointer<Int>.allocate(capacity: places)
    defer {
      passed.deallocate()
      counts.deallocate()
    }
    counts.initialize(repeating: 0, count: places)
    let turns = Turns(places: places)
    WorkerPool(threads: threads).forEach(chunks: chunks) { chunk in
      for place in 0..<places {
        turns.wait(for: chunk, at: place)
        passed[place * chunks + counts[place]] = chunk
        counts[place] += 1
        turns.pass(chunk, at: place)
      }
    }
    for place in 0..<places {
      #expect((0..<chunks).map { passed[place * chunks + $0] } == Array(0..<chunks))
    }
  }
}
