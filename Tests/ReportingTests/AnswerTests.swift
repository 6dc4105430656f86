import Evaluation
import Reporting
import Testing

private let won = (1...8).map { 0.02 + Double($0) / 1000 }
private let lost = won.map { -$0 }
private let even = [0.02, -0.01, 0.015, -0.02, 0.005, -0.006, 0.009, -0.012]

/// The sentence of a comparison whose replicate differences are given for sizes 4, 8, 16, 32.
private func sentence(
  _ data: [[Double]], correction: MultiplicityCorrection = .holm, margin: Double? = nil,
  inDomain: Bool = true, metric: String = "dice.image_mean.v1"
) -> String {
  let sizes = zip([("4", 4), ("8", 8), ("16", 16), ("all", 85)], data).map { size, differences in
    SizeInput(
      label: size.0, images: size.1,
      pairs: differences.enumerated().map { replicate, difference in
        ReplicatePair(
          replicate: replicate,
          candidate: [ImageValue(image: "a", patient: "p", value: 0.5 + difference)],
          baseline: [ImageValue(image: "a", patient: "p", value: 0.5)])
      })
  }
  let result = PairedComparison.evaluate(
    ComparisonInput(
      sizes: sizes, alpha: 0.05, correction: correction, equivalenceMargin: margin, seed: 1))
  return AnswerSentence(
    ComparisonRow(
      experiment: "gland", candidate: "pathology", baseline: "imagenet",
      metric: metric, testSet: "glas/testA", inDomain: inDomain, family: "f",
      result: result)
  ).text
}

@Suite("The answer in words")
struct AnswerTests {
  @Test("names the sizes with a difference and the first without")
  func threshold() {
    #expect(
      sentence([won, even])
        == "On glas/testA, pathology in place of imagenet changes Dice by +0.025 [0.022, 0.027] at "
        + "n = 4 (adjusted p = 0.016); at n = 8 the difference is not significant (0.000 [−0.013, "
        + "0.013], adjusted p = 1.000), which does not show that the two are equal.")
  }

  @Test(
    "says what the numbers say, and no more",
    arguments: [
      // Sizes, what must be there, what must not.
      (
        [lost, lost, even, even],
        [
          "changes Dice by −0.025 [−0.027, −0.022] at n = 4 (adjusted p = 0.031) and −0.025",
          "; from n = 16 on the difference is not significant (",
        ], "n = 85"
      ),
      (
        [won, won],
        [
          " and +0.025 [0.022, 0.027] at n = 8 (adjusted p = 0.016). ",
          "significant at every size studied, so where it ends, if it does, lies beyond them.",
        ], "not significant"
      ),
      (
        [won, won, won, won], ["at n = 4 (adjusted p = 0.031) to +0.025", "n = 85 (all, adjusted"],
        "n = 16"
      ),
      (
        [even, won, even],
        [
          "by +0.025 [0.022, 0.027] at n = 8 (",
          "not significant at n = 4 and 16, so no size marks",
        ],
        "from n"
      ),
      ([won, lost], ["opposite signs, so no size marks where one ends."], "not significant"),
      (
        [even, even, even, even],
        [
          "no size shows a significant difference in Dice between pathology and imagenet: ",
          "at n = 85 (all, adjusted p = 1.000), which does not show that the two are equal.",
        ], "changes"
      ),
      ([[], []], ["no replicate has a defined Dice for both", "nothing to compare"], "signific"),
      (
        [won, Array(won.prefix(3))],
        ["at n = 8 the difference is not significant (", "At n = 8 no outcome could have been"],
        "cannot answer"
      ),
    ])
  func variants(data: [[Double]], expected: [String], absent: String) {
    let text = sentence(data)
    for part in expected { #expect(text.contains(part)) }
    #expect(!text.contains(absent))
  }

  @Test(
    "says instead of an answer that a design cannot answer",
    arguments: [
      (MultiplicityCorrection.holm, "is 0.0625 after Holm's correction over 2 tests,", 7),
      (.bonferroni, "is 0.0625 after Bonferroni's correction over 2 tests,", 7),
    ])
  func cannotReject(correction: MultiplicityCorrection, expected: String, needed: Int) {
    let six = Array(won.prefix(6))
    let text = sentence([six, six], correction: correction)
    #expect(
      text.hasPrefix("This design cannot answer the question on glas/testA: with 6 replicates "))
    #expect(text.contains("the smallest possible p \(expected) which is not under 0.05"))
    #expect(text.hasSuffix("At least \(needed) replicates would be needed."))
    #expect(!text.contains("+0.0"))
    #expect(sentence([six, six], correction: .none).contains("(p = 0.031)"))
  }

  @Test("calls two arms equal only within a declared margin that was shown")
  func equivalence() {
    let shown = sentence([won, even], margin: 0.015)
    #expect(shown.contains("not significant (0.000 [−0.013, 0.013], adjusted p = 1.000). "))
    #expect(shown.hasSuffix("The difference is shown to lie within ±0.015 at n = 8."))
    let tight = sentence([won, even], margin: 0.001)
    #expect(tight.hasSuffix("which does not show that the two are equal."))
  }

  @Test("explains an interval without 0 at a size that correction leaves insignificant")
  func uncorrectedInterval() {
    // One loss among eight, and a small one: p = 4/256, times 4 sizes is not under 0.05.
    var nearly = won
    nearly[0] = -0.001
    let caveat = "Intervals are not corrected for testing several sizes."
    #expect(sentence([nearly, even, even, even]).hasSuffix(caveat))
    #expect(!sentence([nearly]).contains(caveat))
    #expect(!sentence([won, even, even, even]).contains(caveat))
  }

  @Test(
    "of a distance the smaller one wins, whatever the sign of the difference suggests",
    arguments: [
      ([lost, even], " Lower is better: pathology wins at n = 4."),
      ([won, won], " Lower is better: imagenet wins at n = 4 and 8."),
      ([lost, won], " Lower is better: pathology wins at n = 4 and imagenet wins at n = 8."),
      ([even, even], ", which does not show that the two are equal. Lower is better."),
    ])
  func lowerIsBetter(data: [[Double]], expected: String) {
    for variant in ["image_mean", "pooled"] {
      let text = sentence(data, metric: "object_hausdorff.\(variant).v1")
      #expect(text.hasSuffix(expected), "\(text)")
      #expect(text.contains("object Hausdorff distance"))
    }
    #expect(!sentence(data).contains("is better"))
  }

  @Test("says where a test set is out of domain")
  func outOfDomain() {
    #expect(
      sentence([even], inDomain: false)
        .hasPrefix("On glas/testA (out of domain), no size shows a significant difference"))
  }
}
