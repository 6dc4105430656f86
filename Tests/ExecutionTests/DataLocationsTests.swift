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
  func precedence(arguments: [String: Path], file: String?, expected: String) {
    let locations = DataLocations(arguments: arguments, file: file, root: "/project")
    #expect(locations.root(of: dataset)?.text == expected)
  }
}
