import Core
import Imaging
import Planning
import Storage
import Testing

@testable import Steps

@Suite("Overlays")
struct OverlayTests {
  private func choice(_ values: [Double?], metric: String = "dice.image_mean.v1") -> OverlayChoice {
    let names = ["a", "b", "c", "d", "e"].prefix(values.count)
    return OverlayChoice(
      of: Array(names),
      by: MeasuredValues(
        metric: metric,
        values: zip(names, values).map {
          .init(image: $0, patient: $0, value: $1, reason: $1 == nil ? "both are empty" : nil)
        }))
  }

  private func words(_ choice: OverlayChoice) -> [String] {
    choice.images.map { "\($0.image) \($0.role?.rawValue ?? "-")" }
  }

  @Test(
    "the worst, the median and the best by a metric, equal ones by id",
    arguments: [
      ([0.5, 0.9, 0.1, 0.7, 0.6], ["c worst", "e median", "b best"]),
      // Of two middle ones the worse.
      ([0.5, 0.9, 0.1, 0.7], ["c worst", "a median", "b best"]),
      ([0.5, 0.5, 0.5], ["a worst", "b median", "c best"]),
      ([0.5, nil, 0.1], ["c worst", "a best"]),
      ([nil, nil, 0.3], ["c only"]),
      ([nil, nil, nil, nil], ["a -", "b -", "c -"]),
    ] as [([Double?], [String])])
  func roles(values: [Double?], expected: [String]) {
    let choice = choice(values)
    #expect(words(choice) == expected)
    #expect(choice.metric == "dice.image_mean.v1")
    #expect(choice.measured == values.compactMap(\.self).count)
  }

  @Test("of a distance the largest is the worst")
  func distances() {
    let choice = choice([5, 90, 1, 5], metric: "object_hausdorff.image_mean.v1")
    #expect(words(choice) == ["b worst", "a median", "c best"])
    #expect(choice.images.map(\.value) == [90, 5, 1])
  }

  @Test("without a metric of single images they are the first by id, and it says so")
  func fallback() throws {
    let run = try MemoryRun(SmallStudy.glands(more: "metrics: [dice_pooled]"))
    let id: StepID = "x/random/n=all/r=1/overlay/tissue"
    #expect(run.plan[id]?.inputs.map(\.name) == ["predictions", "split"])
    let choice = try JSON.decode(
      OverlayChoice.self, from: run.store.read(run.outputs(of: id)["choice"]!))
    #expect(choice.metric == nil && choice.images.count == 2)
    #expect(choice.images.allSatisfy { $0.role == nil && $0.value == nil })
  }

  @Test("the pictures are those of the images that the measured values choose")
  func pictures() throws {
    let run = try MemoryRun(SmallStudy.glands(more: "metrics: [dice_pooled, iou, dice]"))
    let id: StepID = "x/random/n=all/r=1/overlay/tissue"
    let outputs = try run.outputs(of: id)
    let choice = try JSON.decode(OverlayChoice.self, from: run.store.read(outputs["choice"]!))
    #expect(choice.metric == "iou.image_mean.v1")
    let measured = try run.outputs(of: "x/random/n=all/r=1/measure/tissue")
    let values = try JSON.decode(
      MeasuredValues.self, from: run.store.read(measured["values/iou.image_mean.v1"]!)
    ).values.compactMap(\.value).sorted()
    #expect(choice.images.map(\.value) == [values.first, values.last])
    let tree = try Tree(decoding: run.store.read(outputs["overlays"]!))
    #expect(Set(tree.entries.map(\.name)) == Set(choice.images.map { "\($0.image).png" }))
    for entry in tree.entries {
      // 64 pixels are drawn twice as large.
      let picture = try ImageFile.rgb(run.store.read(entry.digest))
      #expect(picture.width == 128 && picture.height == 128)
    }
  }
}
