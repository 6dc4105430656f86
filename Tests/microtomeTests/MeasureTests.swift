import Foundation
import Imaging
import Testing

extension ProgramTests {
  @Suite("Measuring two label maps")
  struct MeasureTests {
    private static let keys = [
      "dice", "iou", "dice2", "aji", "aji_plus", "dq", "sq", "pq", "object_f1", "object_dice",
      "object_hausdorff",
    ]

    /// Where the reference maps lie.
    private static func fixture(_ name: String) -> String {
      URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "EvaluationTests/Fixtures/\(name)").path
    }

    private func write(_ map: LabelMap, to name: String, of program: Program) throws {
      try Data(PNG.encode(map)).write(to: program.directory.appending(path: name))
    }

    private func map(_ side: Int, _ label: (_ x: Int, _ y: Int) -> UInt16) -> LabelMap {
      LabelMap(
        width: side, height: side,
        labels: (0..<side * side).map { label($0 % side, $0 / side) })
    }

    @Test(
      "prints the published figures of the reference maps",
      arguments: ["nuclei", "nuclei_hard", "glands", "perfect", "sparse"])
    func figures(name: String) throws {
      let program = try Program()
      let outcome = try program.run(
        "measure", "--truth", Self.fixture("\(name)_true.png"), "--prediction",
        Self.fixture("\(name)_pred.png"), "--json")
      #expect(outcome.status == 0, "\(outcome.error)")
      let metrics = try #require(outcome.json["metrics"] as? [String: Double])
      let all = try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(filePath: Self.fixture("segmentation.json"))))
      var figures = try #require((all as? [String: [String: Any]])?[name])
      figures.merge(figures["glas"] as! [String: Any]) { $1 }
      #expect(metrics.keys.sorted() == Self.keys.sorted())
      for key in Self.keys {
        #expect(abs(metrics[key]! - (figures[key] as! Double)) < 1e-6, "\(key)")
      }
      let names = outcome.json["names"] as? [String: String]
      #expect(names?["pq"] == "pq.image_mean.v1")
      program.clean()
    }

    @Test("what is undefined is null, with the reason")
    func undefined() throws {
      let program = try Program()
      try write(map(8) { _, _ in 0 }, to: "empty.png", of: program)
      try write(map(8) { x, _ in x < 3 ? 4 : 0 }, to: "one.png", of: program)
      let neither = try program.run(
        "measure", "--truth", "empty.png", "--prediction", "empty.png", "--json")
      let metrics = try #require(neither.json["metrics"] as? [String: Any])
      let reasons = try #require(neither.json["reasons"] as? [String: String])
      #expect(metrics["dice"] is NSNull && metrics["pq"] is NSNull)
      #expect(metrics["object_f1"] as? Double == 1 && metrics["object_hausdorff"] as? Double == 0)
      #expect(reasons["dice"] == "truth and prediction are empty" && reasons["object_f1"] == nil)
      let missed = try program.run(
        "measure", "--truth", "one.png", "--prediction", "empty.png", "--json")
      let values = try #require(missed.json["metrics"] as? [String: Any])
      #expect(values["dice"] as? Double == 0 && values["aji"] as? Double == 0)
      #expect(values["object_hausdorff"] is NSNull)
      #expect((missed.json["reasons"] as? [String: String])?.keys.sorted() == ["object_hausdorff"])
      program.clean()
    }

    @Test("a binary mask is a single object, with a note, unless its components are asked for")
    func components() throws {
      let program = try Program()
      // Three bars against the same three, one of them gone.
      try write(map(9) { x, _ in x % 3 == 0 ? 255 : 0 }, to: "truth.png", of: program)
      try write(map(9) { x, _ in x % 3 == 0 && x < 6 ? 1 : 0 }, to: "found.png", of: program)
      let arguments = ["measure", "--truth", "truth.png", "--prediction", "found.png", "--json"]
      let labels = try program.run(arguments)
      #expect((labels.json["objects"] as? [String: Int]) == ["truth": 1, "prediction": 1])
      #expect(labels.error.contains("--objects components"))
      let components = try program.run(arguments + ["--objects", "components"])
      #expect((components.json["objects"] as? [String: Int]) == ["truth": 3, "prediction": 2])
      #expect((components.json["metrics"] as? [String: Any])?["dq"] as? Double == 0.8)
      #expect(components.error.isEmpty)
      program.clean()
    }

    @Test("maps of different sizes are exit 2, and the message has both sizes")
    func sizes() throws {
      let program = try Program()
      try write(map(8) { _, _ in 1 }, to: "truth.png", of: program)
      try write(map(9) { _, _ in 1 }, to: "found.png", of: program)
      let outcome = try program.run(
        "measure", "--truth", "truth.png", "--prediction", "found.png", "--json")
      #expect(outcome.status == 2)
      let error = outcome.json["error"] as? [String: Any]
      #expect(error?["code"] as? String == "measure.sizes-differ")
      #expect(outcome.error.contains("8 x 8") && outcome.error.contains("9 x 9"))
      program.clean()
    }

    @Test("a file that is no label map is exit 2, a file that is absent exit 3")
    func unusable() throws {
      let program = try Program()
      try write(map(8) { _, _ in 1 }, to: "truth.png", of: program)
      try program.write("not an image", to: "notes.txt")
      try Data(PNG.encode(RGBImage(width: 8, height: 8, filledWith: RGB(1, 2, 3)))).write(
        to: program.directory.appending(path: "colour.png"))
      for (file, status) in [("notes.txt", 2), ("colour.png", 2), ("absent.png", 3)] {
        let outcome = try program.run("measure", "--truth", "truth.png", "--prediction", file)
        #expect(outcome.status == Int32(status) && outcome.error.contains(file))
      }
      program.clean()
    }

    @Test("prints a table for people")
    func table() throws {
      let program = try Program()
      let outcome = try program.run(
        "measure", "--truth", Self.fixture("sparse_true.png"), "--prediction",
        Self.fixture("sparse_pred.png"))
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.count == Self.keys.count)
      #expect(lines.first == "dice              0.8553")
      #expect(lines.last == "object_hausdorff  6.36 pixels, lower is better")
      #expect(outcome.error == "3 true and 5 predicted objects\n")
      program.clean()
    }
  }
}
