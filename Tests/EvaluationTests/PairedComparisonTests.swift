import Core
import Evaluation
import Testing

/// A size whose replicate differences are given, on two images of which one is twice the other.
private func size(_ label: String, _ images: Int, _ differences: [Double]) -> SizeInput {
  SizeInput(
    label: label, images: images,
    pairs: differences.enumerated().map { replicate, difference in
      ReplicatePair(
        replicate: replicate + 1,
        candidate: [
          ImageValue(image: "b", patient: "q", value: 0.5 + difference * 1.5),
          ImageValue(image: "a", patient: "p", value: 0.75 + difference * 0.5),
        ],
        baseline: [
          ImageValue(image: "a", patient: "p", value: 0.75),
          ImageValue(image: "b", patient: "q", value: 0.5),
        ])
    })
}

private let won = (1...8).map { 0.02 + Double($0) / 1000 }
private let lost = won.map { -$0 }
private let even = [0.02, -0.01, 0.015, -0.02, 0.005, -0.006, 0.009, -0.012]

private func evaluate(
  _ sizes: [SizeInput], correction: MultiplicityCorrection = .holm, margin: Double? = nil
) -> ComparisonResult {
  PairedComparison.evaluate(
    ComparisonInput(
      sizes: sizes, alpha: 0.05, correction: correction, equivalenceMargin: margin, seed: 7))
}

@Suite("A paired comparison")
struct PairedComparisonTests {
  @Test("reports the mean difference with its tests at every size, ascending")
  func figures() throws {
    let result = evaluate([size("all", 85, even), size("4", 4, won)])
    #expect(result.sizes.map(\.label) == ["4", "all"])
    #expect(result.familySize == 2)
    let first = result.sizes[0]
    let test = SignFlipTest(won, stream: RandomStream(seed: 7, purpose: "unused"))
    #expect(abs(first.difference! - 0.0245) < 1e-12)
    #expect(abs(first.candidateMean! - 0.6495) < 1e-12)
    #expect(abs(first.baselineMean! - 0.625) < 1e-12)
    #expect(first.p == 2.0 / 256)
    #expect(first.adjustedP == 4.0 / 256)
    #expect(first.smallestP == 2.0 / 256)
    #expect(first.smallestAdjustedP == 4.0 / 256)
    #expect(first.canReject && first.isExact)
    #expect(abs(first.interval!.low! - test.interval(alpha: 0.05).low!) < 1e-12)
    #expect(first.interval!.level == 0.95)
    #expect(first.imagePairs == 16)
    #expect(first.droppedImagePairs == 0 && first.droppedReplicates == 0)
    #expect(first.effects!.candidateHigher == 1 && first.effects!.rankBiserial == 1)
    #expect(first.wilcoxon!.p == 2.0 / 256)
    #expect(try #require(first.tTest).degreesOfFreedom == 7)
    #expect(try #require(first.bootstrap).contains(0.0245))
    #expect(first.equivalence == nil)
  }

  @Test("drops an image that is undefined in one arm from both, and counts it")
  func dropped() {
    var input = size("8", 8, won)
    input.pairs[0].candidate[0].value = nil  // image b
    input.pairs[1].baseline.removeLast()  // image b
    input.pairs[2].candidate[0].value = nil
    input.pairs[2].baseline[0].value = nil  // both images gone
    let result = evaluate([input]).sizes[0]
    #expect(result.replicates.map(\.replicate) == [1, 2, 4, 5, 6, 7, 8])
    #expect(result.replicates.map(\.images) == [1, 1, 2, 2, 2, 2, 2])
    #expect(result.imagePairs == 12)
    #expect(result.droppedImagePairs == 4)
    #expect(result.droppedReplicates == 1)
    #expect(abs(result.replicates[0].difference - won[0] * 0.5) < 1e-12)
    #expect(abs(result.replicates[0].baseline - 0.75) < 1e-12)
    #expect(result.smallestP == 2.0 / 128)
  }

  @Test("says that there is nothing where no pair is defined")
  func empty() {
    let result = evaluate([SizeInput(label: "4", images: 4, pairs: [])])
    #expect(result.sizes[0].p == nil && result.sizes[0].adjustedP == nil)
    #expect(result.sizes[0].interval == nil && result.sizes[0].difference == nil)
    #expect(!result.sizes[0].canReject)
    #expect(result.answer.verdict == .noData)
    // A size that was declared and gave nothing still counts in the family.
    let family = evaluate([size("4", 4, won), SizeInput(label: "8", images: 8, pairs: [])])
    #expect(family.familySize == 2)
    #expect(family.sizes[0].adjustedP == 4.0 / 256)
  }

