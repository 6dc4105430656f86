import Core
import Foundation
import ManifestModel
import Planning
import Testing

/// The encoded plan of every manifest under `manifests/` is a committed file: a refactor that changes
/// one would re-run people's studies.
@Suite("Golden plans")
struct GoldenPlanTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static let manifests: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: root.appending(path: "manifests").path)
    return (names ?? []).filter { $0.hasSuffix(".yaml") }.sorted()
  }()

  @Test("there are manifests to plan")
  func manifestsExist() {
    #expect(
      Self.manifests == [
        "glas-glands.yaml", "kang-2023-nuclei.yaml", "kataria-2023-glands-cells.yaml",
        "monuseg-cells.yaml", "monuseg-nuclei.yaml", "quickstart.yaml",
      ])
  }

  /// Words that come into the language later are in no digest where they are not used.
  @Test("the quickstart is the study that its committed results are of")
  func digest() throws {
    let path = Self.root.appending(path: "manifests/quickstart.yaml")
    let study = try ManifestLoader(files: LocalFileSystem())
      .load(Path(path.path), displayedAs: "quickstart.yaml").study
    let lock = try String(
      contentsOf: Self.root.appending(path: "results/quickstart/study.lock.json"), encoding: .utf8)
    #expect(lock.contains("\"digest\": \"\(plan(study).studyDigest)\""))
  }

  /// The encoded plan; of one past 256 KiB, the steps of the first replicate and a digest of all.
  private static func golden(_ plan: Plan) -> String {
    let encoded = plan.encoded
    guard encoded.utf8.count > 1 << 18 else { return encoded }
    let first = encoded.split(separator: "\n").filter { line in
      let id = line.prefix { $0 != " " }
      return !id.contains("/r=") || id.contains("/r=1/")
    }.filter { !$0.contains("/compare compare.") }
    let digest = SHA256.digest(of: Array(encoded.utf8))
    return first.map { $0 + "\n" }.joined() + "all \(plan.steps.count) steps: \(digest)\n"
  }

  @Test("the plan is byte for byte the committed one", arguments: manifests)
  func golden(name: String) throws {
    let path = Self.root.appending(path: "manifests/\(name)")
    let manifest = try ManifestLoader(files: LocalFileSystem())
      .load(Path(path.path), displayedAs: name)
    let encoded = Self.golden(plan(manifest.study))
    let golden = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Golden/\(name).plan")
    guard let committed = try? String(contentsOf: golden, encoding: .utf8) else {
      try FileManager.default.createDirectory(
        at: golden.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(encoded.utf8).write(to: golden)
      Issue.record("recorded a new golden plan: look at \(golden.lastPathComponent) and commit it")
      return
    }
    #expect(encoded == committed, "if the change is meant, delete the golden file and run again")
  }
}
