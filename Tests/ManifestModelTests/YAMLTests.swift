import Core
import Testing

@testable import ManifestModel

@Suite("YAML")
struct YAMLTests {
  private func root(_ text: String) throws -> YAMLNode {
    try YAMLDocument(Array(text.utf8), file: "a.yaml").root
  }

  /// The one finding about some YAML, however it comes out.
  private func finding(_ bytes: [UInt8]) -> Diagnostic? {
    do throws(YAMLFailure) {
      return try YAMLDocument(bytes, file: "study.yaml").problems.first
    } catch {
      return error.diagnostic
    }
  }

  @Test(
    "plain scalars resolve as YAML 1.2's core schema says",
    arguments: [
      ("", .null), ("~", .null), ("null", .null), ("Null", .null), ("NULL", .null),
      ("true", .bool(true)), ("false", .bool(false)), ("True", .text("True")),
      ("yes", .text("yes")), ("on", .text("on")), ("0", .integer(0)), ("-12", .integer(-12)),
      ("+5", .integer(5)), ("007", .integer(7)), ("0x1F", .integer(31)), ("0o17", .integer(15)),
      ("0x", .text("0x")), ("0x-1", .text("0x-1")), ("1_000", .text("1_000")),
      ("2.0e+5", .number(200_000)), ("1.", .number(1)), (".5", .number(0.5)),
      ("-1.e3", .number(-1000)), ("1e-3", .number(0.001)), ("-0.0", .number(0)),
      ("99999999999999999999", .number(1e20)), ("-.inf", .number(-.infinity)),
      ("+.INF", .number(.infinity)), (".", .text(".")), ("-", .text("-")), ("1e", .text("1e")),
      ("1e5x", .text("1e5x")), ("12:30", .text("12:30")), ("f37072fd", .text("f37072fd")),
      ("2023-01-01", .text("2023-01-01")), ("25%", .text("25%")), ("-.5", .number(-0.5)),
    ] as [(String, YAMLScalar.Value)])
  func plainScalars(source: String, value: YAMLScalar.Value) {
    #expect(YAMLScalar(source, style: .plain, tag: nil)?.value == value)
    #expect(YAMLScalar(source, style: .quoted, tag: nil)?.value == .text(source))
  }

  @Test("NaN is a number that equals nothing")
  func notANumber() {
    guard case .number(let value)? = YAMLScalar(".nan", style: .plain, tag: nil)?.value else {
      Issue.record("`.nan` is a number")
      return
    }
    #expect(value.isNaN)
  }

  @Test(
    "tags of the core schema decide the type",
    arguments: [
      ("!!str 5", .text("5")), ("! 5", .text("5")), ("!!int \"5\"", .integer(5)),
      ("!!float 5", .number(5)), ("!!null ''", .null), ("!!bool true", .bool(true)),
    ] as [(String, YAMLScalar.Value)])
  func coreTags(source: String, value: YAMLScalar.Value) throws {
    #expect(try root("a: \(source)")["a"]?.scalar?.value == value)
  }

  @Test(
    "columns count Unicode scalars, lines count what YAML calls a break",
    arguments: [
      ("a: b", 1, 4), ("é: b", 1, 4), ("𝒳é: b", 1, 5), ("\"日本\": b", 1, 7),
      ("\u{FEFF}a: b", 1, 4), ("x: 1\r\na: b", 2, 4), ("x: 1\ra: b", 2, 4),
      ("# e\u{301}\u{1F600}\na: b", 2, 4), ("{ e\u{301}: 1, a: b }", 1, 13),
    ])
  func columns(text: String, line: Int, column: Int) throws {
    let last = try #require(try root(text).entries?.last)
    #expect(last.value.location == Place(file: "a.yaml", line: line, column: column))
  }

  @Test("a block stands at its key, a flow collection at its bracket")
  func blockPlaces() throws {
    let root = try root("a:\n  b: 1\nc: { d: 1 }\ne:\n  - f: 1\n")
    func place(_ node: YAMLNode?) -> [Int] {
      node.map { [$0.location.line, $0.location.column] } ?? []
    }
    #expect(place(root["a"]) == [1, 1])
    #expect(place(root["c"]) == [3, 4])
    #expect(place(root["e"]) == [4, 1])
    #expect(place(root["e"]?.elements?.first) == [5, 5])
  }

  @Test("merge keys give way to keys of their own, and the first of a list wins")
  func mergeKeys() throws {
    let text = """
      a: &a { x: 1, y: 1 }
      b: &b { y: 2, z: 2 }
      c: { z: 3, <<: [*a, *b] }
      d: { <<: *c2, x: 9 }
      """.replacing("*c2", with: "*a")
    let root = try root(text)
    #expect(JSONText(try #require(root["c"])).compact == #"{"z":3,"x":1,"y":1}"#)
    #expect(JSONText(try #require(root["d"])).compact == #"{"x":9,"y":1}"#)
  }

