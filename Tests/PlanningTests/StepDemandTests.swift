import Core
import Planning
import Testing

@Suite("What a step declares to take")
struct StepDemandTests {
  private func step(_ kind: StepKind, _ parameters: [(String, CanonicalValue)]) -> Step {
    Step(
      id: "step", kind: kind, parameters: parameters.map { .init($0.0, $0.1, at: nil) }, inputs: [],
      seed: Located(0), group: "g", location: nil)
  }

  /// The largest resident set of one optimiser step, and of one window, as the records of a study
  /// say (`SELECT kind, MAX(peak_bytes) FROM cost`), in MiB. The declaration is meant to be above.
  @Test(
    "memory is 1 to 1.6 times what was measured for a ResNet-18 U-Net",
    arguments: [
      (width: 1.0, patch: 256, batch: 8, train: 661.0, predict: 243.0),
      (width: 1.0, patch: 256, batch: 2, train: 462, predict: 242),
      (width: 0.5, patch: 256, batch: 8, train: 289, predict: 106),
      (width: 0.125, patch: 32, batch: 2, train: 45, predict: 42),
    ])
  func memory(width: Double, patch: Int, batch: Int, train: Double, predict: Double) {
    let training = step(
      .train,
      [
        ("model.width", .number(width)), ("training.patch", CanonicalValue(patch)),
        ("training.batch", CanonicalValue(batch)),
      ])
    let predicting = step(
      .predict, [("model.width", .number(width)), ("inference.window", CanonicalValue(patch))])
    for (step, measured) in [(training, train), (predicting, predict)] {
      let ratio = Double(step.demand.memory) / 0x1p20 / measured
      #expect((1...1.6).contains(ratio), "\(step.kind): \(ratio)")
    }
  }

  @Test("every kind declares memory, heavy ones use any number of cores, short ones none")
  func kinds() {
    for kind in StepKind.allCases {
      let demand = step(kind, []).demand
      #expect(demand.memory > 32 << 20)
      #expect(demand.cores.contains(1) != kind.isShort)
      #expect((demand.cores.upperBound > 1) == kind.isHeavy)
    }
  }

  @Test("absurd parameters give a large number and no trap")
  func absurd() {
    let huge = step(
      .train,
      [
        ("model.width", .number(1e9)), ("training.patch", CanonicalValue(1 << 40)),
        ("training.batch", CanonicalValue(1 << 40)),
      ])
    #expect(huge.demand.memory > 1 << 49)
  }
}
