import ArgumentParser
import Learning
import Testing

@testable import microtome_bench

@Suite("The benchmark's networks")
struct WorkloadTests {
  @Test("an unknown name is answered with the names there are")
  func unknownNameListsTheNetworks() throws {
    let error = try #require(throws: ValidationError.self) {
      try Workload.entry(named: "unet-resnet17")
    }
    #expect(error.message.contains("unet-resnet17"))
    #expect(error.message.contains("unet-resnet18"))
  }

  @Test("training lowers the loss and takes no memory after two steps")
  func trainingReusesMemory() throws {
    let entry = try Workload.entry(named: "unet-resnet18")
    let workload = Workload(
      entry, sizes: .init(batch: 1, side: 32, width: 0.125), threads: 1, trains: true)
    let first = try workload.train()
    // The second step meets gradients that the first one left, and may need more.
    _ = try workload.train()
    let held = workload.engine.bytesAllocated
    var last = first
    for _ in 0..<3 { last = try workload.train() }
    #expect(last < first)
    #expect(workload.engine.bytesAllocated == held)
  }

  @Test(
    "the median is the middle, or the mean of the two in the middle",
    arguments: [([3, 1, 2], 2), ([4, 1, 3, 2], 2.5), ([7], 7)] as [([Double], Double)])
  func median(values: [Double], expected: Double) {
    #expect(Stopwatch.median(values) == expected)
  }

  @Test("a span of steps is kept, and the warm-up is not counted")
  func fixedStepsAreTimed() {
    var runs = 0
    let seconds = Stopwatch.time(.steps(4), warmUp: 2) { runs += 1 }
    #expect(runs == 6)
    #expect(seconds.count == 4)
  }
}
