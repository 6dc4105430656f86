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
    #expect(Self.manifests.contains("quickstart.yaml"))
    #expect(Self.manifests.contains("glas-first-light.yaml"))
  }

  @Test("the plan is byte for byte the committed one", arguments: manifests)
  func golden(name: String) throws {
    let path = Self.root.appending(path: "manifests/\(name)")
    let manifest = try ManifestLoader(files: LocalFileSystem())
      .load(Path(path.path), displayedAs: name)
    let encoded = plan(manifest.study).encoded
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
