import Core
import Foundation
import ManifestModel
import Testing

@Suite("The README")
struct ReadmeTests {
  @Test("the manifest that it explains is valid as it stands")
  func manifest() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let start = try #require(text.range(of: "```yaml\n")).upperBound
    let end = try #require(text.range(of: "```", range: start..<text.endIndex)).lowerBound
    let files = MemoryFileSystem()
    try files.write(Array(text[start..<end].utf8), to: "/readme.yaml")
    let manifest = try ManifestLoader(files: files).load("/readme.yaml", displayedAs: "readme.yaml")
    #expect(manifest.study.experiments.count == 1)
    #expect(manifest.warnings.isEmpty)
  }
}
