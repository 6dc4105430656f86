internal import Core

/// A JSON value whose objects keep their order, so that a printed schema reads as it was declared.
indirect enum JSONText: Hashable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case array([JSONText])
  case object([Member])

  /// One member of an object.
  struct Member: Hashable, Sendable {
    var name: String
    var value: JSONText
  }

  /// The value as a plain YAML value would become it; infinities, which JSON lacks, as text.
  init(_ node: YAMLNode) {
    switch node.content {
    case .sequence(let elements): self = .array(elements.map { JSONText($0) })
    case .mapping(let entries):
      self = .object(entries.map { Member(name: $0.key.value, value: JSONText($0.value)) })
    case .scalar(let scalar):
      switch scalar.value {
      case .null: self = .null
      case .bool(let value): self = .bool(value)
      case .integer(let value): self = .integer(value)
      case .number(let value): self = value.isFinite ? .number(value) : .text(scalar.source)
      case .text(let value): self = .text(value)
      }
    }
  }

  /// Two spaces a level; short arrays of scalars stay on one line.
  func pretty(indent: String = "") -> String {
    let inner = indent + "  "
    switch self {
    case .array(let elements):
      guard !elements.isEmpty else { return "[]" }
      let flat = "[" + elements.map(\.compact).joined(separator: ", ") + "]"
      if elements.allSatisfy(\.isScalar), flat.count + indent.count <= 96 { return flat }
      return "[\n" + elements.map { inner + $0.pretty(indent: inner) }.joined(separator: ",\n")
        + "\n\(indent)]"
    case .object(let members):
      guard !members.isEmpty else { return "{}" }
      return "{\n"
        + members.map { "\(inner)\(JSON.text($0.name)): \($0.value.pretty(indent: inner))" }
        .joined(separator: ",\n") + "\n\(indent)}"
    default: return compact
    }
  }

  /// On one line.
  var compact: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): shortestDecimal(value)
    case .text(let value): JSON.text(value)
    case .array(let elements): "[" + elements.map(\.compact).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { "\(JSON.text($0.name)):\($0.value.compact)" }.joined(separator: ",")
        + "}"
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }
}

extension JSONText: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  init(stringLiteral value: String) { self = .text(value) }
  init(integerLiteral value: Int) { self = .integer(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(arrayLiteral elements: JSONText...) { self = .array(elements) }
  init(dictionaryLiteral elements: (String, JSONText)...) {
    self = .object(elements.map { Member(name: $0.0, value: $0.1) })
  }
}
