internal import Core

/// The manifest language as JSON Schema (2020-12), for editors.
public enum StudySchema {
  /// The schema, printed deterministically, with a newline at its end.
  ///
  /// A manifest that extends another may leave anything to it, and one with `defaults` may leave
  /// parts of experiments to them: what must be there depends on those two keys.
  public static func json() -> String {
    guard case .object(let study) = StudyLanguage.study.schema else {
      preconditionFailure("a manifest is a mapping")
    }
    var printer = SchemaPrinter()
    var root: [JSONText.Member] = [
      .init(name: "$schema", value: "https://json-schema.org/draft/2020-12/schema"),
      .init(name: "$id", value: "urn:microtome:schema:study:v1"),
    ]
    root += printer.definition(of: study, partial: true)
    root.replace("title", with: "Microtome study")
    root.append(
      .init(
        name: "description",
        value: "A transfer-learning study in computational pathology: one manifest of Microtome."))
    let whole = study.properties.filter { $0.name != "experiments" && $0.name != "defaults" }
    let required = study.properties.filter(\.isRequired).map { JSONText.text($0.name) }
    var properties = whole.compactMap { property -> JSONText.Member? in
      if case .scalar = property.schema { return nil }
      return .init(name: property.name, value: printer.json(property.schema, partial: false))
    }
    properties.append(.init(name: "experiments", value: ["minProperties": 1]))
    guard let experiments = study.properties.first(where: { $0.name == "experiments" }) else {
      preconditionFailure("a manifest has experiments")
    }
    root.append(
      .init(
        name: "allOf",
        value: [
          [
            "if": ["not": ["required": ["extends"]]],
            "then": ["required": .array(required), "properties": .object(properties)],
          ],
          [
            "if": ["not": ["anyOf": [["required": ["extends"]], ["required": ["defaults"]]]]],
            "then": [
              "properties": [
                "experiments": printer.json(experiments.schema, partial: false)
              ]
            ],
          ],
        ]))
    root.append(
      .init(
        name: "$defs",
        value: .object(
          printer.definitions.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })))
    return JSONText.object(root).pretty() + "\n"
  }
}

extension [JSONText.Member] {
  fileprivate mutating func replace(_ name: String, with value: JSONText) {
    for index in indices where self[index].name == name { self[index].value = value }
  }
}
