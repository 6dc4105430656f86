import Core
import Testing

@Suite("Paths")
struct PathTests {
  @Test(
    "normalisation is textual",
    arguments: [
      ("", "."), (".", "."), ("./", "."), ("/", "/"), ("//", "/"), ("/.", "/"), ("/..", "/"),
      ("/../a", "/a"), ("a", "a"), ("a/", "a"), ("a//b", "a/b"), ("./a/./b/.", "a/b"),
      ("a/..", "."), ("a/../b", "b"), ("..", ".."), ("../a", "../a"), ("a/../..", ".."),
      ("../../a/../b", "../../b"), ("/a/b/../../c", "/c"), ("a/b/../../../c", "../c"),
      ("...", "..."), ("a/.../b", "a/.../b"), ("/a/.b/", "/a/.b"),
    ])
  func normalisation(text: String, normalized: Path) {
    #expect(Path(text).normalized == normalized)
    #expect(normalized.normalized == normalized)
  }

  @Test(
    "a path has a parent, a name, a stem and a suffix",
    arguments: [
      ("/a/b.PNG", "/a", "b.PNG", "b", "png"), ("a", ".", "a", "a", ""), ("/a", "/", "a", "a", ""),
      ("/", "/", "/", "/", ""), ("a/b/", "a", "b", "b", ""),
      ("x/a.tar.gz", "x", "a.tar.gz", "a.tar", "gz"),
      (".hidden", ".", ".hidden", ".hidden", ""), ("d/.a.b", "d", ".a.b", ".a", "b"),
      ("a.", ".", "a.", "a", ""), ("a.b/c", "a.b", "c", "c", ""),
    ])
  func parts(path: Path, parent: Path, name: String, stem: String, suffix: String) {
    #expect(path.parent == parent)
    #expect(path.name == name)
    #expect(path.stem == stem)
    #expect(path.suffix == suffix)
  }

  @Test(
    "joining keeps an absolute right side",
    arguments: [
      ("a", "b", "a/b"), ("a/", "b", "a/b"), ("/", "b", "/b"), ("a", "b/c", "a/b/c"),
      ("a", "/b", "/b"), (".", "b", "./b"), ("", "b", "b"),
    ])
  func joining(base: Path, component: String, joined: Path) {
    #expect(base / component == joined)
  }

  @Test("paths are ordered by their bytes")
  func order() {
    let paths: [Path] = ["b", "a/b", "a", "a-b", "Z", "é"]
    #expect(paths.sorted() == ["Z", "a", "a-b", "a/b", "b", "é"])
  }
}
