import Core
import Evaluation
import Testing

private let stream = RandomStream(seed: 3, purpose: "test")

/// Replicates measured on the same images, two to a patient.
private func replicates(
  _ count: Int, images: Int, _ value: (Int, Int) -> Double
) -> [[HierarchicalBootstrap.Difference]] {
  (0..<count).map { replicate in
    (0..<images).map { .init(patient: $0 / 2, image: $0, value: value(replicate, $0)) }
  }
}

@Suite("The hierarchical bootstrap")
struct HierarchicalBootstrapTests {
  @Test("is left out below six replicates", arguments: [(5, false), (6, true)])
  func fewest(count: Int, exists: Bool) {
    let data = replicates(count, images: 4) { Double($0 + $1) }
    let interval = HierarchicalBootstrap.interval(data, alpha: 0.05, stream: stream)
    #expect((interval != nil) == exists)
  }

  @Test("gives the same ends for the same stream and others for another")
  func deterministic() {
    let data = replicates(6, images: 6) { Double($0 * 7 % 5) + Double($1 * 3 % 4) }
    let first = HierarchicalBootstrap.interval(data, alpha: 0.05, stream: stream)
    #expect(first == HierarchicalBootstrap.interval(data, alpha: 0.05, stream: stream))
    let other = RandomStream(seed: 4, purpose: "test")
    #expect(first != HierarchicalBootstrap.interval(data, alpha: 0.05, stream: other))
  }

  @Test("has no width where nothing varies")
  func constant() {
    let data = replicates(6, images: 4) { _, _ in 0.25 }
    #expect(
      HierarchicalBootstrap.interval(data, alpha: 0.05, stream: stream)
        == Interval(low: 0.25, high: 0.25, level: 0.95))
  }

  /// For a mean of independent parts the bootstrap's width is about 2 x 1.96 standard errors.
  @Test("is as wide as the spread of replicates, or of patients, asks for")
  func width() throws {
    var normal = RandomStream(seed: 9, purpose: "data")
    let ofReplicate = (0..<40).map { _ in normal.normal() }
    let ofPatient = (0..<40).map { _ in normal.normal() }
    for (data, spread) in [
      (replicates(40, images: 4) { r, _ in ofReplicate[r] }, ofReplicate),
      (replicates(40, images: 80) { _, i in ofPatient[i / 2] }, ofPatient),
    ] {
      let interval = try #require(
        HierarchicalBootstrap.interval(data, alpha: 0.05, stream: stream))
      let moments = Moments(spread)
      let expected = 2 * 1.96 * moments.standardDeviation! / Double(40).squareRoot()
      #expect(abs((interval.high! - interval.low!) / expected - 1) < 0.06)
      #expect(interval.contains(moments.mean))
    }
  }

  @Test("copes with images that are undefined in some replicates")
  func missing() throws {
    var data = replicates(6, images: 4) { Double($0) + Double($1) / 10 }
    data[0].removeAll { $0.image != 3 }
    let interval = try #require(
      HierarchicalBootstrap.interval(data, alpha: 0.05, stream: stream))
    #expect(interval.low! >= 0 && interval.high! <= 5.3)
    data[1] = []
    #expect(HierarchicalBootstrap.interval(data, alpha: 0.05, stream: stream) == nil)
  }
}

@Suite("Equivalence within a margin")
struct EquivalenceTests {
  private let differences = [0.004, -0.003, 0.002, 0.001, -0.001, 0.003, -0.002, 0.0]

  @Test(
    "passes exactly when the interval at 1 - 2 alpha lies inside the margin",
    arguments: [0.0005, 0.001, 0.002, 0.003, 0.01])
  func agrees(margin: Double) {
    let test = SignFlipTest(differences, stream: stream)
    let equivalence = Equivalence(test, margin: margin, alpha: 0.05)
    #expect(equivalence.interval == test.interval(alpha: 0.1))
    #expect(equivalence.passes == (equivalence.p < 0.05))
    #expect(
      equivalence.passes
        == (equivalence.interval.low! > -margin && equivalence.interval.high! < margin))
  }

  @Test("is shown by small differences, and not by large or few ones")
  func outcomes() {
    func passes(_ differences: [Double]) -> Bool {
      Equivalence(SignFlipTest(differences, stream: stream), margin: 0.01, alpha: 0.05).passes
    }
    #expect(passes(differences))
    #expect(!passes(differences.map { $0 + 0.02 }))
    #expect(!passes(differences.map { $0 * 20 }))
    // With four pairs one side cannot go under 1/16, so nothing is shown, however small.
    #expect(!passes(Array(differences.prefix(4))))
    #expect(passes(Array(differences.prefix(5))))
  }
}
