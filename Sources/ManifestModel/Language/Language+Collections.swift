internal import Core

extension Language {
  /// A list without repetitions; elements that are wrong are left out and reported.
  static func list<Element: Hashable & Sendable>(
    of element: Language<Located<Element>>, minimum: Int = 1
  ) -> Language where Value == [Located<Element>] {
    Language(schema: .list(element.schema, minimum: minimum)) { node, reading in
      guard let nodes = node.elements else {
        reading.wrongType(
          node, expected: "a list",
          hint: node.scalar.map { "write `[\($0.source.excerpt)]`" } ?? "write `[first, second]`")
        return nil
      }
      if nodes.count < minimum {
        reading.error(
          "manifest.empty-list", "\(reading.subject) is empty", at: node.location,
          hint: "list at least one element")
      }
      let values = nodes.compactMap { element.read($0, &reading) }
      checkRepetitions(values, &reading)
      return values
    }
  }

  /// A list of blocks.
  static func blocks<Element: Sendable>(
    _ element: Language<Element>
  ) -> Language where Value == [Element] {
    Language(schema: .list(element.schema, minimum: 0)) { node, reading in
      guard let nodes = node.elements else {
        reading.wrongType(
          node, expected: "a list", hint: "put `- ` before each of the blocks")
        return nil
      }
      return nodes.compactMap { element.read($0, &reading) }
    }
  }

  /// A mapping from names that the user chooses to blocks.
  ///
  /// - Parameters:
  ///   - block: The language of each block.
  ///   - keep: Takes each name and its block, in the manifest's order.
  static func named<Block, Element: Sendable>(
    _ block: Language<Block>,
    as keep: @escaping @Sendable (Located<String>, Block, inout Reading) -> Element
  ) -> Language where Value == [Element] {
    Language(schema: .named(block.schema, pattern: namePattern)) { node, reading in
      guard let entries = node.entries else {
        reading.wrongType(
          node, expected: "a mapping from names", hint: "write `name: { ... }` below it")
        return nil
      }
      if entries.isEmpty, !reading.isPartial {
        reading.error(
          "manifest.empty-list", "\(reading.subject) is empty", at: node.location,
          hint: "declare at least one")
      }
      var values: [Element] = []
      for entry in entries {
        checkName(entry.key, &reading)
        reading.within(entry.key.value) { reading in
          if let value = block.read(entry.value, &reading) {
            values.append(keep(entry.key, value, &reading))
          }
        }
      }
      return values
    }
  }

  private static func checkRepetitions<Element: Hashable & Sendable>(
    _ values: [Located<Element>], _ reading: inout Reading
  ) {
    var seen: Set<Element> = []
    for value in values where !seen.insert(value.value).inserted {
      reading.error(
        "manifest.repeated", "`\(value.value)` is in \(reading.subject) twice", at: value.location,
        hint: "remove one of the two")
    }
  }
}

extension Language {
  /// One of several blocks; which one, the node says by itself.
  ///
  /// - Parameters:
  ///   - blocks: The blocks and how messages name each.
  ///   - choose: The index of the block that a mapping is; `nil` if what decides it is wrong, and
  ///     then the finding is made here.
  static func variants(
    _ blocks: [(name: String, language: Language)],
    choose: @escaping @Sendable (YAMLNode, inout Reading) -> Int?
  ) -> Language {
    let keys = blocks.map { block -> Set<String> in
      guard case .object(let object) = block.language.schema else { return [] }
      return Set(object.properties.map(\.name))
    }
    let names = blocks.map(\.name)
    let languages = blocks.map(\.language)
    return Language(schema: .choice(languages.map(\.schema))) { node, reading in
      guard let index = choose(node, &reading) else { return nil }
      // A key of another variant is not unknown: the reader should learn where it belongs.
      let kept = node.entries?.filter { entry in
        let key = entry.key.value
        let others = keys.indices.filter { keys[$0].contains(key) }
        guard !keys[index].contains(key), !others.isEmpty else { return true }
        let owners = others.map { names[$0] }.joined(separator: " and ")
        reading.error(
          "manifest.key-of-another-kind", "`\(key)` belongs to \(owners), not to \(names[index])",
          at: entry.key.location, hint: "remove `\(key)`")
        return false
      }
      var node = node
      if let kept { node.content = .mapping(kept) }
      return languages[index].read(node, &reading)
    }
  }
}
