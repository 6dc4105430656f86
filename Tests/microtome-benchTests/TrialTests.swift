import ArgumentParser
import Core
import Foundation
import Networks
import Testing

@testable import microtome_bench

@Suite("The benchmark's networks")
struct TrialTests {
  @Test("an unknown name is answered with the names there are")
  func unknownNameListsTheNetworks() throws {
    let options = try MeasurementOptions.parse(["--network", "unet-resnet17"])
    let error = try #require(throws: ValidationError.self) { try options.trial() }
    #expect(error.message.contains("unet-resnet17"))
    #expect(error.message.contains("unet-resnet18"))
  }

  @Test("training lowers the loss and takes no memory of the engine's after the first step")
  func trainingReusesMemory() throws {
    let trial = NetworkTrial(.unetResNet18, batch: 1, side: 32, width: 0.125)
    let first = try trial.trainStep()
    let held = (trial.bytesAllocated, trial.allocations)
    #expect(held.0 > 0 && held.1 > 0)
    var last = first
    for _ in 0..<4 { last = try trial.trainStep() }
    #expect(last < first)
    #expect((trial.bytesAllocated, trial.allocations) == held)
  }

  @Test("steps whose weights were looked at or used between them have the same bits")
  func interruptedSteps() throws {
    let plain = NetworkTrial(.unetResNet18, batch: 1, side: 32, width: 0.125)
    let other = NetworkTrial(.unetResNet18, batch: 1, side: 32, width: 0.125, threads: 2)
    for step in 0..<6 {
      try #expect(plain.trainStep() == other.trainStep())
      // Inference uses the memory that the recorded step works in.
      if step % 2 == 0 { other.infer() }
      if step == 3 { try other.restore(other.checkpoint()) }
    }
    #expect(plain.digest == other.digest)
  }

  /// A line of the fixture, which CI also compares with a release build.
  struct Run: Sendable, CustomTestStringConvertible {
    var words: [String]
    var testDescription: String { words.dropLast().joined(separator: " ") }
  }

  static let runs: [Run] = {
    let url = Bundle.module.url(forResource: "Fixtures/same-bits", withExtension: "txt")
    let text = url.flatMap { try? String(contentsOf: $0, encoding: .utf8) } ?? ""
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
      Run(words: $0.split(separator: " ").map(String.init))
    }
  }()

  /// CI compares twenty steps at a stretch, on one and two threads, with the same bits.
  @Test(
    "twenty steps give the committed bits, stopped after seven and resumed on other threads",
    arguments: runs)
  func sameBits(run: Run) throws {
    try #require(run.words.count == 5)
    let stopped = try trial(run, threads: 3)
    for _ in 0..<7 { try stopped.trainStep() }
    let resumed = try trial(run, threads: 4)
    try resumed.restore(stopped.checkpoint())
    for _ in 7..<20 { try resumed.trainStep() }
    #expect(resumed.digest.hex == run.words[4])
  }

  private func trial(_ run: Run, threads: Int) throws -> NetworkTrial {
    NetworkTrial(
      try #require(NetworkName(rawValue: run.words[0])), batch: try #require(Int(run.words[2])),
      side: try #require(Int(run.words[3])), width: try #require(Double(run.words[1])),
      threads: threads)
  }

  @Test("there are committed bits") func committedBits() { #expect(Self.runs.count == 8) }

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
