import Evaluation
import Testing

@Suite("Overlap of foreground pixels")
struct OverlapTests {
  /// True positives, false positives, false negatives, true negatives of the reference label maps, and Dice and IoU by the published HoVer-Net code.
  @Test(
    "agrees with the published code on the reference maps",
    arguments: [
      ("nuclei", [10730, 2478, 3523, 48805], 0.7814719056115946, 0.6413244874783336),
      ("nuclei_hard", [6688, 3637, 7017, 48194], 0.5566375364128173, 0.38565332718256257),
      ("glands", [22694, 3154, 2713, 36975], 0.8855331187201249, 0.7945800217079234),
      ("perfect", [6316, 0, 0, 59220], 1.0, 1.0),
      ("sparse", [845, 229, 57, 64405], 0.8552631578947368, 0.7471264367816092),
      ("empty_prediction", [0, 0, 2357, 63179], 0.0, 0.0),
      ("empty_truth", [0, 2357, 0, 63179], 0.0, 0.0),
    ])
  func referenceMaps(name: String, pixels: [Int], dice: Double, iou: Double) throws {
    let counts = PixelCounts(
      truePositives: pixels[0], falsePositives: pixels[1], falseNegatives: pixels[2],
      trueNegatives: pixels[3])
    #expect(abs(try #require(Overlap.dice(counts).value) - dice) < 1e-12)
    #expect(abs(try #require(Overlap.iou(counts).value) - iou) < 1e-12)
  }

  @Test("is undefined, with the reason, where truth and prediction are empty")
  func bothEmpty() {
    let counts = PixelCounts(truth: [false, false], prediction: [false, false])
    #expect(counts == PixelCounts(trueNegatives: 2))
    #expect(Overlap.dice(counts) == .undefined("truth and prediction are empty"))
    #expect(Overlap.iou(counts) == .undefined("truth and prediction are empty"))
    #expect(Overlap.dice(counts).value == nil)
  }

  @Test(
    "is 0 where only one of the two is empty",
    arguments: [([true, false], [false, false]), ([false, false], [false, true])])
  func oneEmpty(truth: [Bool], prediction: [Bool]) {
    let counts = PixelCounts(truth: truth, prediction: prediction)
    #expect(Overlap.dice(counts) == .defined(0))
    #expect(Overlap.iou(counts) == .defined(0))
  }

  @Test("counts any label but 0 as foreground")
  func labels() {
    let counts = PixelCounts(truth: [0, 1, 2, 300, 0], prediction: [0, 7, 0, 2, 9] as [Int])
    #expect(
      counts
        == PixelCounts(
          truePositives: 2, falsePositives: 1, falseNegatives: 1, trueNegatives: 1))
    #expect(Overlap.dice(counts) == .defined(4.0 / 6))
    #expect(Overlap.iou(counts) == .defined(0.5))
  }

  @Test("pools pixels, which is not the mean of images")
  func pooled() {
    let large = PixelCounts(truePositives: 90, falsePositives: 5, falseNegatives: 5)
    let small = PixelCounts(falsePositives: 5, falseNegatives: 5)
    let empty = PixelCounts(trueNegatives: 100)
    #expect(Overlap.dice(.pooled([large, small, empty])) == .defined(180.0 / 200))
    let (mean, defined) = MetricValue.mean(of: [large, small, empty].map(Overlap.dice))
    #expect(defined == 2)
    #expect(mean == .defined(90.0 / 190))
    #expect(Overlap.dice(.pooled([])).reason == "truth and prediction are empty")
    #expect(MetricValue.mean(of: []).mean.reason == "no image has a defined value")
  }
}
