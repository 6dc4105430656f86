import Foundation
import Testing

extension ProgramTests {
  @Suite("Nuclei, from manifest to report")
  struct NucleiTests {
    /// Shares of the labels, a frozen encoder and two phases: what the studies of nuclei vary.
    static let manifest = """
      microtome: 1
      study: nuclei
      question: Does one beat the other?
      seed: 11
      datasets:
        tissue: { format: synthetic-tissue, images: { train: 10, test: 2 }, size: 64, seed: 1 }
        shapes: { format: synthetic-shapes, images: { train: 2 }, size: 32, seed: 3 }
      initializations:
        random: {}
        shapes:
          pretrain:
            method: barlow-twins
            dataset: shapes
            augmentation: natural
            training: { patch: 32, batch: 2, steps: 1 }
      defaults:
        task: nuclei-instance-segmentation
        model: { encoder: resnet18, decoder: hovernet, width: 0.0625 }
        dataset: tissue
        subset_sizes: [10%, 30%, all]
        initialization: [shapes, random]
        replicates: 1
        training:
          patch: 32
          batch: 2
          steps: 2
          optimizer: { adam: { learning_rate: 1.0e-3 } }
          augmentation: hovernet
        selection: last
        inference: { window: 32, stride: 16 }
        test: [tissue/test]
        metrics: [pq, aji, dq_pooled]
      experiments:
        frozen: { training: { encoder: frozen } }
        fine-tuned: { training: { encoder: { frozen_for: 50% } } }
      comparisons:
        - { experiment: frozen, candidate: shapes, baseline: random, metric: pq }
        - { experiment: fine-tuned, candidate: shapes, baseline: random, metric: pq }

      """

    @Test("a study of instances runs to its report, and the second run does nothing")
    func run() throws {
      let program = try Program()
      let first = try program.execute(Self.manifest)
      #expect(first.of("train").count == 12)
      #expect(first.contains("frozen/shapes/n=10%/r=1/train"))
      #expect(first.of("overlay").count == 8)
      #expect(try program.execute(Self.manifest).isEmpty)

      let rows = try program.read("results/nuclei/measurements.csv").split(separator: "\n")
      #expect(rows.contains { $0.contains("pq.image_mean.v1") })
      // Two images, and one value for both, of each of 12 cells; and the header.
      #expect(rows.count == 1 + 12 * (2 + 2 + 1))
      #expect(try program.read("results/nuclei/report.html").contains("hovernet on resnet18"))

      let step = "frozen/shapes/n=all/r=1/predict/tissue"
      let shown = try program.run("show", "study.yaml", step, "--extract", "out", "--json")
      #expect(shown.status == 0, "\(shown.error)")
      let names = try FileManager.default.subpathsOfDirectory(
        atPath: program.directory.appending(path: "out").path)
      #expect(names.count { $0.hasSuffix(".npy") } == 2)
      program.clean()
    }

    /// One square nucleus in each image, of one of two types.
    @Test("types are trained on, predicted and measured where the dataset has them")
    func types() throws {
      let program = try Program()
      for (name, type) in [("a", 1), ("b", 2), ("c", 1), ("d", 2)] as [(String, UInt8)] {
        try program.write(bitmap: 220, square: 60 * type, to: "data/images/\(name).bmp")
        try program.write(bitmap: 0, square: type, to: "data/masks/\(name).bmp")
      }
      try program.write(
        "stem,split\na,train\nb,train\nc,test\nd,test\n", to: "data/table.csv")
      let manifest = """
        microtome: 1
        study: types
        datasets:
          nuclei:
            format: image-mask-folder
            root: data
            table: table.csv
            mask: classes
            classes: [dark, pale]
            file_pixel_size: 0.25
        initializations: { random: {} }
        experiments:
          x:
            task: nuclei-instance-segmentation
            model: { encoder: resnet18, decoder: hovernet, width: 0.125, types: 2 }
            dataset: nuclei
            subset_sizes: [all]
            initialization: [random]
            replicates: 1
            training:
              { patch: 64, batch: 2, steps: 4, optimizer: { adam: { learning_rate: 1.0e-2 } } }
            inference: { window: 64, stride: 64 }
            test: [nuclei/test]
            metrics: [pq, mpq, mpq_plus, detection_f1, type_f1]

        """
      let executed = try program.execute(manifest)
      #expect(executed.of("measure").count == 1)
      let rows = try program.read("results/types/measurements.csv").split(separator: "\n")
      for metric in ["mpq.pannuke", "mpq_plus.conic", "detection_f1", "type_f1"] {
        let row = try #require(rows.first { $0.contains("\(metric)") })
        let value = Double(row.split(separator: ",", omittingEmptySubsequences: false)[8])
        #expect(value != nil, "the truth has both types: \(row)")
      }
      program.clean()
    }

    @Test("another post-processing of masks measures again and predicts nothing again")
    func objects() throws {
      let program = try Program()
      _ = try program.execute(TinyStudy.manifest)
      let edited = TinyStudy.with(
        "metrics: [dice]",
        "objects: { minimum_size: 20, fill_holes: true }\n    metrics: [dice, object_f1]")
      let executed = try program.execute(edited)
      #expect(!executed.isEmpty)
      #expect(executed.subtracting(executed.of("measure")).allSatisfy { $0.hasSuffix("compare") })
      program.clean()
    }
  }
}
