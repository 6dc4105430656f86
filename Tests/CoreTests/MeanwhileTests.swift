import Core
import Testing

@Suite("A value made meanwhile")
struct MeanwhileTests {
  private struct Failure: Error, Equatable {}

  @Test("is what its thread made")
  func value() throws {
    let values = (0..<20).map { i in Meanwhile { (0...1000).reduce(i, +) } }
    #expect(try values.map { try $0.value() } == (0..<20).map { $0 + 500_500 })
  }

  @Test("passes on what its thread threw")
  func failure() {
    let value = Meanwhile<Int> { throw Failure() }
    #expect(throws: Failure()) { try value.value() }
  }

  @Test("need not be taken")
  func untaken() {
    let made = Witness()
    _ = Meanwhile { made.note() }
    #expect(made.isNoted)
  }
}

/// Written by one thread before it ends, read by the other after that.
private final class Witness: @unchecked Sendable {
  private(set) var isNoted = false
  func note() { isNoted = true }
}
