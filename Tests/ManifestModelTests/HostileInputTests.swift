import Core
import Testing

@testable import ManifestModel

@Suite("Hostile input")
struct HostileInputTests {
  /// Flips, deletes, duplicates and swaps bytes; whatever comes out is an answer, not a crash.
  @Test(
    "damaged manifests are answered",
    arguments: ["gland.yaml", "everything.yaml", "anchors.yaml", "extending.yaml", "base.yaml"])
  func mutations(name: String) throws {
    let original = Array(try fixture(name).utf8)
    let base = Array(try fixture("base.yaml").utf8)
    var state: UInt64 = 0x9E37_79B9_7F4A_7C15
    func next(below bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(bound))
    }
    let signs = Array("{}[]:-,#&*!|>'\"%@`<? \n\t0".utf8)
    var (valid, invalid) = (0, 0)
    for _ in 0..<600 {
      var bytes = original
      for _ in 0...next(below: 3) {
        let place = next(below: bytes.count)
        switch next(below: 5) {
        case 0: bytes[place] ^= 1 << UInt8(next(below: 8))
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(bytes[place], at: place)
        case 3: bytes[place] = signs[next(below: signs.count)]
        default:
          let end = min(bytes.count, place + next(below: 80))
          bytes.insert(contentsOf: bytes[place..<end], at: next(below: bytes.count))
        }
      }
      let files = MemoryFileSystem()
      try files.createDirectory("/study/manifests")
      try files.write(base, to: "/study/manifests/base.yaml")
      try files.write(bytes, to: Path("/study/manifests") / "mutant.yaml")
      switch load("mutant.yaml", from: files) {
      case .success(let manifest):
        valid += 1
        #expect(manifest.study.canonical.encoded.isEmpty == false)
        #expect(manifest.warnings.allSatisfy { $0.severity == .warning })
      case .failure(let failure):
        invalid += 1
        #expect(failure.diagnostics.contains { $0.severity == .error })
        #expect(failure.diagnostics.allSatisfy { $0.location != nil && $0.hint != nil })
        #expect(failure.rendered.count == failure.diagnostics.count)
      }
    }
    #expect(valid + invalid == 600)
    #expect(invalid > 100)
  }

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
}
