internal import Core

extension Language {
  /// A mapping with the given keys.
  ///
  /// - Parameters:
  ///   - title: The name under `$defs` of the schema.
  ///   - exclusive: Sets of keys of which one is there.
  ///   - rule: A rule across keys for the schema; the reader's side of it is `checked`.
  ///   - make: Takes the values in the order of the keys.
  static func object<each Field>(
    _ title: String, _ keys: repeat Key<each Field>, exclusive: [Schema.Exclusive] = [],
    rule: JSONText? = nil, make: @escaping @Sendable (SourceLocation, repeat each Field) -> Value?
  ) -> Language {
    var properties: [Schema.Property] = []
    for key in repeat each keys { properties.append(key.property) }
    let object = Schema.Object(
      title: title, properties: properties, exclusive: exclusive, rule: rule)
    let all = (repeat each keys)
    return Language(schema: .object(object)) { node, reading in
      guard let entries = node.entries else {
        reading.wrongType(
          node, expected: "a mapping",
          hint: "write the keys \(Suggestion.list(object.properties.map(\.name)))")
        return nil
      }
      object.checkKeys(entries, at: node.location, &reading)
      let fields = (repeat field((each all), in: node, &reading))
      // Every field is read before any is missed: all problems of a block come out together.
      do {
        return make(node.location, repeat try present(each fields))
      } catch {
        return nil
      }
    }
  }

  private static func field<Field>(
    _ key: Key<Field>, in node: YAMLNode, _ reading: inout Reading
  ) -> Field? {
    guard let value = node[key.property.name] else { return key.absent(node.location, &reading) }
    return reading.within(key.property.name) { key.read(value, &$0) }
  }

  private static func present<Field>(_ field: Field?) throws(Absent) -> Field {
    guard let field else { throw Absent() }
    return field
  }
}

/// A field has no value, and why is reported already.
private struct Absent: Error {}

extension Schema.Object {
  /// Reports keys that the object does not have and sets of keys that exclude each other.
  func checkKeys(
    _ entries: [YAMLEntry], at block: SourceLocation, _ reading: inout Reading
  ) {
    let names = properties.map(\.name)
    for entry in entries where !names.contains(entry.key.value) {
      reading.error(
        "manifest.unknown-key",
        "\(reading.subject) has no key `\(entry.key.value.excerpt)`",
        at: entry.key.location,
        hint: Suggestion.nearest(to: entry.key.value, in: names).map { "write `\($0)`" }
          ?? "the keys are \(Suggestion.list(names))")
    }
    for rule in exclusive {
      let given = entries.filter { rule.keys.contains($0.key.value) }
      if given.isEmpty, rule.isRequired, !reading.isPartial {
        let words = rule.keys.map { "`\($0)`" }.joined(separator: " or ")
        reading.error(
          "manifest.missing-key", "\(reading.subject) needs \(words)", at: block,
          hint: "add one of them")
      }
      for extra in given.dropFirst() {
        reading.error(
          "manifest.exclusive-keys",
          "`\(extra.key.value)` and `\(given[0].key.value)` exclude each other",
          at: extra.key.location, hint: "keep one of them")
      }
    }
  }
}
