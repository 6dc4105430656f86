import Foundation
import Testing

extension ProgramTests {
  @Suite("Images of one dataset in another")
  struct LeakageTests {
    /// A training set and a test set of files, whose first images are the same pixel for pixel.
    private static func program(shared: Int = 2) throws -> Program {
      let program = try Program()
      for i in 0..<max(4, shared) {
        try program.write(bitmap: UInt8(40 + 2 * i), to: "mine/images/a\(i).bmp")
        try program.write(bitmap: 0, square: 255, to: "mine/masks/a\(i).bmp")
      }
      var rows = "stem,split\n"
      for i in 0..<shared + 1 {
        let value = i < shared ? 40 + 2 * i : 201
        try program.write(bitmap: UInt8(value), to: "other/images/secret\(i).bmp")
        try program.write(bitmap: 0, square: 255, to: "other/masks/secret\(i).bmp")
        rows += "secret\(i),test\n"
      }
      try program.write(rows, to: "other/table.csv")
      return program
    }

    private static let manifest = """
      microtome: 1
      study: shared
      seed: 7
      datasets:
        mine: { format: image-mask-folder, root: mine }
        other: { format: image-mask-folder, root: other, table: table.csv }
        tissue: { format: synthetic-tissue, images: { test: 1 }, size: 64, seed: 1 }
      initializations:
        random: {}
      experiments:
        gland:
          task: gland-segmentation
          model: { encoder: resnet18, decoder: unet, width: 0.0625 }
          dataset: mine
          subset_sizes: [2]
          initialization: [random]
          replicates: 2
          training: { patch: 32, batch: 1, steps: 1, optimizer: { adam: { learning_rate: 1.0e-3 } } }
          selection: last
          inference: { window: 64, stride: 64 }
          test: [other/test]
          metrics: [dice]
      results: { overlays: false }

      """

    private static func with(_ text: String, _ replacement: String) -> String {
      precondition(manifest.contains(text))
      return manifest.replacingOccurrences(of: text, with: replacement)
    }

    @Test("the run and the report name them, ten and then how many more")
    func named() throws {
      let program = try Self.program(shared: 12)
      try program.write(Self.manifest, to: "study.yaml")
      let outcome = try program.run("run", "study.yaml")
      #expect(outcome.status == 0, "\(outcome.error)")
      let words =
        "leakage: 12 images of other/test are also in mine/train, which is the training set of "
      let report = try program.read("results/shared/report.html")
      #expect(outcome.error.contains(words + "`gland`: `secret0` is `a0`, `secret1` is `a1`, "))
      #expect(outcome.error.contains("`secret7` is `a7` and 2 more"), "\(outcome.error)")
      #expect(report.contains(words))
      #expect(report.contains("secret7"))
      program.clean()
    }

    @Test("hidden ids stay hidden in both")
    func hashed() throws {
      let program = try Self.program()
      try program.write(
        Self.with("overlays: false", "overlays: false, image_ids: hashed"), to: "study.yaml")
      let outcome = try program.run("run", "study.yaml")
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.error.contains("leakage: 2 images of other/test are also in mine/train"))
      #expect(!outcome.error.contains("secret0"))
      #expect(!(try program.read("results/shared/report.html")).contains("secret0"))
      program.clean()
    }

    @Test(
      "`leakage: refuse` of either dataset stops the study before anything is trained",
      arguments: [
        ("root: mine", "root: mine, leakage: refuse", 5),
        ("table: table.csv", "table: table.csv, leakage: refuse", 6),
      ])
    func refused(text: String, replacement: String, line: Int) throws {
      let program = try Self.program()
      try program.write(Self.with(text, replacement), to: "study.yaml")
      let outcome = try program.run("run", "study.yaml", "--json")
      #expect(outcome.status == 1)
      let failures = outcome.json["failures"] as? [[String: Any]] ?? []
      #expect(failures.map { $0["id"] as? String } == ["gland/leakage"])
      let diagnostics = failures.first?["diagnostics"] as? [[String: Any]] ?? []
      #expect(diagnostics.map { $0["code"] as? String } == ["leakage.test-image-seen"])
      #expect(diagnostics.map { $0["line"] as? Int } == [line])
      #expect(
        outcome.error.contains(
          "2 images of other/test are also in mine/train: `secret0` is `a0`, `secret1` is `a1`"))
      let steps = outcome.json["steps"] as? [String: Int]
      // Both datasets are listed and imported; subsets, training and all that follows are not.
      #expect(steps?["executed"] == 4)
      #expect(steps?["skipped"] == 8)
      program.clean()
    }

    @Test("an encoder is not pretrained on images that a dataset refuses to be tested on")
    func pretraining() throws {
      let program = try Self.program()
      try program.write(
        Self.with("table: table.csv", "table: table.csv, leakage: refuse")
          .replacingOccurrences(
            of: "  random: {}",
            with: """
                random: {}
                seen:
                  pretrain:
                    method: barlow-twins
                    dataset: mine
                    augmentation: natural
                    training: { patch: 32, batch: 2, steps: 1 }
              """
          )
          .replacingOccurrences(
            of: "dataset: mine\n    subset", with: "dataset: tissue\n    subset"
          )
          .replacingOccurrences(of: "images: { test: 1 }", with: "images: { train: 4 }")
          .replacingOccurrences(of: "initialization: [random]", with: "initialization: [seen]"),
        to: "study.yaml")
      let outcome = try program.run("run", "study.yaml", "--json")
      #expect(outcome.status == 1)
      let failures = outcome.json["failures"] as? [[String: Any]] ?? []
      #expect(failures.map { $0["id"] as? String } == ["seen/pretrain/leakage"], "\(outcome.error)")
      program.clean()
    }

    @Test("where nothing is shared a study runs, and another test set trains nothing again")
    func apart() throws {
      let program = try Self.program(shared: 0)
      let manifest = Self.with("root: mine", "root: mine, leakage: refuse")
      let first = try program.execute(manifest)
      #expect(first.of("leakage").count == 1)
      #expect(first.of("train").count == 2)
      let second = try program.execute(
        manifest.replacingOccurrences(
          of: "    metrics: [dice]", with: "    out_of_domain: [tissue/test]\n    metrics: [dice]"))
      #expect(second.of("leakage").count == 1)
      #expect(second.of("subset").isEmpty && second.of("train").isEmpty)
      #expect(second.of("measure").count == 2)
      program.clean()
    }
  }
}
