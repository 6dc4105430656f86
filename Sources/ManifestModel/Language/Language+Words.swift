internal import Core

extension Language {
  /// A word of a closed vocabulary.
  static func word<Word: ManifestWord>(
    _ type: Word.Type = Word.self
  ) -> Language where Value == Located<Word> {
    let words = Word.allCases.map(\.rawValue)
    let meanings = Word.allCases.map { JSONText.text($0.summary) }
    return Language(
      schema: .scalar([
        "type": "string", "enum": .array(words.map { .text($0) }),
        "markdownEnumDescriptions": .array(meanings),
      ])
    ) { node, reading in
      word(of: node, among: words, &reading).flatMap { Word(rawValue: $0) }
        .map { Located($0, at: node.location) }
    }
  }

  /// One of a few words that stand for themselves.
  static func words(
    _ words: [String], _ meanings: [String]
  ) -> Language where Value == Located<String> {
    Language(
      schema: .scalar([
        "type": "string", "enum": .array(words.map { .text($0) }),
        "markdownEnumDescriptions": .array(meanings.map { .text($0) }),
      ])
    ) { node, reading in
      word(of: node, among: words, &reading).map { Located($0, at: node.location) }
    }
  }

  /// The word that a node is, or a finding.
  static func word(
    of node: YAMLNode, among words: [String], _ reading: inout Reading
  ) -> String? {
    guard let text = node.text else {
      reading.wrongType(
        node, expected: "a word", hint: "write one of \(Suggestion.list(words))")
      return nil
    }
    if words.contains(text) { return text }
    reading.error(
      "manifest.unknown-word", "\(reading.subject) cannot be `\(text.excerpt)`", at: node.location,
      hint: Suggestion.hint(for: text, among: words, noun: "words"))
    return nil
  }
}
