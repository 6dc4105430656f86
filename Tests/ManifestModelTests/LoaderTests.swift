import Core
import Foundation
import Testing

@testable import ManifestModel

@Suite("Loading manifests")
struct LoaderTests {
  private func loaded(_ names: String...) throws -> Manifest {
    try load(try names.map { ($0, try fixture($0)) }).get()
  }

  @Test("the example of the architecture loads as it reads")
  func example() throws {
    let manifest = try loaded("gland.yaml")
    let study = manifest.study
    #expect(manifest.warnings == [])
    #expect(study.name.value == "gland-initialization")
    #expect(study.seed.value == 2023)
    #expect(study.datasets.map(\.name.value) == ["glas", "tcga"])
    #expect(study.datasets[0].root?.value == "/study/data/glas")
    #expect(study.datasets[0].group?.value == "patient")
    #expect(study.initializations.map(\.name.value) == ["random", "imagenet", "pathology"])
    #expect(study.initializations[0].source == .random(normalization: Located(.imagenet)))
    guard case .weights(let weights) = study.initializations[1].source,
      case .pretrain(let pretraining) = study.initializations[2].source
    else {
      Issue.record("the initializations are weights and pretraining")
      return
    }
    #expect(weights.path.value == "/study/weights/resnet18-f37072fd.pth")
    #expect(weights.sha256?.value == "f37072fd")
    #expect(pretraining.dataset.value == SplitReference(dataset: "tcga", split: "train"))
    // 200,000 views are 100,000 pairs, and 3125 batches of 32.
    #expect(pretraining.training.length == .steps(Located(3125)))
    #expect(pretraining.training.schedule == .cosine(warmup: Located(0)))
    #expect(pretraining.projector.value == 128)
    let gland = study.experiments[0]
    #expect(gland.dataset.value.description == "glas/train")
    #expect(gland.subsetSizes.map(\.value) == [.count(4), .count(8), .count(16), .count(32), .all])
    #expect(gland.training.length == .steps(Located(2000)))
    #expect(
      gland.training.optimizer == .adam(learningRate: Located(1e-4), weightDecay: Located(0)))
    #expect(gland.training.loss.value == .bceSoftDice)
    #expect(
      gland.selection
        == .holdout(share: Located(0.2), metric: Located(.dice), every: Located(200)))
    #expect(gland.outOfDomain == [])
    #expect(study.comparisons[0].family.value == .sizes)
    #expect(study.keep == Keepable.allCases)
  }

  @Test("every key loads, and values stand where they are written")
  func everything() throws {
    let manifest = try loaded("everything.yaml")
    let study = manifest.study
    #expect(manifest.warnings == [])
    #expect(study.question?.value == "Does every key\nof the language load?\n")
    #expect(study.seed.value == 1 << 53)
    #expect(study.datasets[1].folder?.masks.value == "annotations")
    #expect(study.datasets[3].synthesis?.splits.map(\.count.value) == [32, 16])
    #expect(study.datasets[4].synthesis?.seed.value == 1 << 53)
    let gland = study.experiments[0]
    #expect(gland.subsetSizes[2].value == .percent(12.5))
    #expect(gland.subsetSizes[2].location == Place(file: "everything.yaml", line: 62, column: 26))
    #expect(gland.inference == Inference(window: Located(32), stride: Located(16)))
    #expect(gland.training.schedule == .step(every: Located(5), factor: Located(0.1)))
    #expect(gland.selection == .last)
    #expect(study.experiments[1].inference.stride.value == 64)
    #expect(study.experiments[1].training.augmentation.value == .geometric)
    #expect(study.comparisons[0].equivalenceMargin?.value == 0.02)
    #expect(study.results == ResultOptions(imageIds: Located(.hashed), overlays: Located(false)))
    #expect(study.keep == [.measurements])
  }

  @Test("a default stands where the block stands that it fills")
  func defaultPlaces() throws {
    let study = try loaded("gland.yaml").study
    let gland = study.experiments[0]
    let block = try #require(gland.training.patch.location?.line)
    #expect(gland.training.loss.location == Place(file: "gland.yaml", line: block, column: 15))
    #expect(gland.outOfDomain.isEmpty)
    #expect(study.seed.location?.line == 5)
    let results = try #require(study.results.overlays.location)
    #expect(results == Place(file: "gland.yaml", line: 2, column: 1))
  }

  @Test("anchors and merge keys fill blocks")
  func anchors() throws {
    let study = try loaded("anchors.yaml").study
    #expect(study.datasets[1].synthesis?.scanner.value == 5)
    #expect(study.experiments[1].replicates.value == 4)
    #expect(study.experiments[1].training.batch.value == 4)
    #expect(study.experiments[1].training.patch.value == 64)
    #expect(study.experiments[1].subsetSizes == study.experiments[0].subsetSizes)
  }

  @Test("a base is merged under the manifest, and defaults under every experiment")
  func extending() throws {
    let manifest = try loaded("extending.yaml", "base.yaml")
    let study = manifest.study
    #expect(study.name.value == "extending")
    #expect(study.seed.value == 7)
    #expect(study.seed.location == Place(file: "base.yaml", line: 2, column: 7))
    #expect(study.experiments.map(\.name.value) == ["gland", "more"])
    let (gland, more) = (study.experiments[0], study.experiments[1])
    #expect(gland.replicates.value == 3)
    #expect(gland.subsetSizes.map(\.value) == [.count(4)])
    // `epochs` here displaces `steps` there, and `sgd` displaces `adam`.
    #expect(gland.training.length == .epochs(Located(5)))
    #expect(gland.training.patch.value == 64)
    #expect(
      gland.training.optimizer
        == .sgd(
          learningRate: Located(0.1), momentum: Located(0), weightDecay: Located(0),
          nesterov: Located(false)))
    #expect(more.training.length == .steps(Located(10)))
    #expect(more.model.width.location?.file == "base.yaml")
    #expect(manifest.sources.keys.sorted() == ["base.yaml", "extending.yaml"])
  }

  @Test("paths are relative to the file that holds them, and so are names of bases")
  func relativePaths() throws {
    let files = MemoryFileSystem()
    try files.createDirectory("/study/manifests")
    try files.createDirectory("/study/shared/deep")
    try files.write(
      Array(
        "extends: ../shared/deep/a.yaml\nstudy: x\ndatasets: { own: { format: glas, root: g } }"
          .utf8),
      to: "/study/manifests/study.yaml")
    try files.write(Array("extends: ../base.yaml\nseed: 9".utf8), to: "/study/shared/deep/a.yaml")
    try files.write(Array(try fixture("base.yaml").utf8), to: "/study/shared/base.yaml")
    let study = try ManifestLoader(files: files).load(
      "/study/manifests/study.yaml", displayedAs: "manifests/study.yaml"
    ).study
    let roots = study.datasets.map { $0.root?.value }
    #expect(roots == [nil, "/study/shared/data/files", "/study/manifests/g"])
    #expect(study.seed.location?.file == "shared/deep/a.yaml")
    #expect(study.datasets[0].name.location?.file == "shared/base.yaml")
  }

  @Test("a mistake in a base is told in the base")
  func mistakeInBase() throws {
    let base = try fixture("base.yaml").replacing("learning_rate: 0.001", with: "learning_rate: 0")
      .replacing("decoder: unet", with: "decoder: unt")
    let found = load([("study.yaml", try fixture("extending.yaml")), ("base.yaml", base)])
    let invalid = try #require(found.failure)
    // Both experiments take the decoder over, and it is told once.
    #expect(invalid.diagnostics.map(\.code) == ["manifest.unknown-word", "manifest.out-of-range"])
    #expect(invalid.diagnostics.map(\.location?.file) == ["base.yaml", "base.yaml"])
    #expect(invalid.rendered[0].contains("decoder: unt, width: 0.25 }"))
  }

  @Test("unknown keys of defaults are told once, and what defaults lack is no error")
  func defaultsAreChecked() {
    expectDiagnostics(
      in: validManifest.replacing(
        "experiments:\n",
        with: "defaults: { 1️⃣replicate: 2, training: { 2️⃣pach: 3 } }\nexperiments:\n"),
      [
        Expected("1️⃣", "manifest.unknown-key", hint: "write `replicates`"),
        Expected("2️⃣", "manifest.unknown-key", hint: "write `patch`"),
      ])
    expectDiagnostics(
      in: validManifest.replacing(
        "experiments:\n", with: "defaults: { replicates: 1️⃣0 }\nexperiments:\n"),
      [Expected("1️⃣", "manifest.out-of-range")])
    expectDiagnostics(
      in: validManifest.replacing("experiments:\n", with: "defaults: 1️⃣none\nexperiments:\n"),
      [Expected("1️⃣", "manifest.wrong-type")])
  }

  @Test("bases that are absent, or that come back, are told at `extends`")
  func brokenChains() throws {
    let absent = try #require(load([("a.yaml", "study: x\nextends: b.yaml")]).failure)
    #expect(absent.diagnostics.map(\.code) == ["manifest.unreadable"])
    #expect(absent.diagnostics[0].location == Place(file: "a.yaml", line: 2, column: 10))
    let cycle = try #require(
      load([("a.yaml", "extends: b.yaml"), ("b.yaml", "x: 1\nextends: ./a.yaml")]).failure)
    #expect(cycle.diagnostics.map(\.code) == ["manifest.extends-cycle"])
    #expect(cycle.diagnostics[0].location == Place(file: "b.yaml", line: 2, column: 10))
    let itself = try #require(load([("a.yaml", "extends: a.yaml")]).failure)
    #expect(itself.diagnostics.map(\.code) == ["manifest.extends-cycle"])
    let broken = try #require(
      load([("a.yaml", "extends: b.yaml"), ("b.yaml", "[")]).failure)
    #expect(broken.diagnostics.map(\.code) == ["yaml.syntax"])
    #expect(broken.diagnostics[0].location?.file == "b.yaml")
    let number = try #require(load([("a.yaml", "extends: 1")]).failure)
    #expect(
      number.diagnostics.contains {
        $0.code == "manifest.wrong-type"
          && $0.location == Place(file: "a.yaml", line: 1, column: 10)
      })
  }

  @Test("a manifest that is absent, or a directory, is one finding")
  func unreadable() throws {
    let files = MemoryFileSystem()
    try files.createDirectory("/study/manifests/dir.yaml")
    for name in ["none.yaml", "dir.yaml"] {
      let invalid = try #require(load(name, from: files).failure)
      #expect(invalid.diagnostics.map(\.code) == ["manifest.unreadable"])
      #expect(invalid.diagnostics[0].location == Place(file: name, line: 1, column: 1))
      #expect(invalid.rendered[0].contains("hint: check the path"))
    }
  }

  @Test("findings of YAML and of the language come out together")
  func yamlAndLanguage() {
    expectDiagnostics(
      in: validManifest.replacing(
        "seed: 4", with: "seed: 1️⃣-4\n2️⃣seed: 5\nquestion: 3️⃣!!python/name:os x"),
      [
        Expected("1️⃣", "manifest.out-of-range"), Expected("2️⃣", "yaml.duplicate-key"),
        Expected("3️⃣", "yaml.tag"),
      ])
  }

  @Test("a root that is no mapping is told in plain words")
  func rootIsText() throws {
    let invalid = try #require(load([("a.yaml", "just text")]).failure)
    #expect(
      invalid.diagnostics.map(\.message) == ["the manifest takes a mapping, not text `just text`"])
  }

  @Test(
    "the template is valid, whatever it is called", arguments: ["study", "2023", "true", "a.b-c_d"])
  func template(name: String) throws {
    let text = ManifestTemplate.text(named: name)
    let manifest = try load([("new.yaml", text)]).get()
    #expect(manifest.study.name.value == name)
    #expect(manifest.warnings == [])
    #expect(text.hasSuffix("\n"))
  }

  @Test("the manifests of the repository load")
  func repositoryManifests() throws {
    for url in repositoryManifestFiles() {
      let path = Path(url.path)
      _ = try ManifestLoader(files: LocalFileSystem()).load(path, displayedAs: path.name)
    }
  }
}

/// The committed manifests, in the order of their names.
func repositoryManifestFiles() -> [URL] {
  let folder = repository.appending(path: "manifests")
  let all = try? FileManager.default.contentsOfDirectory(
    at: folder, includingPropertiesForKeys: nil)
  return (all ?? []).filter { $0.pathExtension == "yaml" }.sorted { $0.path < $1.path }
}
