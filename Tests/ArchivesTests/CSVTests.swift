import Archives
import Testing

@Suite("CSV")
struct CSVTests {
  static func table(_ text: String, trimming: Bool = false) throws -> CSVTable {
    try CSVTable(decoding: Array(text.utf8), trimming: trimming)
  }

  @Test(
    "records are cut where RFC 4180 says",
    arguments: [
      ("a,b\n1,2\n", [["1", "2"]]), ("a,b\r\n1,2\r\n3,4", [["1", "2"], ["3", "4"]]),
      ("a,b\r1,2\r", [["1", "2"]]), ("\u{FEFF}a,b\n1,2", [["1", "2"]]), ("a,b\n", []), ("a,b", []),
      ("a,b\n\"1,\"\"x\"\"\",\"2\r\n3\"\n", [["1,\"x\"", "2\r\n3"]]), ("a,b\n,\n", [["", ""]]),
      ("a,b\n\"\",\n", [["", ""]]), ("a,b\n\n1,2\n\n\n3,4\n\n", [["1", "2"], ["3", "4"]]),
      ("a,b\n 1 ,\t2\n", [[" 1 ", "\t2"]]), ("a,b\né,🙂\n", [["é", "🙂"]]),
    ] as [(String, [[String]])])
  func records(text: String, rows: [[String]]) throws {
    let table = try Self.table(text)
    #expect(table.columns == ["a", "b"])
    #expect(table.rows.map(\.fields) == rows)
  }

  @Test("blanks around names and values are dropped on request, but not inside quotes")
  func trimming() throws {
    let table = try Self.table("name, grade (GlaS) \nx ,\" in \" \n", trimming: true)
    #expect(table.columns == ["name", "grade (GlaS)"])
    #expect(table.rows.map(\.fields) == [["x", " in "]])
  }

  @Test("the grades of GlaS are found by the column's name")
  func glas() throws {
    let table = try Self.table(
      "name,patient ID, grade (GlaS), grade (Sirinukunwattana et al. 2015)\r\n"
        + "testA_1,4, benign, adenomatous\r\ntestA_3,4, malignant, moderately differentiated\r\n",
      trimming: true)
    #expect(try table.texts(of: "grade (GlaS)") == ["benign", "malignant"])
    #expect(try table.values(of: "patient ID", as: Int.self) == [4, 4])
    #expect(
      table.rows[1]["grade (Sirinukunwattana et al. 2015)"] == "moderately differentiated")
    #expect(table.rows[1].line == 3)
    #expect(table.rows[0]["grade"] == nil)
  }

  @Test(
    "a bad table is refused where it is bad",
    arguments: [
      ("", .csvHeader, 1), ("\n\n", .csvHeader, 1), ("a,a\n", .csvHeader, 1),
      ("a,b\n1\n", .csvWidth, 2), ("a,b\n1,2\n1,2,3\n", .csvWidth, 3),
      ("a,b\n\"1\n\n\",2\n3\n", .csvWidth, 5), ("a,b\n1,\"2\n3,4\n", .csvQuote, 2),
      ("a,b\n1,\"2\"x\n", .csvQuote, 2), ("a,b\n1,2\"\n", .csvQuote, 2),
    ] as [(String, ArchiveError.Code, Int)])
  func bad(text: String, code: ArchiveError.Code, line: Int) throws {
    let error = try #require(archiveError { try Self.table(text) })
    #expect(error.code == code)
    #expect(error.place == .line(line))
  }

  @Test("text that is not UTF-8 is refused where it stands")
  func encoding() throws {
    let bytes = Array("a\nx\n".utf8) + [0xe9, 0x0a]
    let error = try #require(archiveError { try CSVTable(decoding: bytes) })
    #expect(error.code == .csvEncoding)
    #expect(error.place == .line(3))
  }

  @Test("a field of another type is an error that does not show it")
  func typed() throws {
    let table = try Self.table("id,score\na,0.5\nb,secret\n")
    #expect(try table.rows[0].value(of: "score", as: Double.self) == 0.5)
    let value = try #require(archiveError { try table.values(of: "score", as: Double.self) })
    #expect(
      value.description == "table, line 3: the field of `score` is not a number [csv.value]")
    let column = try #require(archiveError { try table.texts(of: "scores") })
    #expect(
      column.description
        == "table: there is no column `scores` [csv.column]; the columns are `id`, `score`")
  }

  @Test("what is written has one spelling and reads back")
  func writer() throws {
    var writer = CSVWriter(columns: ["plain", "a \"b\""])
    let rows = [["x", "1,2"], ["", "line\nfeed"], [" blank", "tab\t"], ["\r", "é"]]
    for row in rows { writer.append(row) }
    #expect(
      String(decoding: writer.bytes, as: UTF8.self)
        == "plain,\"a \"\"b\"\"\"\nx,\"1,2\"\n,\"line\nfeed\"\n\" blank\",\"tab\t\"\n\"\r\",é\n")
    for trimming in [false, true] {
      #expect(try CSVTable(decoding: writer.bytes, trimming: trimming).rows.map(\.fields) == rows)
    }
    var single = CSVWriter(columns: ["one"])
    single.append([""])
    #expect(try CSVTable(decoding: single.bytes).rows.map(\.fields) == [[""]])
  }
}
