/// What an editor is told of one type of the language, and what merging needs to know of it.
///
/// Every declaration of the language carries one, so the decoder and the published schema cannot
/// part ways.
indirect enum Schema: Sendable {
  /// A scalar by its JSON Schema keywords.
  case scalar(JSONText)
  /// A mapping with the keys of the language.
  case object(Object)
  /// A mapping from names that the user chooses.
  case named(Schema, pattern: String)
  case list(Schema, minimum: Int)
  /// Another schema of which any part may be missing.
  case partial(Schema)
  /// Exactly one of several; at most one can hold by the way they are built.
  case choice([Schema])

  /// One key of an object.
  struct Property: Sendable {
    var name: String
    var schema: Schema
    var description: String
    var isRequired: Bool
    var standard: JSONText?
  }

  /// Keys of which an object has one.
  struct Exclusive: Sendable {
    var keys: [String]
    /// Whether one must be there, rather than none.
    var isRequired: Bool
  }

  /// A mapping with the keys of the language.
  struct Object: Sendable {
    /// The name under `$defs`.
    var title: String
    var properties: [Property]
    var exclusive: [Exclusive] = []
    /// A rule across keys, for whole blocks only.
    var rule: JSONText?
  }

  /// The schema under a key, for merging.
  func child(_ key: String) -> Schema? {
    switch self {
    case .scalar, .list: nil
    case .named(let schema, _): schema
    case .partial(let schema): schema.child(key)
    case .object(let object): object.properties.first { $0.name == key }?.schema
    case .choice(let schemas): schemas.lazy.compactMap { $0.child(key) }.first
    }
  }

  /// The sets of keys of which one displaces the others when mappings are merged.
  var exclusive: [[String]] {
    switch self {
    case .scalar, .list, .named: []
    case .object(let object): object.exclusive.map(\.keys)
    case .partial(let schema): schema.exclusive
    case .choice(let schemas): schemas.flatMap(\.exclusive)
    }
  }
}

/// Prints schemas as JSON Schema; each object stands once under `$defs`.
struct SchemaPrinter {
  /// The objects seen so far by title, in the order in which they were first met.
  private(set) var definitions: [JSONText.Member] = []
  private var known: Set<String> = []

  /// The JSON Schema of one type.
  ///
  /// - Parameter partial: Whether keys may be missing because another block supplies them.
  mutating func json(_ schema: Schema, partial: Bool) -> JSONText {
    switch schema {
    case .scalar(let json): return json
    case .object(let object): return reference(to: object, partial: partial)
    case .named(let schema, let pattern):
      let count: [JSONText.Member] = partial ? [] : [.init(name: "minProperties", value: 1)]
      return .object(
        [.init(name: "type", value: "object")] + count + [
          .init(name: "propertyNames", value: ["pattern": .text(pattern), "maxLength": 100]),
          .init(name: "additionalProperties", value: json(schema, partial: partial)),
        ])
    case .partial(let schema): return json(schema, partial: true)
    case .list(let schema, let minimum):
      let count: [JSONText.Member] =
        minimum == 0 ? [] : [.init(name: "minItems", value: .integer(minimum))]
      return .object(
        [.init(name: "type", value: "array")] + count + [
          .init(name: "uniqueItems", value: true),
          .init(name: "items", value: json(schema, partial: false)),
        ])
    case .choice(let schemas):
      let choices = JSONText.array(schemas.map { json($0, partial: partial) })
      return partial ? ["anyOf": choices] : ["oneOf": choices]
    }
  }

  private mutating func reference(to object: Schema.Object, partial: Bool) -> JSONText {
    let title = object.title + (partial ? "-part" : "")
    if known.insert(title).inserted {
      let body = definition(of: object, partial: partial)
      definitions.append(JSONText.Member(name: title, value: .object(body)))
    }
    return ["$ref": .text("#/$defs/\(title)")]
  }

  /// The keywords of one object, without a reference around them.
  mutating func definition(of object: Schema.Object, partial: Bool) -> [JSONText.Member] {
    var members: [JSONText.Member] = [
      .init(name: "title", value: .text(object.title.replacing("-", with: " "))),
      .init(name: "type", value: "object"),
      .init(name: "additionalProperties", value: false),
      .init(
        name: "properties",
        value: .object(
          object.properties.map { property in
            var value: [JSONText.Member] = [
              .init(name: "description", value: .text(property.description))
            ]
            if let standard = property.standard {
              value.append(.init(name: "default", value: standard))
            }
            if case .object(let type) = json(property.schema, partial: partial) { value += type }
            return .init(name: property.name, value: .object(value))
          })),
    ]
    let required = object.properties.filter(\.isRequired).map { JSONText.text($0.name) }
    if !partial, !required.isEmpty {
      members.append(.init(name: "required", value: .array(required)))
    }
    var rules = object.exclusive.map { rule(for: $0, partial: partial) }
    if let rule = object.rule, !partial { rules.append(rule) }
    if !rules.isEmpty { members.append(.init(name: "allOf", value: .array(rules))) }
    return members
  }

  private func rule(for exclusive: Schema.Exclusive, partial: Bool) -> JSONText {
    let each = exclusive.keys.map { JSONText.object([.init(name: "required", value: [.text($0)])]) }
    let none: JSONText = ["not": ["anyOf": .array(each)]]
    return ["oneOf": .array(each + (exclusive.isRequired && !partial ? [] : [none]))]
  }
}
