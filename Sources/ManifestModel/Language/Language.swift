internal import Core

/// One type of the manifest language: how it is read, and what an editor is told of it.
///
/// A reader returns `nil` only where there is no value to go on with; whenever there is one, it
/// reports and returns it, so that later checks find their problems in the same pass.
struct Language<Value>: Sendable {
  var schema: Schema
  var read: @Sendable (YAMLNode, inout Reading) -> Value?

  /// The same language with a rule over what was read.
  func checked(
    _ check: @escaping @Sendable (Value, YAMLNode, inout Reading) -> Void
  ) -> Language {
    Language(schema: schema) { [read] node, reading in
      let value = read(node, &reading)
      if let value { check(value, node, &reading) }
      return value
    }
  }

  /// The same language for another type.
  func map<Result>(
    _ transform: @escaping @Sendable (Value) -> Result
  ) -> Language<Result> {
    Language<Result>(schema: schema) { [read] node, reading in
      read(node, &reading).map(transform)
    }
  }
}

/// One key of an object: its type, its meaning, and what stands in for it.
struct Key<Field>: Sendable {
  var property: Schema.Property
  var read: @Sendable (YAMLNode, inout Reading) -> Field?
  /// What the key means where it is absent; `nil` where it must not be.
  var absent: @Sendable (SourceLocation, inout Reading) -> Field?

  /// A key that must be there.
  static func required(
    _ name: String, _ language: Language<Field>, _ description: String
  ) -> Key {
    Key(
      property: .init(
        name: name, schema: language.schema, description: description, isRequired: true,
        standard: nil),
      read: language.read
    ) { block, reading in
      if !reading.isPartial {
        reading.error(
          "manifest.missing-key", "\(reading.subject) needs the key `\(name)`", at: block,
          hint: "add `\(name)`: \(description)")
      }
      return nil
    }
  }

  /// A key that may be absent and then means nothing.
  static func optional<Wrapped>(
    _ name: String, _ language: Language<Wrapped>, _ description: String
  ) -> Key where Field == Wrapped? {
    Key(
      property: .init(
        name: name, schema: language.schema, description: description, isRequired: false,
        standard: nil),
      read: { node, reading in language.read(node, &reading).map { .some($0) } },
      absent: { _, _ in .some(nil) })
  }

  /// A key that may be absent and then stands for a value, written as the manifest would write it.
  static func standard(
    _ name: String, _ language: Language<Field>, _ standard: String, _ description: String
  ) -> Key {
    let node = YAMLNode(literal: standard)
    return Key(
      property: .init(
        name: name, schema: language.schema, description: description, isRequired: false,
        standard: JSONText(node)),
      read: language.read,
      absent: { block, reading in
        reading.within(name) { language.read(node.moved(to: block), &$0) }
      })
  }
}

extension YAMLNode {
  /// A value written in our own source.
  init(literal: String) {
    do {
      self = try YAMLDocument(Array(literal.utf8), file: "").root
    } catch {
      preconditionFailure("the literal `\(literal)` is not YAML: \(error.diagnostic.message)")
    }
  }
}

extension Language {
  /// A scalar or a mapping, each with its own reader.
  static func either(_ scalar: Language, _ mapping: Language) -> Language {
    Language(schema: .choice([scalar.schema, mapping.schema])) { node, reading in
      node.scalar == nil ? mapping.read(node, &reading) : scalar.read(node, &reading)
    }
  }
}
