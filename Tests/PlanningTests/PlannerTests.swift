import Core
import ManifestModel
import Planning
import Testing

@Suite("Planner")
struct PlannerTests {
  static let manifest = """
    microtome: 1
    study: plan-test
    seed: 5
    datasets:
      tissue: { format: synthetic-tissue, images: { train: 8, test: 2, hard: 2 }, size: 64 }
      real: { format: glas, root: /nowhere/glas, group: patient, stratify: grade }
    initializations:
      random: {}
      published: { weights: /nowhere/w.pth, normalization: imagenet }
      own: { pretrain: { method: barlow-twins, dataset: real, augmentation: pathology, training: { patch: 32, batch: 4, steps: 2 } } }
    experiments:
      gland:
        task: gland-segmentation
        model: { encoder: resnet18, decoder: unet, width: 0.25 }
        dataset: tissue
        subset_sizes: [2, 50%, all]
        initialization: [random, published, own]
        replicates: 3
        training: { patch: 32, batch: 2, steps: 3, optimizer: { adam: { learning_rate: 1.0e-3 } } }
        selection: { holdout: 50%, metric: dice, every: 2 }
        inference: { window: 64, stride: 32 }
        test: [tissue/test]
        out_of_domain: [tissue/hard]
        metrics: [dice]
    comparisons:
      - { experiment: gland, candidate: own, baseline: random, metric: dice }

    """

  static func study(_ text: String = manifest) throws -> Study {
    let files = MemoryFileSystem()
    try files.write(Array(text.utf8), to: "/study.yaml")
    return try ManifestLoader(files: files).load("/study.yaml", displayedAs: "study.yaml").study
  }

  @Test("the steps follow those that they read, and their ids are unique")
  func topology() throws {
    let plan = plan(try Self.study())
    var seen: Set<StepID> = []
    for step in plan.steps {
      #expect(step.dependencies.allSatisfy(seen.contains), "\(step.id) comes before what it reads")
      #expect(seen.insert(step.id).inserted)
    }
    #expect(plan.cells == 3 * 3 * 3)
  }

  @Test(
    "ids read like paths",
    arguments: [
      "tissue/synthesize", "real/source", "real/import", "gland/n=2/r=3/subset",
      "own/resnet18@0.25/pretrain", "published/resnet18@0.25/load",
      "gland/published/n=50%/r=3/train", "gland/published/n=all/r=1/predict/tissue",
      "gland/own/n=2/r=1/measure/tissue/hard", "gland/own-random/dice/tissue/compare",
      "gland/own/n=2/r=1/overlay/tissue",
    ])
  func ids(id: String) throws {
    #expect(plan(try Self.study())[StepID(id)] != nil)
  }

  @Test("names of experiments, initializations and datasets enter no action")
  func names() throws {
    let renamed = Self.manifest.replacing("gland:", with: "cells:")
      .replacing("experiment: gland", with: "experiment: cells")
      .replacing("own", with: "home").replacing("random", with: "scratch")
      .replacing("real", with: "actual")
    let a = plan(try Self.study())
    let b = plan(try Self.study(renamed))
    #expect(a.steps.count == b.steps.count)
    for (a, b) in zip(a.steps, b.steps) {
      #expect(a.kind == b.kind)
      #expect(a.parameters == b.parameters)
      #expect(a.seed == b.seed)
      #expect(a.inputs.map(\.name) == b.inputs.map(\.name))
    }
  }

  @Test("the seed is there only for kinds that draw")
  func seeds() throws {
    for step in plan(try Self.study()).steps {
      #expect((step.seed != nil) == step.kind.draws)
    }
  }

  @Test("a place is no part of a step")
  func places() throws {
    let moved = "# a comment\n\n" + Self.manifest
    #expect(plan(try Self.study()).encoded == plan(try Self.study(moved)).encoded)
    #expect(plan(try Self.study()).studyDigest == plan(try Self.study(moved)).studyDigest)
  }

  @Test("training reads neither metrics, test sets nor inference")
  func separation() throws {
    let train = try #require(plan(try Self.study())["gland/own/n=2/r=1/train"])
    let names = train.parameters.map(\.name)
    #expect(!names.contains { $0.hasPrefix("inference") || $0.contains("metrics") })
    #expect(!train.inputs.map(\.name).contains("test"))
    #expect(names.contains("training.optimizer.learning_rate"))
  }

  @Test("the normalisation of a random start is a parameter; elsewhere it comes with the weights")
  func normalization() throws {
    let plan = plan(try Self.study())
    func has(_ id: StepID) -> Bool {
      plan[id]!.parameters.contains { $0.name == "normalization" }
    }
    #expect(has("gland/random/n=2/r=1/train"))
    #expect(!has("gland/own/n=2/r=1/train"))
    #expect(has("own/resnet18@0.25/pretrain"))
  }

  @Test("a pooled family is corrected by one step that reads all its comparisons")
  func pooled() throws {
    let text = Self.manifest.replacing("metric: dice }", with: "metric: dice, family: study }")
    let adjust = try #require(plan(try Self.study(text))["study/adjust"])
    #expect(adjust.inputs.count == 2)
  }

  @Test("the graph folds sizes and replicates", arguments: GraphLanguage.allCases)
  func graph(language: GraphLanguage) throws {
    let text = plan(try Self.study()).graph(in: language)
    #expect(text.contains("gland/own/train ×9"))
    #expect(!text.contains("n=2"))
  }
}

@Suite("Warnings of the design")
struct DesignWarningTests {
  /// 2/2^n times the number of sizes against alpha: the table of attainable p values.
  @Test(
    "a design that cannot reject is named with the replicates that would do",
    arguments: [
      (3, "holm", 7 as Int?), (5, "holm", 7), (6, "holm", 7), (7, "holm", nil),
      (6, "none", nil), (5, "none", 6), (5, "benjamini-hochberg", 6), (7, "bonferroni", nil),
    ])
  func cannotReject(replicates: Int, correction: String, enough: Int?) throws {
    let text = PlannerTests.manifest.replacing("replicates: 3", with: "replicates: \(replicates)")
      .replacing("metric: dice }", with: "metric: dice, correction: \(correction) }")
    let warnings = plan(try PlannerTests.study(text)).warnings
    let found = warnings.filter { $0.code == "design.cannot-reject" }
    #expect(found.count == (enough == nil ? 0 : 1))
    if let enough {
      #expect(found.first?.hint?.contains("replicates: \(enough)") == true)
      #expect(found.first?.location?.line != nil)
    }
  }

  @Test("a study that compares nothing is told so")
  func nothing() throws {
    let text = String(PlannerTests.manifest.split(separator: "comparisons:")[0])
    #expect(
      plan(try PlannerTests.study(text)).warnings.contains { $0.code == "design.no-comparison" })
  }
}
