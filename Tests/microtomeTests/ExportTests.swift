import Archives
import Foundation
import Imaging
import Testing

extension ProgramTests {
  @Suite("Exporting predicted objects")
  struct ExportTests {
    private static let glands = "gland/random/n=4/r=1/predict/tissue"

    /// The tiny study with a rule for objects, run to its end.
    private static let study: Result<Program, any Error> = Result {
      let program = try Program()
      _ = try program.execute(
        TinyStudy.with(
          "metrics: [dice]",
          "objects: { minimum_size: 5, fill_holes: true }\n    metrics: [dice, object_f1]"))
      return program
    }

    private func map(_ file: URL) throws -> LabelMap {
      try ImageFile.labels([UInt8](Data(contentsOf: file)))
    }

    private func files(_ outcome: Program.Outcome) throws -> [[String: Any]] {
      try #require(outcome.json["files"] as? [[String: Any]])
    }

    @Test("masks become objects by the study's rule, the same in both files")
    func masks() throws {
      let program = try Self.study.get()
      let outcome = try program.run("export", "study.yaml", Self.glands, "--to", "out", "--json")
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.json["id"] as? String == Self.glands)
      let written = try files(outcome)
      #expect(written.count == 4)
      for file in written {
        let path = try #require(file["path"] as? String)
        let status = try FileManager.default.attributesOfItem(atPath: path)
        #expect(file["bytes"] as? Int == status[.size] as? Int)
      }
      _ = try program.run("show", "study.yaml", Self.glands, "--extract", "raw")
      let images = Set(written.compactMap { $0["image"] as? String })
      #expect(images.count == 2)
      var total = 0
      for image in images {
        let out = program.directory.appending(path: "out")
        let labels = try map(out.appending(path: "\(image).png"))
        let raw = try Data(
          contentsOf: program.directory.appending(path: "raw/predictions/\(image).npy"))
        let mask = QuantizedProbability.foreground(
          try NPY.bytes(of: [UInt8](raw)), width: 64, height: 64)
        #expect(labels == ObjectRule(holes: .filled, minimumSize: 5).objects(of: Mask(mask)))
        let outlines = try QuPathFile(out.appending(path: "\(image).geojson"))
        outlines.expectValid()
        #expect(outlines.filled(width: 64, height: 64) == labels)
        for object in outlines.objects {
          #expect(object.type == "annotation" && object.name == "Gland" && object.colour != nil)
          let label = UInt16(object.measurements["Label"]!)
          #expect(object.measurements["Area px^2"] == Double(labels.labels.count { $0 == label }))
        }
        total += outlines.objects.count
        let counts = written.filter { $0["image"] as? String == image }
          .compactMap { $0["objects"] as? Int }
        #expect(counts == Array(repeating: outlines.objects.count, count: 2))
      }
      #expect(total > 0, "a network that finds nothing tests nothing")
    }

