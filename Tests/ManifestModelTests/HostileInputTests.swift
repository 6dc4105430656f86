import Core
import Testing

@testable import ManifestModel

@Suite("Hostile input")
struct HostileInputTests {
  @Test("every prefix of a manifest is answered")
  func prefixes() throws {
    let bytes = Array(try fixture("gland.yaml").utf8)
    for count in stride(from: 0, to: bytes.count, by: 7) {
      let text = String(decoding: bytes.prefix(count), as: UTF8.self)
      // From the test sets on, all that is missing may be missing.
      #expect(!diagnostics(of: text).isEmpty || text.contains("test: [glas/testA"))
    }
  }

  @Test("a megabyte of experiments loads")
  func megabyte() throws {
    let block = validManifest.split(separator: "\n").drop { $0 != "  gland:" }.dropFirst()
      .prefix { $0 != "comparisons:" }.joined(separator: "\n")
    var text = validManifest.replacing("  keep: [weights]", with: "")
    let experiments = (0..<2400).map { "  gland\($0):\n\(block)\n" }.joined()
    text = text.replacing("comparisons:\n", with: experiments + "comparisons:\n")
    #expect(text.utf8.count > 1_000_000)
    #expect(try load([("study.yaml", text)]).get().study.experiments.count == 2401)
  }

  @Test("thousands of mistakes are all told")
  func manyMistakes() {
    let names = (0..<5000).map { "  n\($0): { format: glass, root: x }" }.joined(separator: "\n")
    let found = diagnostics(
      of: validManifest.replacing("initializations:\n", with: names + "\ninitializations:\n"))
    #expect(found.count == 5000)
  }

  @Test("defaults that would fill the memory are refused", .timeLimit(.minutes(2)))
  func defaultsBomb() {
    func manifest(keys: Int, experiments: Int) -> String {
      let defaults = (0..<keys).map { "  k\($0): 0" }.joined(separator: "\n")
      let blocks = (0..<experiments).map { "  e\($0): {}" }.joined(separator: "\n")
      return "microtome: 1\ndefaults:\n\(defaults)\nexperiments:\n\(blocks)\n"
    }
    let bomb = diagnostics(of: manifest(keys: 50_000, experiments: 50_000))
    #expect(bomb.map(\.code.name) == ["manifest.defaults-bomb"])
    let small = diagnostics(of: manifest(keys: 10, experiments: 10))
    #expect(!small.contains { $0.code.name == "manifest.defaults-bomb" })
  }

  @Test("a study of more predictions than anyone could make is refused before it is planned")
  func cells() throws {
    let sizes = (1...2000).map(String.init).joined(separator: ", ")
    let text =
      validManifest
      .replacing("subset_sizes: [4, 25%, all]", with: "subset_sizes: [\(sizes)]")
      .replacing("{ train: 32, test: 16 }", with: "{ train: 9000, test: 16 }")
      .replacing("selection: { holdout: 20%, every: 100 }", with: "selection: last")
    #expect(diagnostics(of: text.replacing("replicates: 8", with: "replicates: 80")).isEmpty)
    let found = diagnostics(of: text.replacing("replicates: 8", with: "replicates: 800"))
    #expect(found.map(\.code.name) == ["manifest.too-many-cells"])
  }
}
