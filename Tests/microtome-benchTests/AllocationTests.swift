import CAllocations
import Networks
import Testing

@testable import microtome_bench

@Suite("What a training step allocates", .serialized)
struct AllocationTests {
  @Test("calls of malloc are counted") func counts() {
    let before = allocations_so_far()
    let memory = (1...3).map { UnsafeMutablePointer<Int>.allocate(capacity: $0 << 10) }
    #expect(allocations_so_far() >= before + 3)
    for pointer in memory { pointer.deallocate() }
  }
}
