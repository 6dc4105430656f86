import Core
import Evaluation
import Testing

private let stream = RandomStream(seed: 1, purpose: "test")

/// p by definition: every assignment of signs, one at a time.
private func countedP(_ differences: [Double], shift: Double) -> Double {
  let shifted = differences.map { $0 - shift }
  let observed = shifted.reduce(0, +).magnitude
  let tie = 1e-12 * shifted.reduce(0) { $0 + $1.magnitude }
  let reached = (0..<(1 << shifted.count)).filter { mask in
    let sum = shifted.enumerated().reduce(0.0) { $0 + (mask >> $1.0 & 1 == 1 ? -$1.1 : $1.1) }
    return sum.magnitude >= observed - tie
  }
  return Double(reached.count) / Double(1 << shifted.count)
}

@Suite("The sign-flip test")
struct SignFlipTests {
  @Test("gives the reference p-values", arguments: ReferenceStatistics.samples.prefix(3))
  func reference(name: String, shift: Float, figures: ReferenceStatistics.Sample) throws {
    let differences = ReferenceStatistics.differences(name, shift: shift, count: figures.n)
    let p = SignFlipTest(differences, stream: stream).p()
    #expect(abs(p - (try #require(figures.signFlipPermutationP))) < 1e-12)
  }

  /// Fisher counts 863 of 32,768 arrangements with a total as large, twice that on both sides.
  @Test("gives Fisher's count for Darwin's maize")
  func maize() {
    #expect(SignFlipTest(darwin, stream: stream).p() == 1726.0 / 32_768)
  }

  @Test("counts ties as reached, whatever rounding makes of them")
  func ties() {
    // 0.1 + 0.2 - 0.3 is 0 to people and 5.6e-17 to the machine; no assignment is nearer to 0.
    #expect(SignFlipTest([0.1, 0.2, -0.3], stream: stream).p() == 1)
    // |0.1 + 0.2 - 0.3 + 0.4| = 0.4 is reached by 10 of the 16 assignments, some after rounding.
    #expect(SignFlipTest([0.1, 0.2, -0.3, 0.4], stream: stream).p() == 0.625)
    #expect(SignFlipTest([0, 0, 0], stream: stream).p() == 1)
  }

  @Test("cannot give less than 2/2ⁿ, and gives it when all signs agree", arguments: 1...12)
  func smallest(pairs: Int) {
    let differences = (1...pairs).map { Double($0) / 7 }
    let smallest = SignFlipTest.smallestP(pairs: pairs)
    #expect(SignFlipTest(differences, stream: stream).p() == smallest)
    #expect(smallest == 2 / Double(1 << pairs))
  }

  @Test("counts all assignments up to 20 pairs and draws beyond")
  func limit() {
    var normal = RandomStream(seed: 5, purpose: "data")
    let differences = (0..<20).map { _ in normal.normal() + 0.4 }
    let counted = SignFlipTest(differences, stream: stream)
    // A difference of 0 changes no sum, so the p to be estimated is the counted one.
    let drawn = SignFlipTest(differences + [0], stream: stream)
    #expect(counted.isExact)
    #expect(!drawn.isExact)
    #expect(drawn.p() == SignFlipTest(differences + [0], stream: stream).p())
    #expect(SignFlipTest.smallestP(pairs: 21) == 1.0 / 100_001)
    let exact = counted.p()
    let standardError = (exact * (1 - exact) / 100_000).squareRoot()
    #expect(abs(drawn.p() - exact) < 5 * standardError + 1e-5)
  }
}

@Suite("The interval that inverts the sign-flip test")
struct SignFlipIntervalTests {
  private static func sample(_ pairs: Int, _ seed: UInt64) -> [Double] {
    var normal = RandomStream(seed: seed, purpose: "data")
    return (0..<pairs).map { _ in normal.normal() * 0.05 + 0.03 }
  }

  /// The definition: shifts inside are not rejected, shifts just outside are.
  @Test(
    "ends exactly where brute force starts to reject",
    arguments: [(4, 0.2), (5, 0.1), (6, 0.05), (7, 0.05), (8, 0.05), (8, 0.01), (9, 0.3)])
  func bruteForce(pairs: Int, alpha: Double) throws {
    for seed in 1...3 as ClosedRange<UInt64> {
      let differences = Self.sample(pairs, seed)
      let interval = SignFlipTest(differences, stream: stream).interval(alpha: alpha)
      let low = try #require(interval.low)
      let high = try #require(interval.high)
      #expect(countedP(differences, shift: low) >= alpha)
      #expect(countedP(differences, shift: high) >= alpha)
      #expect(countedP(differences, shift: low - 1e-9) < alpha)
      #expect(countedP(differences, shift: high + 1e-9) < alpha)
      for step in 0...20 {
        let inside = low + (high - low) * Double(step) / 20
        #expect(countedP(differences, shift: inside) >= alpha)
      }
    }
  }

  /// With six pairs 2/2⁶ is under 0.05 and 4/2⁶ is not: only the extreme assignments are rejected.
  @Test("spans all differences at six pairs and 95 %")
  func sixPairs() {
    let differences = [0.05, 0.02, 0.09, 0.01, 0.04, 0.03]
    let interval = SignFlipTest(differences, stream: stream).interval(alpha: 0.05)
    #expect(interval == Interval(low: 0.01, high: 0.09, level: 0.95))
  }

  @Test("is the whole line where no shift could be rejected", arguments: 1...5)
  func unbounded(pairs: Int) {
    let interval = SignFlipTest(Self.sample(pairs, 3), stream: stream).interval(alpha: 0.05)
    #expect(interval == Interval(low: nil, high: nil, level: 0.95))
    #expect(!interval.isBounded)
    #expect(interval.contains(1e300))
  }

  @Test("leaves 0 out exactly when the test rejects 0", arguments: 1...30 as ClosedRange<UInt64>)
  func agreesWithTheTest(seed: UInt64) {
    let test = SignFlipTest(Self.sample(8, seed), stream: stream)
    #expect(test.interval(alpha: 0.05).contains(0) == (test.p() >= 0.05))
  }

  @Test("is near the interval of Student's test for normal data, drawn or counted")
  func nearStudent() throws {
    for pairs in [18, 60] {
      let differences = Self.sample(pairs, 11)
      let test = SignFlipTest(differences, stream: stream)
      let interval = test.interval(alpha: 0.05)
      let student = try #require(PairedTTest(differences, alpha: 0.05)).interval
      #expect(abs(interval.low! - student.low!) < 0.002)
      #expect(abs(interval.high! - student.high!) < 0.002)
      #expect(test.p(shift: interval.high! + 1e-9) < 0.05)
      #expect(test.p(shift: interval.high! - 1e-9) >= 0.05)
    }
  }

  @Test("collapses where all differences are equal")
  func equalDifferences() {
    let interval = SignFlipTest(Array(repeating: 0.25, count: 8), stream: stream)
      .interval(alpha: 0.05)
    #expect(interval == Interval(low: 0.25, high: 0.25, level: 0.95))
  }
}
