import Core
import Foundation
import Testing

@testable import Execution

@Suite("A dataset's folder")
struct SourceFolderTests {
  let directory: URL
  let root: URL

  init() throws {
    directory = FileManager.default.temporaryDirectory
      .appending(path: "microtome-folder-\(UUID().uuidString)")
    root = directory.appending(path: "data")
    for folder in ["images", "masks"] {
      try FileManager.default.createDirectory(
        at: root.appending(path: folder), withIntermediateDirectories: true)
    }
    for file in ["data/images/a.png", "data/notes.txt", "secret.png"] {
      try Data(file.utf8).write(to: directory.appending(path: file))
    }
  }

  private func link(_ name: String, to target: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: root.appending(path: name).path, withDestinationPath: target)
  }

  private func names(table: String? = nil, labels: Set<String> = []) throws -> [String] {
    defer { try? FileManager.default.removeItem(at: directory) }
    return try SourceFolder(
      root: Path(root.path), table: table, labelSuffixes: labels, files: LocalFileSystem()
    ).list().files.map(\.name)
  }

  private func code() -> String? {
    do {
      _ = try names()
      return nil
    } catch { return (error as? SourceFolder.Problem)?.code.name }
  }

  @Test("images and the table are listed by their names, in order")
  func listing() throws {
    #expect(try names(table: "notes.txt") == ["images/a.png", "notes.txt"])
  }

  @Test("a format's own kind of labels is listed, and for no other format")
  func labels() throws {
    for name in ["masks/a.xml", "masks/a.mat"] {
      try Data(name.utf8).write(to: root.appending(path: name))
    }
    #expect(try names(labels: ["xml"]) == ["images/a.png", "masks/a.xml"])
  }

  @Test("a link to a file of the folder is a file of the folder")
  func innerLink() throws {
    try link("masks/a.png", to: "../images/a.png")
    #expect(try names() == ["images/a.png", "masks/a.png"])
  }

  @Test(
    "a link that leads elsewhere is refused",
    arguments: [
      ("masks/a.png", "../../secret.png", "data.link-outside"),
      ("masks/a.png", "/etc/passwd", "data.link-outside"),
      ("masks/more", "../../data/images", "data.directory-link"),
      ("masks/up", "..", "data.directory-link"),
      ("masks/root", "/", "data.directory-link"),
      ("masks/gone.png", "nowhere.png", "data.broken-link"),
      ("masks/round.png", "round.png", nil),
    ] as [(String, String, String?)])
  func outerLink(name: String, target: String, expected: String?) throws {
    try link(name, to: target)
    if let expected {
      #expect(code() == expected)
    } else {
      // A link to itself is the system's error, with its path.
      #expect(throws: FileError.self) { try names() }
    }
  }

  @Test("a link chain through a neighbour whose name starts alike is refused")
  func neighbour() throws {
    try FileManager.default.createDirectory(
      at: directory.appending(path: "data2"), withIntermediateDirectories: true)
    try Data().write(to: directory.appending(path: "data2/b.png"))
    try link("masks/b.png", to: "../../data2/b.png")
    #expect(code() == "data.link-outside")
  }

  @Test("the folder itself may be reached through a link")
  func linkedRoot() throws {
    let alias = directory.appending(path: "alias")
    try FileManager.default.createSymbolicLink(
      atPath: alias.path, withDestinationPath: root.path)
    try link("masks/a.png", to: "../images/a.png")
    let folder = SourceFolder(root: Path(alias.path), table: nil, files: LocalFileSystem())
    #expect(try folder.list().files.map(\.name) == ["images/a.png", "masks/a.png"])
    try FileManager.default.removeItem(at: directory)
  }

  @Test("two spellings of one name are refused rather than mixed up")
  func spellings() throws {
    for name in ["e\u{301}.png", "\u{E9}.png"] {
      try Data().write(to: root.appending(path: "images").appending(path: name))
    }
    #expect(code() == "data.same-name")
  }
}
