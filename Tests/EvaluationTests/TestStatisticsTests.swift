import Core
import Evaluation
import Testing

@Suite("Student's paired test")
struct PairedTTestTests {
  @Test("gives the reference figures", arguments: ReferenceStatistics.samples)
  func reference(name: String, shift: Float, figures: ReferenceStatistics.Sample) throws {
    let differences = ReferenceStatistics.differences(name, shift: shift, count: figures.n)
    let test = try #require(PairedTTest(differences, alpha: 0.05))
    #expect(abs(test.t - figures.pairedT.t!) < 1e-9)
    #expect(abs(test.p - figures.pairedT.p) < 1e-9)
    #expect(abs(EffectSizes(differences).cohenDz! - figures.cohenDz) < 1e-9)
  }

  /// Fisher prints t = 2.148 and p a little under 5 % for the maize; Student's data are t = 4.06.
  /// Further digits by SciPy 1.17.
  @Test(
    "gives the published examples",
    arguments: [
      (darwin, 2.1479874613311205, 0.049702944021800866, 0.031193318392979563, 41.83547334827369),
      (sleep, 4.062127683382037, 0.002832890197384273, 0.7001142367230175, 2.459885763276983),
    ])
  func published(_ data: [Double], t: Double, p: Double, low: Double, high: Double) throws {
    let test = try #require(PairedTTest(data, alpha: 0.05))
    #expect(abs(test.t - t) < 1e-12)
    #expect(abs(test.p - p) < 1e-12)
    #expect(abs(test.interval.low! - low) < 1e-9)
    #expect(abs(test.interval.high! - high) < 1e-9)
  }

  @Test(
    "has the critical values of the table",
    arguments: [
      (1.0, 0.5, 1.0000000000000002), (1.0, 0.05, 12.706204736174694),
      (2.0, 0.05, 4.302652729749462), (5.0, 0.01, 4.032142983555228),
      (7.0, 0.1, 1.8945786050900062),
      (30.0, 0.05, 2.0422724563012378), (30.0, 0.001, 3.6459586350420627),
    ])
  func critical(degreesOfFreedom: Double, alpha: Double, value: Double) {
    let critical = StudentT.critical(alpha: alpha, degreesOfFreedom: degreesOfFreedom)
    #expect(abs(critical / value - 1) < 1e-12)
  }

  @Test("does not exist without spread or with one pair", arguments: [[0.3], [0.1, 0.1, 0.1]])
  func undefined(differences: [Double]) {
    #expect(PairedTTest(differences, alpha: 0.05) == nil)
    #expect(EffectSizes(differences).cohenDz == nil)
  }
}

@Suite("Wilcoxon's signed-rank test")
struct WilcoxonTests {
  @Test("gives the reference figures", arguments: ReferenceStatistics.samples)
  func reference(name: String, shift: Float, figures: ReferenceStatistics.Sample) throws {
    let differences = ReferenceStatistics.differences(name, shift: shift, count: figures.n)
    let test = try #require(WilcoxonSignedRank(differences))
    #expect(test.statistic == figures.wilcoxon.statistic)
    #expect(abs(test.p - figures.wilcoxon.p) < 1e-9)
  }

  /// SciPy 1.17 on the two published samples; the second has a zero and ties.
  @Test(
    "is exact with zeros and ties at small n",
    arguments: [(darwin, 24.0, 0.041259765625), (sleep, 0.0, 0.00390625)])
  func published(data: [Double], statistic: Double, p: Double) throws {
    let test = try #require(WilcoxonSignedRank(data))
    #expect(test.statistic == statistic)
    #expect(test.p == p)
  }

  @Test(
    "gives the matched-pairs rank-biserial correlation",
    arguments: [
      // Ranks 1, 2, 3 against 4 and 5: (6 - 9) / 15.
      ([1.0, 2.0, 3.0, -4.0, -5.0], -0.2), ([1.0, 1.0, 1.0], 1.0), ([-2.0, 2.0], 0.0),
      ([0.0, 3.0], 1.0),
    ])
  func rankBiserial(differences: [Double], value: Double) throws {
    #expect(abs(try #require(EffectSizes(differences).rankBiserial) - value) < 1e-15)
  }

  @Test("does not exist where every difference is 0")
  func zeros() {
    #expect(WilcoxonSignedRank([0, 0]) == nil)
    #expect(EffectSizes([0, 0]).rankBiserial == nil)
    #expect(EffectSizes([0, 0, 1, -1]).candidateHigher == 0.5)
  }
}

@Suite("Corrections for many tests")
struct MultiplicityTests {
  @Test("give the reference figures in any order", arguments: [0, 4])
  func reference(rotation: Int) {
    let file = ReferenceStatistics.file.adjust
    func rotated(_ values: [Double]) -> [Double] {
      Array(values[rotation...] + values[..<rotation])
    }
    let expected: [(MultiplicityCorrection, [Double])] = [
      (.holm, file.holm), (.bonferroni, file.bonferroni),
      (.benjaminiHochberg, file.benjaminiHochberg), (.none, file.p),
    ]
    for (correction, values) in expected {
      for (a, b) in zip(correction.adjust(rotated(file.p)), rotated(values)) {
        #expect(abs(a - b) < 1e-12)
      }
      #expect(correction.adjust([]).isEmpty)
    }
  }

  /// The table of the statistics notes: the largest family under Holm at 0.05 for n pairs.
  @Test(
    "say which designs can reject",
    arguments: [(4, 0), (5, 0), (6, 1), (7, 3), (8, 6), (9, 12), (10, 25), (12, 102)])
  func designs(replicates: Int, largestFamily: Int) {
    for (family, expected) in [(largestFamily, true), (largestFamily + 1, false)] where family > 0 {
      #expect(
        DesignCheck.canReject(
          replicates: replicates, familySize: family, correction: .holm, alpha: 0.05) == expected)
    }
    let smallest = DesignCheck.smallestAdjustedP(
      replicates: replicates, familySize: 3, correction: .bonferroni)
    #expect(smallest == min(1, 3 * SignFlipTest.smallestP(pairs: replicates)))
  }

  @Test("know that sizes lend each other strength under Benjamini-Hochberg")
  func benjaminiHochberg() {
    #expect(
      DesignCheck.smallestAdjustedP(
        replicates: 6, familySize: 5, correction: .benjaminiHochberg) == 0.03125)
    #expect(
      DesignCheck.replicatesNeeded(familySize: 5, correction: .holm, alpha: 0.05) == 8)
    #expect(
      DesignCheck.replicatesNeeded(familySize: 5, correction: .benjaminiHochberg, alpha: 0.05) == 6)
    #expect(
      DesignCheck.replicatesNeeded(familySize: 1, correction: .none, alpha: 1e-9) == nil)
  }
}
