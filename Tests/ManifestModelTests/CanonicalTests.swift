import Core
import Testing

@testable import ManifestModel

@Suite("The canonical study")
struct CanonicalTests {
  private func identity(_ text: String) throws -> Digest {
    try load([("study.yaml", text)]).get().study.canonical.identity
  }

  /// Edits that say the same in other words, or say where files lie.
  static let same: [(String, String)] = [
    ("seed: 4\n", "seed: 4\n\n# a comment\n"), ("seed: 4", "seed: 4.0"),
    ("root: tiles", "root: /somewhere/else"), ("weights: w.pth", "weights: v.pth"),
    ("  random: {}\n", "  random: { normalization: imagenet }\n"),
    ("stride: 32", "stride: 0x20"), ("[4, 25%, all]", "[4, 25.0%, all]"),
    ("holdout: 20%", "holdout: 0.2"), ("metric: dice }", "metric: dice, alpha: 0.05 }"),
    ("dataset: tissue\n", "dataset: tissue/train\n"), ("views: 1001", "training: { steps: 16 }"),
    ("    - {", "    -   {"),
    ("steps: 200", "steps: 200, loss: bce-soft-dice, schedule: constant"),
  ]

  @Test("the same study in other words is the same", arguments: same)
  func sameStudy(find: String, replacement: String) throws {
    let edited = validManifest.replacing(find, with: replacement)
    #expect(try identity(edited) == identity(validManifest))
  }

  @Test("the order of declarations is not part of a study")
  func order() throws {
    let glas = "  glas: { format: glas, root: ../glas }\n"
    let moved = validManifest.replacing(glas, with: "")
      .replacing("initializations:\n", with: glas + "initializations:\n")
    #expect(try identity(moved) == identity(validManifest))
  }

  /// Edits that change what a study is, and are valid.
  static let different: [(String, String)] = [
    ("seed: 4", "seed: 5"), ("seed: 4", "question: Why?\nseed: 4"), ("study: edited", "study: e"),
    ("sha256: f37072fd", "sha256: f37072fe"), ("replicates: 8", "replicates: 9"),
    ("[4, 25%, all]", "[4, 26%, all]"), ("holdout: 20%", "holdout: 21%"),
    ("every: 100", "every: 50"), ("every: 100", "every: 100, metric: loss"),
    ("steps: 200", "epochs: 200"), ("steps: 200", "steps: 200, loss: bce"),
    ("steps: 200", "steps: 200, schedule: cosine"),
    ("learning_rate: 1.0e-3", "learning_rate: 1.0e-4"),
    ("adam:", "adamw:"), ("stride: 32", "stride: 16"), ("metrics: [dice]", "metrics: [dice, iou]"),
    ("metric: dice }", "metric: dice, correction: none }"),
    ("metric: dice }", "metric: dice, family: study }"),
    ("metric: dice }", "metric: dice, equivalence_margin: 0.1 }"), ("keep: [weights]", "keep: []"),
    ("views: 1001", "views: 1090"), ("test: 16", "test: 17"),
    ("format: glas,", "format: glas, group: patient,"),
    ("tissue/test, glas/testA", "tissue/test"), ("decoder: unet", "decoder: unet, width: 0.5"),
    ("table: t.csv", "table: u.csv"), ("keep:", "results: { image_ids: hashed }\nkeep:"),
  ]

  @Test("another study is another", arguments: different)
  func otherStudy(find: String, replacement: String) throws {
    let edited = validManifest.replacing(find, with: replacement)
    #expect(edited != validManifest)
    #expect(try identity(edited) != identity(validManifest))
  }

  @Test("the encoding of a study stays what it is")
  func golden() throws {
    let study = try load([("gland.yaml", try fixture("gland.yaml"))]).get().study
    #expect(
      study.canonical.identity.hex
        == "ca0025790ede610ba87007b386a336a74a5a35226942c05b34b33d5c2291caca")
    #expect(
      study.experiments[0].canonical["training"]?.description
        == "{augmentation: geometric, batch: 8, length: {steps: 2000}, loss: bce-soft-dice, "
        + "optimizer: {adam: {learning_rate: 0.0001, weight_decay: 0}}, patch: 256, "
        + "schedule: constant}")
  }
}
