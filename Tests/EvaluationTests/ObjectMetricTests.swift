import Imaging
import Testing

@testable import Evaluation

@Suite("Metrics of objects")
struct ObjectMetricTests {
  @Test("agree with the published code on the reference maps", arguments: ReferenceMaps.names)
  func referenceMaps(name: String) throws {
    let figures = try ReferenceMaps.named(name)
    let (truth, prediction) = try ReferenceMaps.maps(name)
    let image = ImageMeasures(truth: truth, prediction: prediction, withDistances: true)
    #expect(image.table.truth.count == figures.trueObjects)
    #expect(image.table.prediction.count == figures.predictedObjects)
    #expect(
      image.pixels == PixelCounts(truth: truth.labels, prediction: prediction.labels))
    expect(Overlap.dice(image.pixels), figures.dice)
    expect(Overlap.iou(image.pixels), figures.iou)
    expect(image.glands.f1, figures.glas.objectF1)
    expect(image.glands.dice, figures.glas.objectDice)
    switch figures.glas.objectHausdorff {
    case .finite(let distance): expect(image.hausdorff!.distance, distance)
    case .infinite: #expect(image.hausdorff!.distance.reason?.hasPrefix("infinite") == true)
    }
    // The published code fails where one side is empty.
    guard figures.pq != nil else { return }
    expect(AggregatedJaccard.dice2(image.table), figures.dice2)
    expect(AggregatedJaccard.aji(image.table), figures.aji)
    expect(AggregatedJaccard.ajiPlus(image.table), figures.ajiPlus)
    expect(image.panoptic.detection, figures.dq)
    expect(image.panoptic.segmentation(.published), figures.sq)
    expect(image.panoptic.quality(.published), figures.pq)
    expect(image.panoptic.segmentation(), figures.sq, within: 1e-6)
    expect(image.panoptic.quality(), figures.pq, within: 1e-6)
  }

  private func expect(_ value: MetricValue, _ figure: Double?, within tolerance: Double = 1e-12) {
    guard let figure else {
      #expect(value.value == nil && value.reason != nil)
      return
    }
    #expect(abs((value.value ?? .nan) - figure) < tolerance)
  }

  @Test("are undefined where both sides are empty, but for the contest's")
  func bothEmpty() {
    let empty = LabelMap("...", "...")
    let image = ImageMeasures(truth: empty, prediction: empty, withDistances: true)
    let nothing = MetricValue.undefined("truth and prediction are empty")
    #expect(AggregatedJaccard.dice2(image.table) == nothing)
    #expect(AggregatedJaccard.aji(image.table) == nothing)
    #expect(AggregatedJaccard.ajiPlus(image.table) == nothing)
    #expect(image.panoptic.detection == nothing)
    #expect(image.panoptic.segmentation() == nothing)
    #expect(image.panoptic.quality() == nothing)
    #expect(image.glands.f1 == .defined(1) && image.glands.dice == .defined(1))
    #expect(image.hausdorff?.distance == .defined(0))
  }

  @Test(
    "are 0 where one side is empty or nothing touches",
    arguments: [
      (LabelMap("11.", "..."), LabelMap("...", "...")),
      (LabelMap("...", "..."), LabelMap("11.", "...")),
      (LabelMap("11.", "..."), LabelMap("...", ".22")),
    ])
  func noOverlap(truth: LabelMap, prediction: LabelMap) {
    let image = ImageMeasures(truth: truth, prediction: prediction, withDistances: true)
    let values = [
      AggregatedJaccard.dice2(image.table), AggregatedJaccard.aji(image.table),
      AggregatedJaccard.ajiPlus(image.table), image.panoptic.detection,
      image.panoptic.segmentation(), image.panoptic.quality(), image.glands.f1, image.glands.dice,
    ]
    #expect(values == Array(repeating: .defined(0), count: values.count))
  }

  @Test("an IoU of exactly one half is no match, a bit more is one")
  func threshold() {
    let truth = LabelMap("11......")
    #expect(
      PanopticQuality(OverlapTable(truth: truth, prediction: LabelMap("5......."))).truePositives
        == 0)
    let three = PanopticQuality(
      OverlapTable(truth: LabelMap("111....."), prediction: LabelMap("55......")))
    #expect(three.truePositives == 1 && three.iouSum == 2.0 / 3)
  }

  @Test("objects are counted by label, whatever the numbers")
  func labels() {
    let map = LabelMap(width: 4, height: 1, labels: [65535, 300, 300, 0])
    let table = OverlapTable(truth: map, prediction: map)
    #expect(table.truth.labels == [300, 65535] && table.truth.areas == [2, 1])
    #expect(table.pairs.map(\.shared) == [2, 1])
    #expect(AggregatedJaccard.ajiPlus(table) == .defined(1))
  }

  @Test("pooled PQ sums counts, which is not the mean of images")
  func pooled() {
    let good = PanopticQuality(truePositives: 8, falsePositives: 1, falseNegatives: 1, iouSum: 6.4)
    let bad = PanopticQuality(falsePositives: 1, falseNegatives: 1)
    let both = PanopticQuality.pooled([good, bad, PanopticQuality()])
    #expect(both.detection == .defined(16.0 / 20))
    #expect(both.segmentation() == .defined(0.8))
    #expect(MetricValue.mean(of: [good, bad, PanopticQuality()].map(\.detection)).defined == 2)
  }

  @Test("AJI lets two truths take one prediction, AJI+ does not")
  func oneToOne() {
    // Both halves of the truth lie in prediction 1; prediction 2 touches the second alone.
    let table = OverlapTable(
      truth: LabelMap("111222.", "111222."), prediction: LabelMap("1111112", "1111112"))
    // AJI: 6 + 6 shared; unions 12 + 12; prediction 2, which nobody took, adds 2.
    #expect(AggregatedJaccard.aji(table) == .defined(12.0 / 26))
    // AJI+: one of them has it: 6 shared; union 12, the other truth 6, prediction 2 adds 2.
    #expect(AggregatedJaccard.ajiPlus(table) == .defined(6.0 / 20))
  }

  @Test("the heaviest pairing is that of trying all", arguments: 0..<60)
  func heaviestPairing(seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    let (rows, columns) = (
      Int.random(in: 0...6, using: &generator), Int.random(in: 0...6, using: &generator)
    )
    var edges: [SparseMatching.Edge] = []
    for row in 0..<rows {
      for column in 0..<columns where Bool.random(using: &generator) {
        edges.append(
          .init(
            row: row, column: column,
            weight: Double(Int.random(in: 1...20, using: &generator)) / 20))
      }
    }
    func best(_ row: Int, _ taken: Set<Int>) -> Double {
      guard row < rows else { return 0 }
      return edges.filter { $0.row == row && !taken.contains($0.column) }.reduce(
        best(row + 1, taken)
      ) { max($0, $1.weight + best(row + 1, taken.union([$1.column]))) }
    }
    let chosen = SparseMatching.heaviest(rows: rows, columns: columns, edges: edges).map {
      edges[$0]
    }
    #expect(Set(chosen.map(\.row)).count == chosen.count)
    #expect(Set(chosen.map(\.column)).count == chosen.count)
    #expect(abs(chosen.reduce(0) { $0 + $1.weight } - best(0, [])) < 1e-9)
  }
}
