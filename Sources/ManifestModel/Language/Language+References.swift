internal import Core

extension Language where Value == Located<String> {
  /// The name of an initialization of the manifest.
  static var initialization: Language {
    reference(noun: "initializations", code: "manifest.unknown-initialization") {
      $0.initializations
    }
  }

  /// The name of an experiment of the manifest.
  static var experiment: Language {
    reference(noun: "experiments", code: "manifest.unknown-experiment") { $0.experiments }
  }

  private static func reference(
    noun: String, code: Diagnostic.Code,
    names: @escaping @Sendable (Declarations) -> [String]
  ) -> Language {
    let schema = Schema.scalar(["type": "string", "pattern": .text(namePattern), "maxLength": 100])
    return Language(schema: schema) { node, reading in
      guard let name = node.text else {
        reading.wrongType(
          node, expected: "the name of one of the \(noun)",
          hint: "write one of \(Suggestion.list(names(reading.declared)))")
        return nil
      }
      let known = names(reading.declared)
      if !known.contains(name) {
        reading.error(
          code, "`\(name.excerpt)` is none of the \(noun)", at: node.location,
          hint: Suggestion.hint(for: name, among: known, noun: noun))
      }
      return Located(name, at: node.location)
    }
  }
}

extension Language where Value == Located<Path> {
  /// A path relative to the file that holds it.
  static var path: Language {
    let text = Language<Located<String>>.text
    return Language(schema: text.schema) { node, reading in
      text.read(node, &reading).map { reading.resolve($0) }
    }
  }
}

extension Language where Value == Located<SplitReference> {
  /// A dataset, meaning its `train` split, or `DATASET/SPLIT`.
  static var trainingSplit: Language { split(isOptional: true) }

  /// `DATASET/SPLIT`.
  static var evaluationSplit: Language { split(isOptional: false) }

  private static func split(isOptional: Bool) -> Language {
    let word = "[A-Za-z0-9][A-Za-z0-9._-]*"
    let pattern = "^\(word)" + (isOptional ? "(/\(word))?$" : "/\(word)$")
    let form = isOptional ? "`DATASET` or `DATASET/SPLIT`" : "`DATASET/SPLIT`"
    return Language(schema: .scalar(["type": "string", "pattern": .text(pattern)])) {
      node, reading in
      guard let text = node.text else {
        reading.wrongType(node, expected: form, hint: "write \(form)")
        return nil
      }
      let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 2 || (isOptional && parts.count == 1) else {
        reportForm(of: text, parts: parts, form: form, at: node.location, &reading)
        return nil
      }
      let split = SplitReference(
        dataset: parts[0], split: parts.count == 2 ? parts[1] : "train")
      check(Located(split, at: node.location), &reading)
      return Located(split, at: node.location)
    }
  }

  private static func reportForm(
    of text: String, parts: [String], form: String, at location: SourceLocation,
    _ reading: inout Reading
  ) {
    let splits = reading.declared.datasetValues[text]?.splits ?? []
    reading.error(
      "manifest.not-a-split", "`\(text.excerpt)` does not name a split", at: location,
      hint: splits.isEmpty
        ? "write \(form)"
        : "write one of \(Suggestion.list(splits.map { "\(text)/\($0)" }))")
  }

  private static func check(
    _ reference: Located<SplitReference>, _ reading: inout Reading
  ) {
    let (name, split) = (reference.value.dataset, reference.value.split)
    guard reading.declared.datasets.contains(name) else {
      reading.error(
        "manifest.unknown-dataset", "`\(name.excerpt)` is none of the datasets",
        at: reference.location,
        hint: Suggestion.hint(for: name, among: reading.declared.datasets, noun: "datasets"))
      return
    }
    guard let splits = reading.declared.datasetValues[name]?.splits else {
      checkName(Located(split, at: reference.location), &reading)
      return
    }
    if !splits.contains(split) {
      reading.error(
        "manifest.unknown-split", "the dataset `\(name)` has no split `\(split.excerpt)`",
        at: reference.location,
        hint: Suggestion.hint(for: split, among: splits, noun: "splits"))
    }
  }
}

extension Dataset {
  /// The splits that are known without looking at the files; `nil` where the table declares them.
  var splits: [String]? {
    format.value.fixedSplits ?? synthesis.map { $0.splits.map(\.name.value) }
      ?? (folder?.table == nil && reading.table == nil ? ["train"] : nil)
  }
}
