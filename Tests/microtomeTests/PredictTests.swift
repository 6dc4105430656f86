import Archives
import Foundation
import Imaging
import Testing

@testable import Learning
@testable import Networks

extension ProgramTests {
  @Suite("Predicting image files")
  struct PredictTests {
    private func write(_ image: RGBImage, to name: String, of program: Program) throws {
      try Data(PNG.encode(image)).write(to: program.directory.appending(path: name))
    }

    private func code(_ outcome: Program.Outcome) -> String? {
      (outcome.json["error"] as? [String: Any])?["code"] as? String
    }

    private func noise(_ side: Int) -> RGBImage {
      let values = HashedUniform("pixels").values(3 * side * side)
      return RGBImage(
        width: side, height: side, pixels: values.map { UInt8(max(0, min(255, ($0 + 1) * 127))) })
    }

    /// The images of a split out of the store, as files.
    private func extractImages(of program: Program) throws -> [String] {
      _ = try program.run("show", "study.yaml", "tissue/synthesize", "--extract", "data")
      let index = try JSONSerialization.jsonObject(
        with: Data(contentsOf: program.directory.appending(path: "data/split/test.json")))
      let samples = try #require((index as? [String: Any])?["samples"] as? [[String: Any]])
      return try samples.map { sample in
        let (id, digest) = (sample["id"] as! String, sample["image"] as! String)
        let path = ".microtome/objects/\(digest.prefix(2))/\(digest.dropFirst(2))"
        let array = try Data(contentsOf: program.directory.appending(path: path))
        try write(
          RGBImage(width: 64, height: 64, pixels: try NPY.bytes(of: [UInt8](array))),
          to: "\(id).png", of: program)
        return id
      }
    }

    @Test("trained weights give image files what the study's own prediction is exported as")
    func trained() throws {
      let program = try Program()
      _ = try program.execute(
        TinyStudy.with(
          "metrics: [dice]",
          "objects: { minimum_size: 5, fill_holes: true }\n    metrics: [dice]"))
      let cell = "gland/shapes/n=4/r=1"
      let exported = try program.run(
        "export", "study.yaml", "\(cell)/predict/tissue", "--to", "exported")
      #expect(exported.status == 0, "\(exported.error)")
      _ = try program.run("show", "study.yaml", "\(cell)/train", "--extract", "trained")
      let images = try extractImages(of: program)
      let arguments =
        ["predict", "--weights", "trained/weights.safetensors"] + images.map { "\($0).png" }
        + ["--window", "64", "--stride", "64", "--minimum-size", "5", "--fill-holes"]
      let unsaid = try program.run(arguments + ["--to", "out", "--json"])
      #expect(unsaid.status == 2 && code(unsaid) == "predict.task")
      let outcome = try program.run(
        arguments + ["--task", "gland-segmentation", "--to", "out", "--json"])
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(
        (outcome.json["network"] as? String)?.hasPrefix("unet over resnet18, width 0.1") == true)
      #expect((outcome.json["files"] as? [Any])?.count == 2 * images.count)
      for name in images.flatMap({ ["\($0).png", "\($0).geojson"] }) {
        #expect(try program.read(bytes: "out/\(name)") == program.read(bytes: "exported/\(name)"))
      }
      let onto = try program.run(
        arguments + ["--task", "gland-segmentation", "--to", ".", "--json"])
      #expect(onto.status == 2 && code(onto) == "predict.overwrites")
      let gaps = try program.run(
        arguments + ["--task", "gland-segmentation", "--to", "out", "--stride", "65", "--json"])
      #expect(gaps.status == 2)
      let nuclei = try program.run(
        arguments + ["--task", "nuclei-instance-segmentation", "--to", "out", "--json"])
      #expect(nuclei.status == 2 && code(nuclei) == "predict.task")
      program.clean()
    }

    /// The wrappers of the published files: the key `desc`, and DataParallel's prefix.
    @Test("a checkpoint in the published layout predicts nuclei and their types")
    func published() throws {
      let program = try Program()
      let network = HoVerNet(.published(.fast), types: 3, on: Engine(threads: 2))
      network.parameters.fill(tag: "published")
      let tensors = network.parameters.export().map { tensor in
        var tensor = tensor
        tensor.name = "desc.module.\(tensor.name)"
        return tensor
      }
      try Data(Safetensors.encode(tensors)).write(
        to: program.directory.appending(path: "hovernet.tar"))
      try write(noise(20), to: "tile.png", of: program)
      let arguments = [
        "predict", "--weights", "hovernet.tar", "tile.png", "--to", "out", "--pixel-size", "0.25",
        "--classes", "dark,pale", "--json",
      ]
      let outcome = try program.run(arguments + ["--window", "112"])
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.json["network"] as? String == "published hovernet, fast")
      let map = try ImageFile.labels(try program.read(bytes: "out/tile.png"))
      #expect(map.width == 20 && map.height == 20)
      let file = try QuPathFile(program.directory.appending(path: "out/tile.geojson"))
      file.expectValid()
      #expect(file.filled(width: 20, height: 20) == map)
      for object in file.objects {
        #expect(object.type == "detection" && [nil, "dark", "pale"].contains(object.name))
      }
      for (option, value) in [("--window", "113"), ("--stride", "21"), ("--classes", "one")] {
        let other = try program.run(arguments + ["--window", "112", option, value])
        #expect(other.status == 2, "\(option)")
      }
      program.clean()
    }

    @Test("says what is wrong with files, each with its place and the way out")
    func unusable() throws {
      let program = try Program()
      try write(noise(16), to: "a.png", of: program)
      try program.write("not weights", to: "notes.txt")
      let tensor = ArchivedTensor(name: "weight", shape: [2], values: [1, 2])
      try Data(
        Safetensors.encode(
          [tensor], metadata: ["normalization.mean": "0 0 0", "normalization.std": "1 1 1"])
      ).write(to: program.directory.appending(path: "other.safetensors"))
      for (weights, status, expected) in [
        ("notes.txt", 2, "weights.unreadable"), ("absent.tar", 3, "file.unusable"),
        ("other.safetensors", 2, "weights.unknown-network"),
      ] {
        let outcome = try program.run(
          "predict", "--weights", weights, "a.png", "--to", "out", "--json")
        #expect(outcome.status == Int32(status) && code(outcome) == expected)
        #expect(outcome.error.contains(weights))
        // The way out stands once, on its own line.
        #expect(outcome.error.components(separatedBy: "are read from").count <= 2)
      }
      let twice = try program.run(
        "predict", "--weights", "notes.txt", "a.png", "b/a.png", "--to", "out", "--json")
      #expect(twice.status == 2 && code(twice) == "predict.same-name")
      program.clean()
    }
  }
}

extension Program {
  fileprivate func read(bytes name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: directory.appending(path: name)))
  }
}
