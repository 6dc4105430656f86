import Core
import Testing

@Suite("Heap")
struct HeapTests {
  @Test("gives elements back in order, however they were put in", arguments: 0..<20)
  func order(seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), purpose: "heap")
    var heap = Heap<Int>()
    var held: [Int] = []
    for _ in 0..<300 {
      if stream.chance(0.6) {
        let element = stream.index(below: 50)
        heap.insert(element)
        held.append(element)
      } else {
        held.sort(by: >)
        #expect(heap.popLeast() == held.popLast())
      }
      #expect(heap.count == held.count)
    }
    var rest: [Int] = []
    while let element = heap.popLeast() { rest.append(element) }
    #expect(rest == held.sorted())
    #expect(heap.isEmpty)
  }
}