  /// The rule: a threshold only where the significant sizes are a prefix with one sign.
  @Test(
    "names a threshold only for a prefix of sizes with one sign",
    arguments: [
      ([won, won, even, even], SizeAnswer.Verdict.upToThreshold, "8"),
      ([won, won, won, won], .allSizes, "32"),
      ([lost, even, even, even], .upToThreshold, "4"),
      ([even, won, even, even], .scattered, nil),
      ([won, even, won, even], .scattered, nil),
      ([won, lost, even, even], .bothSigns, nil),
      ([even, even, even, even], .noneSignificant, nil),
    ] as [([[Double]], SizeAnswer.Verdict, String?)])
  func threshold(data: [[Double]], verdict: SizeAnswer.Verdict, label: String?) {
    let sizes = zip([4, 8, 16, 32], data).map { size("\($0)", $0, $1) }
    let answer = evaluate(sizes.reversed()).answer
    #expect(answer.verdict == verdict)
    #expect(answer.threshold?.label == label)
    #expect(answer.equivalent.isEmpty)
    let expected = zip(["4", "8", "16", "32"], data).filter { $0.1 != even }.map(\.0)
    #expect(answer.significant.map(\.label) == expected)
    #expect(
      answer.significant.map(\.higher)
        == data.filter { $0 != even }.map { $0 == won ? .candidate : .baseline })
  }

  @Test("says when no outcome could have been significant", arguments: [5, 6])
  func cannotReject(replicates: Int) {
    let sizes = [4, 8].map { size("\($0)", $0, Array(won.prefix(replicates))) }
    let holm = evaluate(sizes)
    #expect(holm.answer.verdict == .cannotReject)
    #expect(holm.answer.cannotReject == ["4", "8"])
    let uncorrected = evaluate(sizes, correction: .none)
    #expect((uncorrected.answer.verdict == .cannotReject) == (replicates == 5))
    // Both sizes at 2/2⁶ are significant under Benjamini-Hochberg, though twice 2/2⁶ is over 0.05.
    let rate = evaluate(sizes, correction: .benjaminiHochberg)
    #expect((rate.answer.verdict == .allSizes) == (replicates == 6))
  }

  @Test("never calls a difference equality unless the margin's test passes")
  func equivalence() {
    let sizes = [size("4", 4, won), size("8", 8, even)]
    #expect(evaluate(sizes).answer.equivalent == [])
    #expect(evaluate(sizes, margin: 0.001).answer.equivalent == [])
    #expect(evaluate(sizes, margin: 0.015).answer.equivalent == ["8"])
    #expect(evaluate(sizes, margin: 0.05).answer.equivalent == ["4", "8"])
  }

  @Test("pools the p-values of a study's comparisons when asked")
  func readjust() {
    let first = evaluate([size("4", 4, won), size("8", 8, even)])
    let second = evaluate([size("4", 4, lost), size("8", 8, even)])
    let pooled = PairedComparison.readjust([first, second])
    #expect(pooled.map(\.familySize) == [4, 4])
    #expect(pooled[0].sizes[0].p == 2.0 / 256)
    #expect(pooled[0].sizes[0].adjustedP == 8.0 / 256)
    #expect(pooled[1].sizes[0].adjustedP == 8.0 / 256)
    #expect(pooled[0].sizes[0].smallestAdjustedP == 8.0 / 256)
    #expect(pooled[0].answer.verdict == .upToThreshold)
    #expect(PairedComparison.readjust(pooled) == pooled)
    let crowd = PairedComparison.readjust(Array(repeating: first, count: 4))
    #expect(crowd[0].answer.verdict == .cannotReject)
  }

  @Test("gives equal results for equal inputs in any order, and survives JSON")
  func deterministic() throws {
    let sizes = [size("4", 4, won), size("8", 8, even), size("16", 16, [0.1])]
    let result = evaluate(sizes, margin: 0.02)
    var shuffled = Array(sizes.reversed())
    for i in shuffled.indices {
      shuffled[i].pairs.reverse()
      for j in shuffled[i].pairs.indices { shuffled[i].pairs[j].candidate.reverse() }
    }
    #expect(evaluate(shuffled, margin: 0.02) == result)
    #expect(result.sizes[2].interval == Interval(low: nil, high: nil, level: 0.95))
    let decoded = try JSON.decode(ComparisonResult.self, from: JSON.encode(result))
    #expect(decoded == result)
  }
}
