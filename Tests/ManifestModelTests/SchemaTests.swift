import Core
import Foundation
import Testing

@testable import ManifestModel

@Suite("The JSON Schema")
struct SchemaTests {
  @Test("the committed schema is what the language says")
  func committed() throws {
    let url = repository.appending(path: "schemas/study.v1.schema.json")
    let committed = try String(contentsOf: url, encoding: .utf8)
    #expect(
      committed == StudySchema.json(),
      "write it anew: microtome schema > schemas/study.v1.schema.json")
  }

  @Test("the schema is JSON, ends with a newline and refuses unknown keys everywhere")
  func shape() throws {
    let text = StudySchema.json()
    #expect(text.hasSuffix("}\n"))
    let schema = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let definitions = try #require(schema["$defs"] as? [String: [String: Any]])
    #expect(schema["additionalProperties"] as? Bool == false)
    for (name, definition) in definitions {
      #expect(definition["additionalProperties"] as? Bool == false, "\(name)")
      let properties = try #require(definition["properties"] as? [String: [String: Any]])
      for (key, property) in properties {
        #expect((property["description"] as? String)?.isEmpty == false, "\(name).\(key)")
      }
    }
  }

  @Test("nothing but the required keys is enough, so every default is valid")
  func minimal() {
    expectDiagnostics(
      in: """
        microtome: 1
        study: minimal
        datasets:
          a: { format: glas, root: a }
          b: { format: image-mask-folder, root: b }
          c: { format: image-folder, root: c }
          d: { format: synthetic-tissue, images: { train: 4, test: 2 } }
          e: { format: synthetic-shapes, images: { train: 4 } }
        initializations:
          random: {}
          weights: { weights: w.pth, normalization: lunit }
          views: { pretrain: { method: barlow-twins, dataset: c, augmentation: natural, views: 9 } }
        experiments:
          gland:
            task: gland-segmentation
            model: { encoder: resnet18, decoder: unet }
            dataset: d
            subset_sizes: [all]
            initialization: [random, weights, views]
            replicates: 1
            training: { patch: 32, batch: 1, steps: 1, optimizer: { adamw: { learning_rate: 1 } } }
            selection: { holdout: 20%, every: 1 }
            test: [d/test]
          cells:
            task: cell-segmentation
            model: { encoder: resnet18, decoder: unet }
            dataset: d
            subset_sizes: [all]
            initialization: [random]
            replicates: 1
            training:
              { patch: 32, batch: 1, steps: 1, optimizer: { sgd: { learning_rate: 1 } }, schedule: { cosine: {} } }
            inference: {}
            test: [d/test]
        comparisons:
          - { experiment: gland, candidate: weights, baseline: random, metric: iou }
        """, [])
  }
}

/// Codes of findings that a schema cannot make, because they join places of a manifest.
private let joiningCodes: Set<String> = [
  "manifest.repeated", "manifest.repeated-comparison", "manifest.unknown-dataset",
  "manifest.unknown-split", "manifest.unknown-initialization", "manifest.unknown-experiment",
  "manifest.unknown-metric", "manifest.not-in-experiment", "manifest.compared-with-itself",
  "manifest.stride-too-long", "manifest.never-selected", "manifest.nothing-to-train-on",
  "manifest.metric-needs-types", "manifest.metric-needs-pixel-size",
  "manifest.decoder-of-another-task",
  "manifest.encoder-without-decoder", "manifest.loss-of-another-decoder", "manifest.no-types",
  "manifest.objects-of-another-task", "manifest.selection-of-another-task",
  "manifest.subset-too-large", "manifest.test-on-training", "manifest.unlabelled",
  "manifest.unknown-pixel-size", "manifest.no-table", "manifest.no-classes",
  "manifest.nesterov-without-momentum",
  "manifest.warmup-too-long", "manifest.pretraining-on-test", "manifest.extends-cycle",
  "manifest.unreadable",
]

