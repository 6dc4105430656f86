internal import Core

/// The committed files that damage starts from.
struct Corpus {
  private let files: any FileSystem
  /// The folder `Tests` of the repository.
  private let tests: Path

  /// The corpus below a repository's `Tests`.
  init(tests: Path, files: any FileSystem) {
    self.tests = tests
    self.files = files
  }

  /// A parser's mutator over its seeds, in the order of their names.
  func mutator(for parser: Parser) throws(FileError) -> Mutator {
    var seeds: [[UInt8]] = []
    for (folder, endings) in parser.seeds {
      for name in try files.list(tests / folder) where endings.contains(where: name.hasSuffix) {
        seeds.append(try files.read(tests / folder / name))
      }
    }
    guard !seeds.isEmpty else {
      throw FileError(
        operation: "find seeds in", path: tests / parser.seeds[0].folder, number: 2,
        reason: "there are none")
    }
    return Mutator(seeds: seeds, words: parser.words)
  }
}
