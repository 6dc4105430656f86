import Core
import Testing

@testable import microtome_fuzz

@Suite("The mutator")
struct MutatorTests {
  static let mutator = Mutator(
    seeds: [Array("microtome: 1\nstudy: a\n".utf8), [0, 1, 2, 3]], words: [[9, 9, 9]])

  static func file(_ number: Int, seed: UInt64 = 1) -> [UInt8] {
    Attempts(parser: .manifest, mutator: mutator, seed: seed).file(number)
  }

  @Test("a number names one file for ever")
  func isDeterministic() {
    // Written down once: a crash that was reported must come back in later releases too.
    let digest = SHA256.digest(of: (0..<200).flatMap { Self.file($0) })
    #expect(digest.hex == "9903b032d31e270a85703bfd7818bed1b0e3420fc5537f6917038414c2e1dc84")
    #expect(Self.file(7, seed: 1) != Self.file(7, seed: 2))
  }

  @Test("the seeds come first, as they are")
  func seedsComeFirst() {
    #expect(Self.file(0) == Self.mutator.seeds[0])
    #expect(Self.file(1) == Self.mutator.seeds[1])
  }

  @Test("files are many and never larger than the limit")
  func variety() {
    let files = (2..<1000).map { Self.file($0) }
    #expect(Set(files).count > 800)
    #expect(files.allSatisfy { $0.count <= Mutator.mostBytes })
    #expect(files.contains { $0.count > 1000 })
  }

  @Test("what cannot be followed is left alone", arguments: Parser.allCases)
  func mending(parser: Parser) {
    for count in [0, 1, 7, 8, 45, 46, 511, 512, 513] {
      var bytes = [UInt8](repeating: 0x50, count: count)
      parser.mend(&bytes)
      #expect(bytes == [UInt8](repeating: 0x50, count: count))
    }
  }
}
