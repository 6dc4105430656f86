import Core
import Testing

@Suite("Diagnostics")
struct DiagnosticTests {
  static func rendered(_ diagnostic: Diagnostic, _ lines: [Int: String] = [:]) -> String {
    diagnostic.rendered { file, number in file == "study.yaml" ? lines[number] : nil }
  }

  static func at(_ line: Int, _ column: Int) -> Core.SourceLocation {
    Core.SourceLocation(file: "study.yaml", line: line, column: column)
  }

  @Test("the whole message has place, code, excerpt, caret and hint")
  func whole() {
    let diagnostic = Diagnostic.error(
      "manifest.out-of-range", "a comparison needs at least 2 replicates", at: Self.at(14, 15),
      hint: "set `replicates: 7`")
    #expect(
      Self.rendered(diagnostic, [14: "  replicates: 1"]) == """
        study.yaml:14:15: error[manifest.out-of-range]: a comparison needs at least 2 replicates
           14 |   replicates: 1
              |               ^
          hint: set `replicates: 7`
        """)
  }

  @Test(
    "the caret stands under its column",
    arguments: [
      ("\ta:\tb", 5, "    7 | \ta:\tb\n      | \t  \t^"),
      ("é: 🙂 x", 6, "    7 | é: 🙂 x\n      |      ^"),
      ("e\u{301}: x", 4, "    7 | e\u{301}: x\n      |    ^"),
      ("abc", 1, "    7 | abc\n      | ^"), ("abc", 4, "    7 | abc\n      |    ^"),
      ("abc", 90, "    7 | abc\n      |    ^"), ("", 1, "    7 | \n      | ^"),
      ("abc", 0, "    7 | abc\n      | ^"),
    ])
  func caret(line: String, column: Int, excerpt: String) {
    let diagnostic = Diagnostic.warning("a.b", "what", at: Self.at(7, column))
    #expect(
      Self.rendered(diagnostic, [7: line])
        == "study.yaml:7:\(column): warning[a.b]: what\n\(excerpt)")
  }

  @Test(
    "line numbers of any length keep the gutter straight",
    arguments: [
      (1, "    1 | x\n      | ^"), (12345, "12345 | x\n      | ^"),
      (1_234_567, "1234567 | x\n        | ^"),
    ])
  func gutter(number: Int, excerpt: String) {
    let text = Self.rendered(.error("a.b", "what", at: Self.at(number, 1)), [number: "x"])
    #expect(text == "study.yaml:\(number):1: error[a.b]: what\n\(excerpt)")
  }

  @Test("a line that is not there leaves the headline and the hint")
  func missingLine() {
    let diagnostic = Diagnostic.error("a.b", "what", at: Self.at(3, 1), hint: "do this")
    #expect(
      Self.rendered(diagnostic) == "study.yaml:3:1: error[a.b]: what\n  hint: do this")
    #expect(Self.rendered(.error("a.b", "what", at: nil)) == "error[a.b]: what")
  }

  @Test("findings come in source order, once each, those without a place last")
  func order() {
    let late = Diagnostic.error("a.late", "1", at: Self.at(9, 1))
    let early = Diagnostic.error("a.early", "2", at: Self.at(2, 7))
    let same = Diagnostic.warning("a.same", "3", at: Self.at(2, 7))
    let nowhere = Diagnostic.error("a.nowhere", "4", at: nil)
    let ordered = [nowhere, late, early, same, late, nowhere].inSourceOrder
    #expect(ordered == [early, same, late, nowhere])
  }

  @Test("a located value is compared without its place")
  func located() {
    let here = Located(3, at: Self.at(1, 1))
    #expect(here == Located(3, at: Self.at(8, 8)))
    #expect(here != Located(4, at: Self.at(1, 1)))
    #expect(Set([here, Located(3)]).count == 1)
    #expect(here.map { "\($0)" }.location == Self.at(1, 1))
    #expect(Located("abc").count == 3)
  }
}
