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
