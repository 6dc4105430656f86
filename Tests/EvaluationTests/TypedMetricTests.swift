import Imaging
import Testing

@testable import Evaluation

@Suite("Metrics of nuclei with types")
struct TypedMetricTests {
  private let perfect = PanopticQuality(truePositives: 2, iouSum: 2)
  private let half = PanopticQuality(truePositives: 1, falseNegatives: 2, iouSum: 1)
  private let absent = PanopticQuality()

  @Test("PanNuke's mPQ ignores what is predicted of classes that the truth lacks")
  func pannukeIgnores() {
    let image = MultiClassPanopticQuality.TissueImage(
      tissue: "Breast", classes: [perfect, PanopticQuality(falsePositives: 3), absent])
    #expect(image.meanQuality == .defined(1))
  }

  @Test("PanNuke's mPQ is a mean over tissues, and leaves images without nuclei out")
  func pannukeTissues() {
    let images: [MultiClassPanopticQuality.TissueImage] = [
      .init(tissue: "Breast", classes: [perfect]), .init(tissue: "Breast", classes: [perfect]),
      .init(tissue: "Colon", classes: [half]), .init(tissue: "Colon", classes: [absent]),
    ]
    let found = MultiClassPanopticQuality.pannuke(images)
    #expect(found.tissues.map(\.name) == ["Breast", "Colon"])
    #expect(found.tissues.map(\.quality) == [.defined(1), .defined(0.5)])
    #expect(found.quality == .defined(0.75))
    #expect(found.defined == 3)
  }