    /// One square nucleus in each image, of one of two types, on pixels that the study makes larger.
    @Test("nuclei keep their numbers and types, and lie on the pixels of the files")
    func resampled() throws {
      let program = try Program()
      for (name, type) in [("a", 1), ("b", 2), ("c", 1), ("d", 2)] as [(String, UInt8)] {
        try program.write(bitmap: 220, square: 60 * type, to: "data/images/\(name).bmp")
        try program.write(bitmap: 0, square: type, to: "data/masks/\(name).bmp")
      }
      try program.write(
        "stem,split\na,train\nb,train\nc,test\nd,test\n", to: "data/table.csv")
      _ = try program.execute(
        """
        microtome: 1
        study: types
        seed: 3
        datasets:
          nuclei:
            format: image-mask-folder
            root: data
            table: table.csv
            mask: classes
            classes: [dark, pale]
            file_pixel_size: 0.25
            pixel_size: 0.3
        initializations: { random: {} }
        experiments:
          x:
            task: nuclei-instance-segmentation
            model: { encoder: resnet18, decoder: hovernet, width: 0.0625, types: 2 }
            dataset: nuclei
            subset_sizes: [all]
            initialization: [random]
            replicates: 1
            training:
              { patch: 64, batch: 1, steps: 80, optimizer: { adam: { learning_rate: 3.0e-3 } } }
            inference: { window: 64, stride: 64 }
            test: [nuclei/test]
            metrics: [pq]

        """)
      let step = "x/random/n=all/r=1/predict/nuclei"
      let outcome = try program.run("export", "study.yaml", step, "--to", "out", "--json")
      #expect(outcome.status == 0, "\(outcome.error)")
      _ = try program.run("show", "study.yaml", step, "--extract", "raw")
      var total = 0
      for image in ["c", "d"] {
        let labels = try map(program.directory.appending(path: "out/\(image).png"))
        #expect(labels.width == 64 && labels.height == 64)
        let raw = program.directory.appending(path: "raw/predictions/\(image).npy")
        let predicted = LabelMap(
          width: 53, height: 53, labels: try NPY.words(of: [UInt8](Data(contentsOf: raw))))
        #expect(labels == predicted.resampled(width: 64, height: 64))
        let types = try NPY.bytes(
          of: [UInt8](
            Data(
              contentsOf: program.directory.appending(
                path: "raw/predictions/\(image).types.npy"))))
        let outlines = try QuPathFile(
          program.directory.appending(path: "out/\(image).geojson"))
        outlines.expectValid()
        #expect(outlines.filled(width: 64, height: 64) == labels)
        for object in outlines.objects {
          #expect(object.type == "detection")
          let type = types[Int(object.measurements["Label"]!) - 1]
          #expect(object.name == [nil, "dark", "pale"][Int(type)])
          let area = try #require(object.measurements["Area px^2"])
          #expect(abs(area - QuPathFile.area(object)) < 1e-9)
          let squareMicrometres = try #require(object.measurements["Area µm^2"])
          #expect(abs(squareMicrometres - area * 0.25 * 0.25) < 1e-9)
        }
        total += outlines.objects.count
      }
      #expect(total > 0, "a network that finds nothing tests nothing")
      program.clean()
    }

    @Test("one kind of file where one is asked for")
    func format() throws {
      let program = try Self.study.get()
      let outcome = try program.run(
        "export", "study.yaml", Self.glands, "--to", "maps", "--format", "png")
      #expect(outcome.status == 0)
      let lines = outcome.output.split(separator: "\n")
      #expect(lines.count == 2 && lines.allSatisfy { $0.hasSuffix(".png") })
      let other = try program.run(
        "export", "study.yaml", Self.glands, "--to", "maps", "--format", "svg", "--json")
      #expect(other.status == 2)
      let error = other.json["error"] as? [String: Any]
      #expect(error?["code"] as? String == "command-line")
    }

    @Test("says which step predicts, and that a step is not done")
    func wrongStep() throws {
      let program = try Program()
      try program.write(TinyStudy.manifest, to: "study.yaml")
      let train = try program.run(
        "export", "study.yaml", "gland/random/n=4/r=1/train", "--to", "out", "--json")
      #expect(train.status == 2)
      var error = try #require(train.json["error"] as? [String: Any])
      #expect(error["code"] as? String == "export.not-a-prediction")
      #expect((error["hint"] as? String)?.contains("`\(Self.glands)`") == true)
      let early = try program.run("export", "study.yaml", Self.glands, "--to", "out", "--json")
      #expect(early.status == 1)
      error = try #require(early.json["error"] as? [String: Any])
      #expect(error["code"] as? String == "not-run")
      #expect((error["hint"] as? String)?.contains("microtome run study.yaml") == true)
      program.clean()
    }

    @Test("a place that cannot be written is exit 3, named, with the way out")
    func unwritable() throws {
      let program = try Self.study.get()
      try program.write("a file", to: "taken")
      let outcome = try program.run(
        "export", "study.yaml", Self.glands, "--to", "taken", "--json")
      #expect(outcome.status == 3)
      let error = try #require(outcome.json["error"] as? [String: Any])
      #expect((error["subject"] as? String)?.hasSuffix("taken") == true)
      #expect((error["hint"] as? String)?.contains("--to") == true)
    }
  }
}
