import Core
import Testing

@testable import Storage

@Suite("Store")
struct StoreTests {
  let files = MemoryFileSystem()

  func store() throws -> Store { try Store(at: "/project/.microtome", files: files) }

  static func record(_ key: Digest, outputs: [NamedObject]) -> ActionRecord {
    ActionRecord(
      key: key, kind: "measure", version: 1, outputs: outputs, step: "s", seconds: 1.5,
      cpuSeconds: 1, peakBytes: 10, threads: 1, numerics: "n", finished: "2023-01-01T00:00:00Z",
      warnings: [])
  }

  @Test("an object comes back by the digest of its bytes")
  func roundTrip() throws {
    let store = try store()
    let digest = try store.write(Array("abc".utf8))
    // The published test vector of FIPS 180-4.
    #expect(
      digest.hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(try store.read(digest) == Array("abc".utf8))
    #expect(try store.size(of: digest) == 3)
  }

  @Test("the store ignores itself in git")
  func gitignore() throws {
    _ = try store()
    #expect(try files.read("/project/.microtome/.gitignore") == Array("*\n".utf8))
  }

  @Test("a damaged object is refused, moved away, and can be written again")
  func damage() throws {
    let digest = try store().write([1, 2, 3])
    // Another process would not have the digest in its set of checked objects.
    let fresh = try store()
    try files.write([1, 2, 4], to: fresh.path(of: digest))
    #expect(throws: StoreError.self) { try fresh.read(digest) }
    #expect(try fresh.size(of: digest) == nil)
    try fresh.write([1, 2, 3])
    #expect(try fresh.read(digest) == [1, 2, 3])
  }

  @Test("an object that was cut short is written again")
  func truncation() throws {
    let store = try store()
    let digest = try store.write([1, 2, 3])
    try files.write([1], to: store.path(of: digest))
    try store.write([1, 2, 3])
    #expect(try files.read(store.path(of: digest)) == [1, 2, 3])
  }

  @Test("a missing object says which one")
  func missing() throws {
    let digest = SHA256.digest(of: [9])
    let error = try #require(throws: StoreError.self) { try store().read(digest) }
    #expect(error.code == .missing(digest))
  }

  @Test("a record comes back by its key; one that cannot be read says nothing")
  func records() throws {
    let store = try store()
    let key = SHA256.digest(of: [1])
    #expect(try store.record(for: key) == nil)
    let output = NamedObject(name: "o", digest: try store.write([5]), bytes: 1)
    let record = Self.record(key, outputs: [output])
    try store.publish(record)
    #expect(try store.record(for: key) == record)
    #expect(try store.holdsOutputs(of: record))
    let hex = key.hex
    try files.write(
      Array("{".utf8),
      to: "/project/.microtome/actions" / "\(hex.prefix(2))/\(hex.dropFirst(2)).json")
    #expect(try store.record(for: key) == nil)
  }

  @Test("a record whose output is gone or of another size does not hold", arguments: [true, false])
  func outputs(isGone: Bool) throws {
    let store = try store()
    let digest = try store.write([5, 6])
    let record = Self.record(
      SHA256.digest(of: [1]), outputs: [.init(name: "o", digest: digest, bytes: 2)])
    if isGone {
      try files.remove(store.path(of: digest))
    } else {
      try files.write([5], to: store.path(of: digest))
    }
    #expect(try !store.holdsOutputs(of: record))
  }
}

@Suite("Tree")
struct TreeTests {
  @Test("a tree reads back, in order of name")
  func roundTrip() throws {
    let entries = ["b", "a"].map {
      NamedObject(name: $0, digest: SHA256.digest(of: Array($0.utf8)), bytes: 1)
    }
    let tree = Tree(entries)
    #expect(tree.entries.map(\.name) == ["a", "b"])
    #expect(try Tree(decoding: tree.encoded) == tree)
  }

  /// The bytes are the identity of every dataset: the quick way must write what JSON writes.
  @Test(
    "a line of a tree is the JSON of its entry",
    arguments: [
      "a.png", "images/a b.png", "", "quo\"te", "back\\slash", "tab\t", "\u{7f}", "é", "e\u{301}",
      "日本", "\u{1F52C}", "new\nline", "nul\0", "</script>", "~ !#$%&'()*+,-./:;<=>?@[]^_`{|}",
    ])
  func lines(name: String) {
    let entry = NamedObject(
      name: name, digest: SHA256.digest(of: Array(name.utf8)), bytes: Int64.max)
    #expect(entry.line == JSON.encode(entry) + Array("\n".utf8))
  }

  @Test("other bytes are no tree")
  func refusal() {
    #expect(throws: StoreError.self) { try Tree(decoding: Array("{}".utf8)) }
  }

  @Test(
    "a tree with a name that leads out of it is refused",
    arguments: ["../a", "a/../../b", "/etc/a", "a//b", "", ".", "a/.", "a\u{0}b"])
  func climbing(name: String) {
    let entry = NamedObject(name: name, digest: SHA256.digest(of: []), bytes: 0)
    #expect(throws: StoreError.self) { try Tree(decoding: Tree([entry]).encoded) }
  }
}

@Suite("Index")
struct StoreIndexTests {
  /// SQLite needs a real file.
  @Test("a damaged index is moved away and a new one grows; keys and costs survive a reopening")
  func damage() throws {
    let files = LocalFileSystem()
    let root = Path("/tmp/microtome-index-\(UInt64.random(in: 0 ... .max))")
    defer { try? files.remove(root) }
    let store = try Store(at: root, files: files)
    let key = SHA256.digest(of: [1])
    do {
      let index = try StoreIndex(in: store, files: files)
      try index.remember(keys: [("step", key)], in: "scope")
      try index.remember(costsOf: [(StoreTests.record(key, outputs: []), SHA256.digest(of: [1]))])
    }
    do {
      let index = try StoreIndex(in: store, files: files)
      #expect(try index.lastKeys(in: "scope") == ["step": key])
      #expect(try index.lastKeys(in: "other").isEmpty)
      #expect(try index.costs().kinds["measure"]?.coreSeconds == 1.5)
      #expect(try index.costs().alike[SHA256.digest(of: [1])]?.count == 1)
    }
    try files.write(
      Array("this is no database, and long enough to be read".utf8), to: root / "index.sqlite")
    let index = try StoreIndex(in: store, files: files)
    #expect(try index.lastKeys(in: "scope").isEmpty)
    #expect(try files.exists(root / "index.sqlite.damaged"))
  }

  @Test("a file's digest is known as long as nothing of its stat differs")
  func statCache() throws {
    let files = LocalFileSystem()
    let root = Path("/tmp/microtome-index-\(UInt64.random(in: 0 ... .max))")
    defer { try? files.remove(root) }
    let index = try StoreIndex(in: Store(at: root, files: files), files: files)
    let status = FileStatus(kind: .file, size: 3, modified: 10, changed: 11, inode: 12, device: 13)
    let digest = SHA256.digest(of: [7])
    try index.remember([("/a", status, digest)])
    #expect(try index.digests(of: [("/a", status)]) == [digest])
    var other = status
    other.changed += 1  // someone put the size and the modification time back
    #expect(try index.digests(of: [("/a", other), ("/b", status)]) == [nil, nil])
  }
}