  @Test("CoNIC's mPQ+ pools counts within a class and means over classes")
  func conic() {
    let found = MultiClassPanopticQuality.conic([[perfect, absent, half], [half, absent, half]])
    #expect(found.classes[0] == .defined(6.0 / 8))
    #expect(found.classes[1].value == nil)
    #expect(found.classes[2] == .defined(0.5))
    #expect(found.quality == .defined(0.625))
    #expect(
      MultiClassPanopticQuality.conic([[absent]]).quality
        == .undefined("neither side has an object of any class"))
  }

  @Test("counts by class are those of maps with one class each")
  func countsByClass() throws {
    let (truth, prediction) = try ReferenceMaps.maps("nuclei")
    func types(_ map: LabelMap, _ rule: (Int) -> Int) -> [UInt16: Int] {
      Dictionary(uniqueKeysWithValues: map.distinctLabels.map { ($0, rule(Int($0))) })
    }
    let (trueTypes, predictedTypes) = (types(truth) { $0 % 4 }, types(prediction) { $0 % 5 % 4 })
    let counts = MultiClassPanopticQuality.counts(
      of: OverlapTable(truth: truth, prediction: prediction), truth: trueTypes,
      prediction: predictedTypes, classes: 3)
    for kind in 0..<3 {
      func part(_ map: LabelMap, _ types: [UInt16: Int]) -> LabelMap {
        var part = map
        for i in part.labels.indices where types[part.labels[i]] != kind { part.labels[i] = 0 }
        return part
      }
      let alone = PanopticQuality(
        OverlapTable(
          truth: part(truth, trueTypes), prediction: part(prediction, predictedTypes)))
      #expect(counts[kind] == alone)
    }
  }

  @Test("a nucleus lies at the mean of its pixels")
  func centres() {
    #expect(
      Detection.nuclei(of: LabelMap("11.", "1.5"), types: [5: 2]) == [
        .init(x: 1.0 / 3, y: 1.0 / 3), .init(x: 2, y: 1, type: 2),
      ])
  }

  @Test("a pair is kept up to the radius, which is in micrometres")
  func radius() {
    let truth: [Detection.Nucleus] = [.init(x: 10, y: 10, type: 1), .init(x: 50, y: 50, type: 2)]
    let prediction: [Detection.Nucleus] = [
      .init(x: 22, y: 10, type: 1), .init(x: 50, y: 62.5, type: 2),
    ]
    // 3 um are 12 pixels of 0.25 um: the first pair is kept, the second is not.
    let fine = Detection(truth: truth, prediction: prediction, pixelSize: 0.25)
    #expect(fine.f1 == .defined(0.5))
    #expect(Detection(truth: truth, prediction: prediction, pixelSize: 0.5).f1 == .defined(0))
  }

  @Test("how many are found does not depend on their types")
  func withoutTypes() throws {
    let (truth, prediction) = try ReferenceMaps.maps("nuclei")
    func types(_ map: LabelMap) -> [UInt16: Int] {
      Dictionary(uniqueKeysWithValues: map.distinctLabels.map { ($0, Int($0) % 3 + 1) })
    }
    let plain = Detection(
      truth: Detection.nuclei(of: truth), prediction: Detection.nuclei(of: prediction),
      pixelSize: 0.25)
    let typed = Detection(
      truth: Detection.nuclei(of: truth, types: types(truth)),
      prediction: Detection.nuclei(of: prediction, types: types(prediction)), pixelSize: 0.25)
    #expect(plain.f1 == typed.f1)
    #expect(plain.f1.value! > 0.5)
  }

  @Test("a wrong type counts twice, a nucleus without partner once")
  func types() {
    let truth = (0..<4).map { Detection.Nucleus(x: Double(100 * $0), y: 0, type: $0 < 3 ? 1 : 2) }
    var prediction = Array(truth.prefix(3))
    prediction[2].type = 2
    let found = Detection(truth: truth, prediction: prediction, pixelSize: 0.25)
    #expect(found.f1 == .defined(6.0 / 7))
    #expect(found.typeAccuracy == .defined(2.0 / 3))
    #expect(found.f1(ofType: 1) == .defined(4.0 / 6))
    #expect(found.f1(ofType: 2) == .defined(0))
    #expect(found.f1(ofType: 9).value == nil)
    #expect(found.trueTypes == [1, 2])
    #expect(found.meanTypeF1 == .defined(2.0 / 6))
    #expect(Detection().f1.value == nil && Detection().meanTypeF1.value == nil)
  }

  @Test("all nuclei are paired at once, as published, before far pairs are dropped")
  func wholePairing() {
    // The closest pair alone (1 to 9) would leave the second without partner.
    let truth: [Detection.Nucleus] = [.init(x: 0, y: 0), .init(x: 10, y: 0)]
    let prediction: [Detection.Nucleus] = [.init(x: 9, y: 0), .init(x: 21, y: 0)]
    #expect(Detection(truth: truth, prediction: prediction, pixelSize: 0.25).f1 == .defined(1))
  }

  /// Nothing within the radius tells of the fourth nucleus, 1,000 pixels away, and yet it decides.
  @Test("what lies far beyond the radius decides a pairing within it")
  func farNuclei() {
    let truth: [Detection.Nucleus] = [.init(x: 0, y: 0), .init(x: 20, y: 0)]
    let near = Detection.Nucleus(x: 13, y: 0)
    func pairs(_ prediction: [Detection.Nucleus]) -> MetricValue {
      Detection(truth: truth, prediction: prediction, pixelSize: 0.25).f1
    }
    // Alone it is the second's, at 7 pixels.
    #expect(pairs([near]) == .defined(2.0 / 3))
    // With the far one 13 + 980 is less than 7 + 1000: the pair at 13 pixels is dropped.
    #expect(pairs([near, .init(x: 1000, y: 0)]) == .defined(0))
  }

  @Test("the cheapest pairing is that of trying all", arguments: 0..<40)
  func cheapest(seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    let (rows, columns) = (
      Int.random(in: 0...6, using: &generator), Int.random(in: 0...6, using: &generator)
    )
    let costs = (0..<rows).map { _ in
      (0..<columns).map { _ in Double(Int.random(in: 0...30, using: &generator)) }
    }
    let unpaired = max(0, rows - columns)
    func best(_ row: Int, _ taken: Set<Int>, _ skipped: Int) -> Double {
      guard row < rows else { return 0 }
      var found = skipped < unpaired ? best(row + 1, taken, skipped + 1) : .infinity
      for column in 0..<columns where !taken.contains(column) {
        found = min(found, costs[row][column] + best(row + 1, taken.union([column]), skipped))
      }
      return found
    }
    let chosen = DenseAssignment.cheapest(rows: rows, columns: columns) { costs[$0][$1] }
    let pairs = chosen.enumerated().compactMap { row, column in column.map { (row, $0) } }
    #expect(pairs.count == min(rows, columns))
    #expect(Set(pairs.map(\.1)).count == pairs.count)
    #expect(pairs.reduce(0) { $0 + costs[$1.0][$1.1] } == best(0, [], 0))
  }
}