  @Test("an aliased value keeps the place of its anchor")
  func aliasPlaces() throws {
    let root = try root("a: &a word\nb: *a\n")
    #expect(root["b"]?.location.line == 1)
  }

  static let refused: [(String, [Expected])] = [
    ("1️⃣", [Expected("1️⃣", "yaml.empty")]),
    ("1️⃣# a comment\n", [Expected("1️⃣", "yaml.empty")]),
    ("a: 1\nb: 2\n1️⃣a: 3", [Expected("1️⃣", "yaml.duplicate-key", hint: "remove one of the two")]),
    ("<<: {}\n1️⃣<<: {}", [Expected("1️⃣", "yaml.duplicate-key")]),
    ("a: 1️⃣!!python/object/apply:os.system [x]", [Expected("1️⃣", "yaml.tag")]),
    ("a: 1️⃣!custom x", [Expected("1️⃣", "yaml.tag")]),
    ("a: 1️⃣!!int x", [Expected("1️⃣", "yaml.tag")]),
    ("a: 1️⃣!!set { x: 1 }", [Expected("1️⃣", "yaml.tag")]),
    ("a: 1\n1️⃣---\nb: 2", [Expected("1️⃣", "yaml.several-documents")]),
    ("a: &a [1️⃣*a]", [Expected("1️⃣", "yaml.recursive-alias")]),
    ("a: &a { b: { c: 1️⃣*a } }", [Expected("1️⃣", "yaml.recursive-alias")]),
    ("a: 1️⃣*b", [Expected("1️⃣", "yaml.unknown-alias")]),
    ("a: &x 1\n1️⃣<<: *x", [Expected("1️⃣", "yaml.merge")]),
    ("1️⃣[a]: 1", [Expected("1️⃣", "yaml.key-not-text")]),
    ("a: b1️⃣: c", [Expected("1️⃣", "yaml.syntax")]),
    ("a: [b\nc1️⃣: d", [Expected("1️⃣", "yaml.syntax")]),
    ("a:\n1️⃣\tb: 1", [Expected("1️⃣", "yaml.syntax")]),
    ("é: \"\u{1F600}1️⃣\u{7}\"", [Expected("1️⃣", "yaml.syntax")]),
    (
      String(repeating: "[", count: 64) + "1️⃣[" + String(repeating: "]", count: 65),
      [Expected("1️⃣", "yaml.too-deep")]
    ),
  ]

  @Test("what no manifest needs is refused where it stands", arguments: refused)
  func refusal(marked: String, expected: [Expected]) {
    let input = Marked(marked)
    let finding = finding(Array(input.text.utf8))
    #expect(finding?.code.name == expected[0].code, "\(String(describing: finding))")
    #expect(finding?.location == input.places["1️⃣"], "\(String(describing: finding))")
    #expect(finding?.hint?.isEmpty == false)
  }

  @Test("a duplicate key names the first place")
  func duplicateNamesTheFirst() {
    #expect(
      finding(Array("a: 1\nb: 2\na: 3".utf8))?.message
        == "`a` is here twice; the first is in line 1")
  }

  @Test("bytes that are not UTF-8 are refused at the first of them")
  func notUnicode() {
    let finding = finding(Array("é: 1\nb: é".utf8) + [0xFF] + Array("x".utf8))
    #expect(finding?.code == "yaml.not-utf8")
    #expect(finding?.location == Place(file: "study.yaml", line: 2, column: 5))
    #expect(self.finding([0xFF, 0xFE, 0x61, 0x00])?.code == "yaml.not-utf8")
  }

  @Test("more than 10 MB are refused before they are read")
  func tooLarge() {
    let bytes = [UInt8](repeating: UInt8(ascii: "#"), count: YAMLDocument.largestFile + 1)
    #expect(finding(bytes)?.code == "yaml.too-large")
    #expect(finding(Array(bytes.dropLast()))?.code == "yaml.empty")
  }

  @Test("aliases of aliases are refused once they stand for too much")
  func aliasBomb() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      text += "a\(level): &a\(level) [\(aliases)]\n"
    }
    #expect(finding(Array(text.utf8))?.code == "yaml.alias-bomb")
  }

  @Test("a chain of merges is counted by what it copies")
  func mergeBomb() {
    let keys = (0..<500).map { "k\($0): 0" }.joined(separator: ", ")
    var text = "m0: &m0 { \(keys) }\n"
    for level in 1...400 { text += "m\(level): &m\(level) { <<: *m\(level - 1), n\(level): 0 }\n" }
    #expect(finding(Array(text.utf8))?.code == "yaml.alias-bomb")
  }
}
