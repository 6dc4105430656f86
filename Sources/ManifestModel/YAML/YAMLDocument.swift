internal import Core

/// One YAML file: its root, and what is wrong with it short of being unreadable.
struct YAMLDocument: Sendable {
  var root: YAMLNode
  var problems: [Diagnostic]

  /// A manifest of this many bytes is a mistake or an attack.
  static let largestFile = 10 << 20
  /// No manifest nests by a tenth of this; the composer recurses this deep and no deeper.
  static let deepestNesting = 64
  /// How many nodes the aliases of a file may add to those that are written out.
  static let mostAliasedNodes = 100_000

  /// Reads a file's bytes.
  ///
  /// - Throws: the one finding after which nothing more can be said about the file.
  init(_ bytes: [UInt8], file: String) throws(YAMLFailure) {
    let start = SourceLocation(file: file, line: 1, column: 1)
    guard bytes.count <= Self.largestFile else {
      throw YAMLFailure(
        .error(
          "yaml.too-large", "a manifest has at most 10 MB, not \(bytes.count) bytes", at: start,
          hint: "check that this is the manifest"))
    }
    let valid = SourceText.validPrefix(of: bytes)
    guard valid == bytes.count else {
      throw YAMLFailure(
        .error(
          "yaml.not-utf8", "the file is not UTF-8 text",
          at: SourceText.location(after: bytes[..<valid], file: file),
          hint: "save it as UTF-8"))
    }
    var composer = YAMLComposer(
      events: YAMLEvents(Self.withoutMark(bytes), file: file), start: start)
    root = try composer.document()
    problems = composer.problems
  }

  /// The text of a file for excerpts, its byte-order mark left out.
  static func text(of bytes: [UInt8]) -> String {
    String(decoding: withoutMark(bytes), as: UTF8.self)
  }

  private static func withoutMark(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
  }
}