@Suite("The JSON Schema and the decoder agree")
struct SchemaAgreementTests {
  /// Whether `jsonschema` accepts each document; `nil` where it is not installed.
  private func verdicts(on documents: [JSONText]) throws -> [Bool]? {
    let program = """
      import json, sys
      try:
          from jsonschema import Draft202012Validator
      except ImportError:
          sys.exit(3)
      work = json.load(sys.stdin)
      Draft202012Validator.check_schema(work["schema"])
      validator = Draft202012Validator(work["schema"])
      print(json.dumps([validator.is_valid(d) for d in work["documents"]]))
      """
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", "-W", "ignore", "-c", program]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    let text =
      "{\"schema\": \(StudySchema.json()), \"documents\": \(JSONText.array(documents).compact)}"
    // A program that is absent closes the pipe; that is no failure of this test.
    signal(SIGPIPE, SIG_IGN)
    try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8))
    try? input.fileHandleForWriting.close()
    let answer = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus != 3, process.terminationStatus != 127 else {
      print("skipped: python3 with the package jsonschema is not installed")
      return nil
    }
    try #require(process.terminationStatus == 0, "jsonschema failed")
    return try JSONDecoder().decode([Bool].self, from: answer)
  }

  private func tree(_ text: String) throws -> YAMLNode {
    try YAMLDocument(Array(text.utf8), file: "study.yaml").root
  }

  @Test("both accept the fixtures, the template and the manifests of the repository")
  func accepted() throws {
    var names = ["gland.yaml", "everything.yaml", "base.yaml", "extending.yaml", "anchors.yaml"]
    var texts = try names.filter { $0 != "base.yaml" }.map(fixture)
    names.removeAll { $0 == "base.yaml" }
    texts.append(ManifestTemplate.text(named: "template"))
    names.append("template")
    for url in repositoryManifestFiles() {
      texts.append(try String(contentsOf: url, encoding: .utf8))
      names.append(url.lastPathComponent)
    }
    guard let verdicts = try verdicts(on: texts.map { JSONText(try tree($0)) }) else { return }
    for (name, verdict) in zip(names, verdicts) { #expect(verdict, "\(name)") }
  }

  @Test("what one rejects for its shape, the other rejects")
  func edited() throws {
    let texts = editCases.map {
      Marked(validManifest.replacingOccurrences(of: $0.find, with: $0.replacement)).text
    }
    try expectAgreement(texts.map { try tree($0) }, names: editCases.map(\.testDescription))
  }

  @Test(
    "both judge every value replaced by every type alike",
    arguments: ["gland.yaml", "everything.yaml", "defaults"])
  func replaced(name: String) throws {
    let text = name == "defaults" ? ManifestTemplate.text(named: "t") : try fixture(name)
    var trees: [YAMLNode] = []
    var names: [String] = []
    var count = 0
    try tree(text).forEachVariation { variation, path in
      count += 1
      // One in seven: the package is slow, and 7 has no factor in common with the substitutes.
      guard count % 7 == 0 else { return }
      trees.append(variation)
      names.append(path)
    }
    #expect(trees.count > 100)
    try expectAgreement(trees, names: names)
  }

  private func expectAgreement(_ trees: [YAMLNode], names: [String]) throws {
    guard let verdicts = try verdicts(on: trees.map { JSONText($0) }) else { return }
    #expect(verdicts.count == trees.count)
    for ((tree, name), verdict) in zip(zip(trees, names), verdicts) {
      var reading = Reading()
      let root = tree.withDefaults(StudyLanguage.study.schema)
      reading.declared = Declarations(of: root)
      _ = StudyLanguage.study.read(root, &reading)
      let shape = reading.diagnostics.filter {
        // What `defaults` supply and what they do not is beyond a schema.
        !joiningCodes.contains($0.code.name)
          && !(tree["defaults"] != nil && $0.code == "manifest.missing-key")
      }
      // A name may also be refused for its letters, where we say that nothing is called so.
      if verdict {
        #expect(shape == [], "\(name)")
      } else {
        #expect(reading.diagnostics.contains { $0.severity == .error }, "\(name)")
      }
    }
  }
}

extension YAMLNode {
  /// Calls with copies of the tree in which one value was replaced or removed, or a key was added.
  func forEachVariation(_ body: (YAMLNode, String) -> Void) {
    let substitutes = [
      "null", "true", "-1", "0", "1", "0.5", "48", "1.0e+9", "word", "''", "a/b", "50%", "[]",
      "[x]", "{}", "{ x: 1 }", "all", "cosine",
    ]
    for literal in substitutes { body(YAMLNode(literal: literal), literal) }
    func child(_ node: YAMLNode, _ path: String, _ rebuild: (YAMLNode?) -> YAMLNode) {
      body(rebuild(nil), "\(path) removed")
      for literal in substitutes {
        body(rebuild(YAMLNode(literal: literal)), "\(path) = \(literal)")
      }
      variations(of: node, path, rebuild)
    }
    func variations(of node: YAMLNode, _ path: String, _ rebuild: (YAMLNode) -> YAMLNode) {
      switch node.content {
      case .scalar: break
      case .sequence(let elements):
        for index in elements.indices {
          child(elements[index], "\(path)[\(index)]") { replacement in
            var copy = elements
            if let replacement { copy[index] = replacement } else { copy.remove(at: index) }
            return rebuild(YAMLNode(content: .sequence(copy), location: node.location))
          }
        }
      case .mapping(let entries):
        let extra = YAMLEntry(key: Located("extra"), value: YAMLNode(literal: "1"))
        body(
          rebuild(YAMLNode(content: .mapping(entries + [extra]), location: node.location)),
          "\(path).extra")
        for index in entries.indices {
          child(entries[index].value, "\(path).\(entries[index].key.value)") { replacement in
            var copy = entries
            if let replacement { copy[index].value = replacement } else { copy.remove(at: index) }
            return rebuild(YAMLNode(content: .mapping(copy), location: node.location))
          }
        }
      }
    }
    variations(of: self, "") { $0 }
  }
}
