import CAllocations
import Testing

@Suite("The benchmark's count of allocations")
struct AllocationTests {
  @Test("has every call of malloc", .enabled(if: allocations_so_far() >= 0)) func counts() {
    let before = allocations_so_far()
    let memory = (1...3).map { UnsafeMutablePointer<Int>.allocate(capacity: $0 << 10) }
    #expect(allocations_so_far() >= before + 3)
    for pointer in memory { pointer.deallocate() }
  }
}
