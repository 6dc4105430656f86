import Core
import Foundation
import Testing

@testable import ManifestModel

@Suite("Findings about manifests")
struct DiagnosticsTests {
  @Test("the manifest that the cases edit has no findings")
  func validHasNone() {
    expectDiagnostics(in: validManifest, [])
  }

  @Test("every rule is told where it is broken, once", arguments: editCases)
  func edits(edit: EditCase) {
    #expect(validManifest.components(separatedBy: edit.find).count == 2, "edit in one place")
    expectDiagnostics(
      in: validManifest.replacingOccurrences(of: edit.find, with: edit.replacement), edit.expected)
  }

  @Test("every finding says how to mend it", arguments: editCases)
  func hints(edit: EditCase) {
    let text = validManifest.replacingOccurrences(of: edit.find, with: edit.replacement)
    for finding in diagnostics(of: Marked(text).text) {
      #expect(finding.hint?.isEmpty == false)
      #expect(!finding.message.hasSuffix("."))
    }
  }

  @Test("every code in the sources has a test")
  func codesAreTested() throws {
    let sources = repository.appending(path: "Sources/ManifestModel")
    var inSources: Set<String> = []
    for url in try #require(
      FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
    )
    .compactMap({ $0 as? URL }) where url.pathExtension == "swift" {
      let text = try String(contentsOf: url, encoding: .utf8)
      for match in text.matches(of: /"((?:manifest|yaml)\.[a-z0-9-]+)"/) {
        inSources.insert(String(match.1))
      }
    }
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let tested = try FileManager.default.contentsOfDirectory(
      at: tests, includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "swift" }
      .map { try String(contentsOf: $0, encoding: .utf8) }.joined()
    #expect(inSources.count > 40)
    #expect(inSources.filter { !tested.contains("\"\($0)\"") }.sorted() == [])
  }

  @Test("all problems of a file come out together, in source order")
  func allAtOnce() {
    expectDiagnostics(
      in: """
        1️⃣microtome: 1
        question: Why?
        datasets:
          2️⃣bad name: { format: synthetic-tissue, images: { train: 3️⃣0 }, size: 4️⃣33 }
        initializations:
          random: { normalization: 5️⃣lunti }
        experiments:
          6️⃣gland:
            model: { encoder: resnet18, decoder: unet, 7️⃣widht: 1 }
            training: { patch: 64, batch: 8, steps: 200, optimizer: { adam: { learning_rate: 8️⃣-1 } } }
            selection: { holdout: 9️⃣2, every: 100 }
        """,
      [
        Expected("1️⃣", "manifest.missing-key"),
        Expected("2️⃣", "manifest.bad-name"),
        Expected("3️⃣", "manifest.out-of-range"),
        Expected("4️⃣", "manifest.not-a-multiple"),
        Expected("5️⃣", "manifest.unknown-word"),
      ]
        + Array(repeating: Expected("6️⃣", "manifest.missing-key"), count: 6) + [
          Expected("7️⃣", "manifest.unknown-key", hint: "write `width`"),
          Expected("8️⃣", "manifest.out-of-range"),
          Expected("9️⃣", "manifest.out-of-range"),
        ])
  }

  @Test("one mistake in a declaration does not make its name unknown")
  func declaredButWrong() {
    expectDiagnostics(
      in: validManifest.replacingOccurrences(
        of: "images: { train: 32, test: 16 }", with: "1️⃣imags: {}"
      )
      .replacingOccurrences(of: "{ format: synthetic", with: "2️⃣{ format: synthetic"),
      [Expected("2️⃣", "manifest.missing-key"), Expected("1️⃣", "manifest.unknown-key")])
  }

  @Test("an experiment without an own metric still finds comparisons of it")
  func consequences() {
    expectDiagnostics(
      in: validManifest.replacingOccurrences(of: "metrics: [dice]", with: "metrics: 1️⃣[]")
        .replacingOccurrences(of: "metric: dice }", with: "metric: 2️⃣dice }"),
      [Expected("1️⃣", "manifest.empty-list"), Expected("2️⃣", "manifest.unknown-metric")])
  }

  @Test("images without masks cannot be tested on")
  func unlabelledTests() {
    expectDiagnostics(
      in: validManifest.replacing(
        "  plain: { format: image-mask-folder", with: "  plain: { format: image-folder"
      )
      .replacing("glas/testA", with: "1️⃣plain/train"),
      [Expected("1️⃣", "manifest.unlabelled")])
  }

  @Test("pretraining on a test set is an error where the dataset refuses leakage")
  func refusedPretraining() {
    expectDiagnostics(
      in: validManifest.replacing(
        "format: glas, root: ../glas", with: "format: glas, root: ../glas, leakage: refuse"
      )
      .replacing("dataset: tiles", with: "dataset: 1️⃣glas/testA"),
      [
        Expected(
          "1️⃣", "manifest.pretraining-on-test",
          hint: "pretrain on another split, or write `leakage: warn`")
      ])
  }

  @Test("two datasets over the same files are one when it comes to leakage")
  func sameFiles() {
    expectDiagnostics(
      in:
        validManifest
        .replacingOccurrences(
          of: "    plain:",
          with: "    again: { format: image-mask-folder, root: ./mine/, table: t.csv }\n    plain:"
        )
        .replacingOccurrences(
          of: "  plain:",
          with: "  again: { format: image-mask-folder, root: ./mine/, table: t.csv }\n  plain:"
        )
        .replacingOccurrences(of: "dataset: tissue", with: "dataset: mine")
        .replacingOccurrences(of: "glas/testA", with: "1️⃣again/train"),
      [Expected("1️⃣", "manifest.test-on-training")])
  }

  static let rendered: [(find: String, replacement: String, text: String)] = [
    (
      "replicates: 8", "replicates: 0",
      """
      study.yaml:23:17: error[manifest.out-of-range]: `replicates` is from 1 to 1000, not 0
         23 |     replicates: 0
            |                 ^
        hint: set `replicates: 1`
      """
    ),
    (
      "format: glas", "format: gals",
      """
      study.yaml:5:19: error[manifest.unknown-word]: `format` cannot be `gals`
          5 |   glas: { format: gals, root: ../glas }
            |                   ^
        hint: write `glas`; the words are `glas`, `crag`, `monuseg`, `kumar`, `cpm15`, `cpm17`, \
      `consep`, `tnbc`, `pannuke`, `lizard`, `dsb2018`, `nucls`, `image-mask-folder`, \
      `image-folder`, `synthetic-tissue`, `synthetic-shapes`
      """
    ),
    (
      "    task: gland-segmentation\n", "",
      """
      study.yaml:17:3: error[manifest.missing-key]: `gland` needs the key `task`
         17 |   gland:
            |   ^
        hint: add `task`: What is learned.
      """
    ),
    (
      "root: tiles", "root: tiles, masks: m",
      """
      study.yaml:8:47: error[manifest.key-of-another-kind]: `masks` belongs to \
      `image-mask-folder`, not to `image-folder`
          8 |   tiles: { format: image-folder, root: tiles, masks: m }
            |                                               ^
        hint: remove `masks`
      """
    ),
    (
      "microtome: 1", "question: \"Größe?\nmicrotome: 1",
      """
      study.yaml:1:11: error[yaml.syntax]: this is not YAML: while scanning a quoted scalar, \
      found unexpected end of stream
          1 | question: "Größe?
            |           ^
        hint: close the quote
      """
    ),
    (
      "dataset: tiles", "dataset: tissue/test",
      """
      study.yaml:14:48: warning[manifest.pretraining-on-test]: `pathology` is pretrained on \
      `tissue/test`, which it is tested on
         14 |     pretrain: { method: barlow-twins, dataset: tissue/test, augmentation: pathology, \
      views: 1001 }
            |                                                ^
        hint: pretrain on another split, or report that the encoder has seen the test images
      """
    ),
  ]

  @Test("findings read well", arguments: rendered)
  func rendering(find: String, replacement: String, text: String) {
    let manifest = validManifest.replacingOccurrences(of: find, with: replacement)
    switch load([("study.yaml", manifest)]) {
    case .success(let manifest): #expect(manifest.renderedWarnings == [text])
    case .failure(let invalid): #expect(invalid.rendered == [text])
    }
  }
}
