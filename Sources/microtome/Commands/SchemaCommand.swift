internal import ArgumentParser
internal import ManifestModel

struct SchemaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of manifests, for editors.",
    discussion: """
      Editors with a YAML language server complete and check manifests that start with

        # yaml-language-server: $schema=../schemas/study.v1.schema.json
      """)

  @Flag(help: "The output is JSON with or without this flag.")
  var json = false

  func run() throws {
    let text = StudySchema.json()
    Console().result(text.hasSuffix("\n") ? String(text.dropLast()) : text)
  }
}
