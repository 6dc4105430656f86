import Core
import ManifestModel
import Planning
import Storage
import Testing

@testable import Steps

@Suite("Steps")
struct StepsTests {
  @Test("every kind of step has a runner of its own")
  func bound() {
    let runners = StepKind.allCases.map { "\(type(of: StepRunners.runner(for: $0)))" }
    #expect(Set(runners).count == StepKind.allCases.count)
  }

  @Test(
    "a size reads back as it is written",
    arguments: [SubsetSize.count(8), .percent(12.5), .percent(25), .all])
  func sizes(size: SubsetSize) {
    #expect(SubsetSize(text: size.description) == size)
  }

  @Test("what is no size is refused", arguments: ["", "x", "%", "8 images"])
  func noSizes(text: String) {
    #expect(SubsetSize(text: text) == nil)
  }

  @Test(
    "the sections of a checkpoint read back",
    arguments: [[], [[]], [[1], [], [2, 3]]] as [[[UInt8]]])
  func sections(sections: [[UInt8]]) {
    #expect(Sections.decode(Sections.encode(sections)) == sections)
  }

  @Test("a checkpoint that was cut short is refused", arguments: [1, 7, 8, 9])
  func truncatedSections(count: Int) {
    let bytes = Sections.encode([[1, 2, 3]])
    #expect(Sections.decode(Array(bytes.prefix(count))) == nil)
  }

  @Test(
    "normalisation constants travel with the weights unchanged",
    arguments: NormalizationName.allCases)
  func normalization(name: NormalizationName) throws {
    let constants = Normalization(name)
    #expect(try Normalization(metadata: constants.metadata) == constants)
  }

  @Test("weights that do not say how to normalise are refused")
  func noNormalization() {
    #expect(throws: (any Error).self) { try Normalization(metadata: [:]) }
  }
}

@Suite("Sizes against the pool")
struct SizeCheckTests {
  static let manifest = """
    microtome: 1
    study: sizes
    datasets:
      folder: { format: image-mask-folder, root: /data, table: table.csv }
    initializations: { random: {} }
    experiments:
      gland:
        task: gland-segmentation
        model: { encoder: resnet18, decoder: unet }
        dataset: folder
        subset_sizes: SIZES
        initialization: [random]
        replicates: 2
        training: { patch: 32, batch: 2, steps: 3, optimizer: { adam: { learning_rate: 1.0e-3 } } }
        selection: last
        test: [folder/test]

    """

  /// Percentages say nothing before the pool is known; rounding is half up, at least 1.
  @Test(
    "sizes that come to the same number, or to more than there are, are errors at their lines",
    arguments: [
      ("[4, 25%]", 16, ["subset.same-size"]), ("[4, 25%]", 20, []),
      ("[16, all]", 16, ["subset.same-size"]),
      ("[4, 32]", 16, ["subset.too-large"]), ("[1%, 1]", 16, ["subset.same-size"]),
      ("[50%, all]", 3, []),
    ] as [(String, Int, [String])])
  func check(sizes: String, pool: Int, codes: [String]) throws {
    let files = MemoryFileSystem()
    try files.write(
      Array(Self.manifest.replacing("SIZES", with: sizes).utf8), to: "/study.yaml")
    let study = try ManifestLoader(files: files).load("/study.yaml", displayedAs: "study.yaml")
      .study
    let store = try Store(at: "/.microtome", files: files)
    let index = SplitIndex(
      split: "train",
      samples: (0..<pool).map {
        .init(
          id: "\($0)", patient: "\($0)", width: 8, height: 8, pixelSize: nil,
          image: SHA256.digest(of: []), stratum: nil, labels: nil, objects: nil)
      })
    let digest = try store.write(JSON.encode(index))
    let step = try #require(plan(study).steps.first { $0.kind == .subset })
    let problems = SizeCheck(study: study, store: store).problems(
      of: step, inputs: ["split": digest])
    #expect(problems.map(\.code.name) == codes)
    #expect(problems.allSatisfy { $0.location?.line == 11 })
  }
}
