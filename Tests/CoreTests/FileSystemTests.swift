import Core
import Foundation
import Testing

/// One suite for every file system: what holds on the disk holds in memory.
@Suite("File systems")
struct FileSystemTests {
  enum Kind: CaseIterable { case local, memory }

  /// Runs a body in a fresh directory of a file system.
  static func with(_ kind: Kind, _ body: (any FileSystem, Path) throws -> Void) throws {
    switch kind {
    case .memory:
      let files = MemoryFileSystem()
      try files.createDirectory("/work")
      try body(files, "/work")
    case .local:
      let root = Path(
        FileManager.default.temporaryDirectory.appending(path: "core-tests-\(UUID())").path)
      let files = LocalFileSystem()
      try files.createDirectory(root)
      defer { try? files.remove(root) }
      try body(files, root)
    }
  }

  @Test("what is written is read, and replaced at once", arguments: Kind.allCases)
  func writing(kind: Kind) throws {
    try Self.with(kind) { files, root in
      let path = root / "a.bin"
      for content in [[1, 2, 3], [], [UInt8](repeating: 7, count: 700_000)] as [[UInt8]] {
        try files.write(content, to: path)
        #expect(try files.read(path) == content)
        #expect(try files.status(of: path)?.size == Int64(content.count))
        #expect(try files.digest(of: path) == SHA256.digest(of: content))
        var chunks: [UInt8] = []
        try files.forEachChunk(of: path) { chunks += $0 }
        #expect(chunks == content)
      }
      #expect(try files.list(root) == ["a.bin"])
    }
  }

  @Test("a read-only file is replaced like any other", arguments: Kind.allCases)
  func readOnly(kind: Kind) throws {
    try Self.with(kind) { files, root in
      try files.write([1], to: root / "a", readOnly: true)
      try files.write([2], to: root / "a", readOnly: true)
      #expect(try files.read(root / "a") == [2])
    }
  }

  @Test("a change shows in the status", arguments: Kind.allCases)
  func status(kind: Kind) throws {
    try Self.with(kind) { files, root in
      #expect(try files.status(of: root)?.kind == .directory)
      #expect(try files.status(of: root / "a") == nil)
      #expect(try files.exists(root / "a") == false)
      try files.write([1], to: root / "a")
      let first = try #require(try files.status(of: root / "a"))
      try files.write([1, 2], to: root / "a")
      let second = try #require(try files.status(of: root / "a"))
      #expect(first.kind == .file)
      #expect(first != second)
      #expect(second.modified >= first.modified)
      #expect(try files.status(of: root / "a/b") == nil)
    }
  }

  @Test("names are listed by their bytes, one level deep", arguments: Kind.allCases)
  func listing(kind: Kind) throws {
    try Self.with(kind) { files, root in
      try files.createDirectory(root / "d/e/f")
      for name in ["b", "a", "Z", "é", "d/x", "d/e/y", ".hidden"] {
        try files.write([], to: root / name)
      }
      #expect(try files.list(root) == [".hidden", "Z", "a", "b", "d", "é"])
      #expect(try files.list(root / "d") == ["e", "x"])
      #expect(try files.list(root / "d/e/f") == [])
      #expect(try files.list(root / "d/../d/./e/") == ["f", "y"])
    }
  }

  @Test(
    "directories are made with those above them, and again without harm", arguments: Kind.allCases)
  func directories(kind: Kind) throws {
    try Self.with(kind) { files, root in
      try files.createDirectory(root / "a/b/c")
      try files.createDirectory(root / "a/b/c")
      #expect(try files.status(of: root / "a/b")?.kind == .directory)
      #expect(try files.list(root / "a/b") == ["c"])
    }
  }

  @Test("removing takes all that is below, and nothing that is not there", arguments: Kind.allCases)
  func removing(kind: Kind) throws {
    try Self.with(kind) { files, root in
      try files.createDirectory(root / "a/b")
      try files.write([1], to: root / "a/b/c")
      try files.write([1], to: root / "ab")
      try files.remove(root / "a")
      try files.remove(root / "a")
      try files.remove(root / "ab/below-a-file")
      #expect(try files.list(root) == ["ab"])
      try files.remove(root / "ab")
      #expect(try files.list(root) == [])
    }
  }

  @Test("a move replaces what is there", arguments: Kind.allCases)
  func moving(kind: Kind) throws {
    try Self.with(kind) { files, root in
      try files.createDirectory(root / "d")
      try files.write([1], to: root / "a")
      try files.write([2], to: root / "d/b")
      try files.rename(root / "a", to: root / "d/b")
      #expect(try files.read(root / "d/b") == [1])
      #expect(try files.list(root) == ["d"])
      try files.rename(root / "d/b", to: root / "d/b")
      #expect(try files.read(root / "d/b") == [1])
    }
  }

  @Test("what cannot be done is an error that changes nothing", arguments: Kind.allCases)
  func failures(kind: Kind) throws {
    try Self.with(kind) { files, root in
      try files.createDirectory(root / "d")
      try files.write([1], to: root / "f")
      let impossible: [(String, () throws -> Void)] = [
        ("read what is absent", { _ = try files.read(root / "x") }),
        ("read a directory", { _ = try files.read(root / "d") }),
        ("read below a file", { _ = try files.read(root / "f/x") }),
        ("list what is absent", { _ = try files.list(root / "x") }),
        ("list a file", { _ = try files.list(root / "f") }),
        ("write where no directory is", { try files.write([], to: root / "x/y") }),
        ("write below a file", { try files.write([], to: root / "f/x") }),
        ("write over a directory", { try files.write([], to: root / "d") }),
        ("make a directory over a file", { try files.createDirectory(root / "f") }),
        ("make a directory below a file", { try files.createDirectory(root / "f/x/y") }),
        ("move what is absent", { try files.rename(root / "x", to: root / "y") }),
        ("move to where no directory is", { try files.rename(root / "f", to: root / "x/y") }),
        ("move over a directory", { try files.rename(root / "f", to: root / "d") }),
      ]
      for (name, attempt) in impossible {
        let error = #expect(throws: FileError.self, "\(name)") { try attempt() }
        #expect(error?.description.isEmpty == false)
        #expect(try files.list(root) == ["d", "f"], "after: \(name)")
        #expect(try files.read(root / "f") == [1], "after: \(name)")
      }
    }
  }

  @Test("an error names what was tried, on what, and why", arguments: Kind.allCases)
  func message(kind: Kind) throws {
    try Self.with(kind) { files, root in
      let error = #expect(throws: FileError.self) { try files.read(root / "x") }
      #expect(error?.number == 2)
      #expect(error?.description == "cannot read \(root)/x: No such file or directory")
    }
  }

  @Test("of many writers of one file one wins whole", arguments: Kind.allCases)
  func writers(kind: Kind) throws {
    try Self.with(kind) { (files, root) throws in
      let path = root / "shared"
      DispatchQueue.concurrentPerform(iterations: 64) { writer in
        let content = [UInt8](repeating: UInt8(writer), count: 20_000 + writer)
        #expect(throws: Never.self) { try files.write(content, to: path) }
        let seen = (try? files.read(path)) ?? []
        #expect(Set(seen).count == 1)
        #expect(seen.count == 20_000 + Int(seen.first ?? 0))
      }
      #expect(try files.list(root) == ["shared"])
    }
  }
}
