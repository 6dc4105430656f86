import Foundation
import Testing

extension ProgramTests {
  /// A network that was shown foreground alone says foreground everywhere: one object of all pixels.
  /// What is measured then follows from the truth, on paper.
  @Suite("Masks of a folder, from files to measured values")
  struct MaskTests {
    /// - Parameters:
    ///   - dataset: The keys of the dataset besides format, root and table.
    private static func manifest(dataset: String, metrics: String) -> String {
      """
      microtome: 1
      study: masks
      seed: 3
      datasets:
        files: { format: image-mask-folder, root: data, table: table.csv, \(dataset) }
      initializations: { random: {} }
      experiments:
        x:
          task: cell-segmentation
          model: { encoder: resnet18, decoder: unet, width: 0.0625 }
          dataset: files
          subset_sizes: [all]
          initialization: [random]
          replicates: 1
          training:
            { patch: 64, batch: 2, steps: 12, optimizer: { adam: { learning_rate: 1.0e-2 } } }
          selection: last
          inference: { window: 64, stride: 64 }
          test: [files/test]
          metrics: [\(metrics)]
      results: { overlays: false }

      """
    }

    /// Two images to train on, all foreground, and those to test on with their masks.
    private func program(
      side: Int, tests: [(name: String, mask: (Int, Int) -> UInt8)]
    ) throws -> Program {
      let program = try Program()
      for name in ["a", "b"] {
        try program.write(bitmap: side, to: "data/images/\(name).bmp") { x, _ in
          name == "a" ? 90 : UInt8(x)
        }
        try program.write(bitmap: side, to: "data/masks/\(name).bmp") { _, _ in 1 }
      }
      for (i, test) in tests.enumerated() {
        try program.write(bitmap: side, to: "data/images/\(test.name).bmp") { _, y in
          UInt8(y + 40 * i)
        }
        try program.write(bitmap: side, to: "data/masks/\(test.name).bmp", pixel: test.mask)
      }
      let rows = ["a,train", "b,train"] + tests.map { "\($0.name),test" }
      try program.write(
        "stem,split\n" + rows.joined(separator: "\n") + "\n", to: "data/table.csv")
      return program
    }

    /// The measured values by image and metric.
    private func values(_ program: Program) throws -> [String: Double] {
      let rows = try program.read("results/masks/measurements.csv").split(separator: "\n")
        .dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
      return Dictionary(
        uniqueKeysWithValues: rows.map {
          ("\($0[6]) \($0[7].prefix { $0 != "." })", Double($0[8]) ?? .nan)
        })
    }

    /// Objects of one image by their pixels, as a kind of mask means them.
    struct Kind: Sendable, CustomTestStringConvertible {
      var keys: String
      var apart: [Int]
      var pieces: [Int]
      var testDescription: String { keys }
    }

    /// `apart` has a square of 256 pixels with the value 1, touched by 128 of the value 2, and 144 of the
    /// value 1 elsewhere; `pieces` has the first and the last of these.
    static let kinds = [
      Kind(keys: "mask: binary", apart: [384, 144], pieces: [256, 144]),
      Kind(keys: "mask: instances", apart: [400, 128], pieces: [400]),
      Kind(
        keys: "mask: classes, classes: [dark, pale]", apart: [256, 128, 144], pieces: [256, 144]),
      // Several values are ids, a single one is a mask.
      Kind(keys: "mask: any", apart: [400, 128], pieces: [256, 144]),
    ]

    @Test("what a value means decides what the objects are", arguments: kinds)
    func meaning(kind: Kind) throws {
      func mask(_ x: Int, _ y: Int, second: UInt8) -> UInt8 {
        switch (x, y) {
        case (4..<20, 4..<20): 1
        case (20..<28, 4..<20): second
        case (40..<52, 40..<52): 1
        default: 0
        }
      }
      let program = try program(
        side: 64,
        tests: [
          ("apart", { mask($0, $1, second: 2) }), ("pieces", { mask($0, $1, second: 0) }),
        ])
      _ = try program.execute(
        Self.manifest(dataset: kind.keys, metrics: "dice, aji, aji_plus"))
      let found = try values(program)
      let all = 64.0 * 64
      for (image, objects) in [("apart", kind.apart), ("pieces", kind.pieces)] {
        let foreground = Double(objects.reduce(0, +))
        let largest = Double(objects.max()!)
        let dice = 2 * foreground / (all + foreground)
        #expect(found["\(image) dice"] == dice)
        // Every true object takes the one prediction, which counts each time.
        let aji = foreground / (Double(objects.count) * all)
        #expect(found["\(image) aji"] == aji)
        // The largest takes it; the others are missed.
        let ajiPlus = largest / (all + foreground - largest)
        #expect(found["\(image) aji_plus"] == ajiPlus)
      }
      program.clean()
    }

    @Test("after resampling labels are exact, and pixels and micrometres are those of the study")
    func resampling() throws {
      func square(_ range: Range<Int>) -> (Int, Int) -> UInt8 {
        { range.contains($0) && range.contains($1) ? 7 : 0 }
      }
      // A new pixel i has the label of the old one 2 i + 1, so these are squares of 8 new pixels from 25
      // and from 22; and two of 10 x 20 that touch, whose ids have nothing in between.
      let program = try program(
        side: 128,
        tests: [
          ("near", square(51..<66)), ("off", square(45..<60)),
          ("touching", { 40..<81 ~= $0 && 40..<81 ~= $1 ? ($0 < 60 ? 10 : 250) : 0 }),
        ])
      _ = try program.execute(
        Self.manifest(
          dataset: "mask: instances, file_pixel_size: 0.25, pixel_size: 0.5",
          metrics: "dice, aji, object_hausdorff, detection_f1"))
      let found = try values(program)
      let all = 64.0 * 64
      let dice = 2 * 64 / (all + 64)
      #expect(found["near dice"] == dice)
      #expect(found["off dice"] == dice)
      let aji = 400 / (2 * all)
      #expect(found["touching aji"] == aji)
      // From the corner (63, 63) to the square's, (32, 32), in new pixels.
      let distance = try #require(found["near object_hausdorff"])
      #expect(abs(distance - 31 * 2.0.squareRoot()) < 1e-12)
      // The prediction's centre is (31.5, 31.5), and 3 um are 6 new pixels: (28.5, 28.5) and one of the
      // touching ones are within, (25.5, 25.5) is 8.5 away. Old pixels would reach 12.
      #expect(found["* detection_f1"] == 4.0 / 7)
      let report = try program.read("results/masks/report.html")
      #expect(report.contains("0.5"))
      program.clean()
    }

    @Test("centres are paired without types, as objects are")
    func detection() throws {
      let program = try program(
        side: 64,
        tests: [("apart", { x, y in 4..<20 ~= x && 4..<20 ~= y ? 1 : 0 })])
      let manifest = Self.manifest(
        dataset: "mask: instances, file_pixel_size: 0.25", metrics: "pq, detection_f1"
      )
      .replacingOccurrences(of: "task: cell-seg", with: "task: nuclei-instance-seg")
      .replacingOccurrences(of: "decoder: unet", with: "decoder: hovernet")
      _ = try program.execute(manifest)
      let found = try #require(try values(program)["* detection_f1"])
      #expect(0...1 ~= found, "the truth has a nucleus")
      program.clean()
    }
  }
}
