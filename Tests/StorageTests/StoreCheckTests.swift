import Core
import Storage
import Testing

@Suite("Checking a store")
struct StoreCheckTests {
  private let files = LocalFileSystem()

  /// SQLite needs a real file.
  private func inStore(_ body: (Store, StoreIndex) throws -> Void) throws {
    let root = Path("/tmp/microtome-check-\(UInt64.random(in: 0 ... .max))")
    defer { try? files.remove(root) }
    let store = try Store(at: root, files: files)
    try body(store, try StoreIndex(in: store, files: files))
  }

  @Test("every bit of a record counts")
  func seal() throws {
    let memory = MemoryFileSystem()
    let store = try Store(at: "/store", files: memory)
    let key = SHA256.digest(of: [1])
    try store.publish(StoreTests.record(key, outputs: [.init(name: "o", digest: key, bytes: 2)]))
    let path = Path("/store/actions") / "\(key.hex.prefix(2))/\(key.hex.dropFirst(2)).json"
    let bytes = try memory.read(path)
    for bit in 0..<bytes.count * 8 {
      var flipped = bytes
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      try memory.write(flipped, to: path)
      #expect(try store.record(for: key) == nil, "bit \(bit)")
    }
    for count in 0..<bytes.count {
      try memory.write(Array(bytes.prefix(count)), to: path)
      #expect(try store.record(for: key) == nil)
    }
  }

  @Test("a record of before there were seals is read")
  func unsealed() throws {
    let memory = MemoryFileSystem()
    let store = try Store(at: "/store", files: memory)
    let record = StoreTests.record(SHA256.digest(of: [1]), outputs: [])
    try store.publish(record)
    let hex = record.key.hex
    try memory.write(
      JSON.encode(record), to: "/store/actions" / "\(hex.prefix(2))/\(hex.dropFirst(2)).json")
    #expect(try store.record(for: record.key) == record)
  }

  @Test("whoever writes the bytes of a damaged object repairs it")
  func repair() throws {
    try inStore { store, _ in
      let digest = try store.write([1, 2, 3])
      try files.remove(store.path(of: digest))
      try files.write([1, 2, 4], to: store.path(of: digest))
      try store.write([1, 2, 3])
      #expect(try files.read(store.path(of: digest)) == [1, 2, 3])
    }
  }

  @Test("a source file whose bytes changed under the same stat is named")
  func source() throws {
    try inStore { store, index in
      let path = store.root / "tmp/image.png"
      try files.write([1, 2, 3], to: path)
      let status = try #require(try files.status(of: path))
      try index.remember([(path, status, SHA256.digest(of: [1, 2, 4]))])
      let outcome = try StoreCheck(of: store, index: index).run()
      #expect(outcome.sources == 1)
      #expect(outcome.findings.map(\.subject) == [.source])
      #expect(outcome.findings.map(\.path) == [path])
    }
  }

  @Test("a key that the index or a lock file knows has to have its record")
  func missingRecord() throws {
    try inStore { store, index in
      let (indexed, locked) = (SHA256.digest(of: [1]), SHA256.digest(of: [2]))
      try index.remember(keys: [("a/train", indexed)], in: "results/a")
      let outcome = try StoreCheck(of: store, index: index, steps: [locked: "b/train"]).run()
      #expect(outcome.findings.allSatisfy { ($0.subject, $0.problem) == (.record, .missing) })
      #expect(Set(outcome.findings.map(\.maker)) == ["a/train", "b/train"])
    }
  }
}
