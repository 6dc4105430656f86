import Core
import Execution
import ManifestModel
import Testing

@Suite("Data locations")
struct DataLocationsTests {
  let dataset = Dataset(
    name: Located("glas"), format: Located(.glas), root: Located("/manifest/glas"))

  @Test(
    "the command line wins over the file, the file over the manifest",
    arguments: [
      (["glas": Path("/argument")], "glas: elsewhere\n", "/argument"),
      ([:], "glas: elsewhere\n", "/project/elsewhere"),
      ([:], "# glas: elsewhere\nother: x\n", "/manifest/glas"),
      ([:], "glas: \"/with space/glas\"\r\n", "/with space/glas"),
      ([:], nil, "/manifest/glas"),
    ] as [([String: Path], String?, String)])
  func precedence(arguments: [String: Path], file: String?, expected: String) throws {
    let locations = try DataLocations(arguments: arguments, file: file, root: "/project")
    #expect(locations.root(of: dataset)?.text == expected)
  }

  @Test(
    "comments, blanks, quotes and a byte order mark are read as YAML reads them",
    arguments: [
      "\u{FEFF}glas: elsewhere", "glas : elsewhere", "\tglas:\telsewhere  # here",
      "\"glas\": 'elsewhere'", "# first\n\nglas: elsewhere\n",
    ])
  func forms(file: String) throws {
    let locations = try DataLocations(arguments: [:], file: file, root: "/project")
    #expect(locations.root(of: dataset)?.text == "/project/elsewhere")
  }

  @Test(
    "a line that names no place is an error at its line",
    arguments: [("glas elsewhere", 1), ("# x\n- glas: y", 2), ("{glas: y}", 1), ("glas:", 1)])
  func malformed(file: String, line: Int) throws {
    let error = try #require(throws: MalformedDataFile.self) {
      try DataLocations(arguments: [:], file: file, root: "/project")
    }
    #expect(error.line == line)
  }
}
