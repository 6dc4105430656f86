import Imaging
import Testing

@testable import Evaluation

@Suite("Object metrics of the GlaS contest")
struct GlandMetricTests {
  private func glands(_ truth: LabelMap, _ prediction: LabelMap) -> GlandObjects {
    GlandObjects(OverlapTable(truth: truth, prediction: prediction))
  }

  @Test("a gland split 60 to 40 is found once, with one surplus object")
  func unevenSplit() {
    let found = glands(LabelMap("1111111111"), LabelMap("2222223333"))
    #expect(found.truePositives == 1)
    #expect(found.f1 == .defined(2.0 / 3))
  }

  @Test("a gland split in equal halves is not found: over half must be covered")
  func evenSplit() {
    let found = glands(LabelMap("11111111"), LabelMap("22223333"))
    #expect(found.truePositives == 0)
    #expect(found.f1 == .defined(0))
  }

  @Test("background is never an object's partner")
  func background() {
    // Most of prediction 2 lies on background, and still truth 1 is its partner.
    let found = glands(LabelMap("1.......", "1......."), LabelMap("22222222", "........"))
    // True: Dice 2·1/(2+8) = 0.2 of weight 2; segmented: the same, of weight 8.
    #expect(found.dice == .defined(0.2))
  }

  @Test("pooled weights are over the objects of all images")
  func pooled() {
    let exact = glands(LabelMap("111111.."), LabelMap("111111.."))
    let missed = glands(LabelMap("11......"), LabelMap("........"))
    let pooled = GlandObjects.pooled([exact, missed])
    // True: 6 of 8 pixels agree wholly; segmented: all do.
    #expect(pooled.dice == .defined(0.875))
    #expect(MetricValue.mean(of: [exact.dice, missed.dice]).mean == .defined(0.5))
  }

  @Test("the distance without overlap is that to the nearest object")
  func nearest() throws {
    let truth = LabelMap("1.........", "..........")
    let prediction = LabelMap("...2....33", "..........")
    let distance = ObjectHausdorff(
      truth: truth, prediction: prediction, OverlapTable(truth: truth, prediction: prediction)
    ).distance
    // True: 3. Segmented: 3 of weight 1, and 9 of weight 2, so (3 + 18) / 3 = 7.
    #expect(distance == .defined(5))
  }

  @Test("pooled over an image with one side empty, the distance is undefined")
  func infinite() {
    let gland = LabelMap("11.")
    let empty = LabelMap("...")
    func distance(_ truth: LabelMap, _ prediction: LabelMap) -> ObjectHausdorff {
      ObjectHausdorff(
        truth: truth, prediction: prediction, OverlapTable(truth: truth, prediction: prediction))
    }
    let pooled = ObjectHausdorff.pooled([distance(gland, gland), distance(gland, empty)])
    #expect(
      pooled.distance
        == .undefined("infinite: 1 object has no counterpart, the other side being empty"))
    #expect(
      ObjectHausdorff.pooled([distance(gland, gland), distance(empty, empty)]).distance
        == .defined(0))
  }

  @Test("the squared distance is that of comparing all pixels", arguments: 0..<40)
  func allPixels(seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    // Later rectangles cut earlier ones, so that objects have holes, bays and several parts.
    let truth = LabelMap.random(
      width: 40, height: 30, objects: 6, side: 1...20, using: &generator)
    let prediction = LabelMap.random(
      width: 40, height: 30, objects: 7, side: 1...12, using: &generator)
    let table = OverlapTable(truth: truth, prediction: prediction)
    let trueRegions = ObjectRegions(truth, labels: table.truth.labels)
    let predictedRegions = ObjectRegions(prediction, labels: table.prediction.labels)
    func pixels(_ map: LabelMap, _ label: UInt16) -> [(x: Int, y: Int)] {
      map.labels.indices.filter { map.labels[$0] == label }.map { ($0 % 40, $0 / 40) }
    }
    func reach(_ a: [(x: Int, y: Int)], _ b: [(x: Int, y: Int)]) -> Int {
      var farthest = 0
      for p in a {
        var nearest = Int.max
        for q in b {
          let (dx, dy) = (q.x - p.x, q.y - p.y)
          nearest = min(nearest, dx * dx + dy * dy)
        }
        farthest = max(farthest, nearest)
      }
      return farthest
    }
    for (i, label) in table.truth.labels.enumerated() {
      let a = pixels(truth, label)
      for (j, other) in table.prediction.labels.enumerated() {
        let b = pixels(prediction, other)
        let square = trueRegions[i].squaredHausdorff(to: predictedRegions[j])
        #expect(square == max(reach(a, b), reach(b, a)))
      }
    }
  }
}
