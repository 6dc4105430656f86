import Core
import Synchronization
import Testing

@testable import Storage

@Suite("Garbage")
struct GarbageTests {
  /// A file system in which removing fails after some time, as if the process was killed.
  private final class Mortal: FileSystem {
    let base: any FileSystem
    let left: Mutex<Int>

    init(_ base: any FileSystem, removals: Int) {
      self.base = base
      left = Mutex(removals)
    }

    func status(of path: Path) throws(FileError) -> FileStatus? { try base.status(of: path) }
    func read(_ path: Path) throws(FileError) -> [UInt8] { try base.read(path) }
    func forEachChunk(
      of path: Path, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(FileError) { try base.forEachChunk(of: path, body) }
    func list(_ directory: Path) throws(FileError) -> [String] { try base.list(directory) }
    func createDirectory(_ path: Path) throws(FileError) { try base.createDirectory(path) }
    func write(_ bytes: [UInt8], to path: Path, readOnly: Bool) throws(FileError) {
      try base.write(bytes, to: path, readOnly: readOnly)
    }
    func rename(_ path: Path, to target: Path) throws(FileError) {
      try base.rename(path, to: target)
    }
    func remove(_ path: Path) throws(FileError) {
      let isAlive = left.withLock { left in
        left -= 1
        return left >= 0
      }
      guard isAlive else {
        throw FileError(operation: "remove", path: path, number: 0, reason: "killed")
      }
      try base.remove(path)
    }
  }

  /// Two chains of two actions each; in each, the second reads what the first gave.
  private func fill(_ store: Store) throws -> [Digest] {
    var keys: [Digest] = []
    for chain in ["a", "b"] {
      var input: Digest?
      for link in 0..<2 {
        let action = CanonicalValue.list([
          "microtome.action.v1", "measure", 1, .map(["name": .text("\(chain)\(link)")]),
          .map(input.map { ["input": .digest($0)] } ?? [:]), .null,
        ])
        let key = try store.write(action.encoded)
        let output = try store.write(Array("\(chain)\(link) output".utf8))
        let part = try store.write(Array("\(chain)\(link) part".utf8))
        var record = StoreTests.record(
          key, outputs: [.init(name: "o", digest: output, bytes: 9)])
        record.parts = [.init(name: "p", digest: part, bytes: 7)]
        record.finished = "2023-0\(link + 1)-01T00:00:00Z"
        try store.publish(record)
        keys.append(key)
        input = output
      }
    }
    return keys
  }

  private func search(_ store: Store, locked: Set<Digest>, since: String) -> GarbageSearch {
    GarbageSearch(of: store, locked: locked, since: since, sinceNanoseconds: .max)
  }

  @Test("a lock or a recent record keeps the whole chain behind it; nothing else is kept")
  func reach() throws {
    let store = try Store(at: "/store", files: MemoryFileSystem())
    let keys = try fill(store)
    let byLock = try search(store, locked: [keys[1]], since: "2024").run()
    #expect(Set(byLock.records) == [keys[2], keys[3]])
    #expect(byLock.objects.count == 6 && byLock.keptObjects == 6)
    let recent = try search(store, locked: [], since: "2023-02-01T00:00:00Z").run()
    #expect(recent.records.isEmpty && recent.objects.isEmpty, "the inputs of recent records stay")
    let all = try search(store, locked: [], since: "2024").run()
    #expect(all.records.count == 4 && all.objects.count == 12 && all.keptObjects == 0)
  }

  @Test("what a study does not keep goes, unless a lock or a recent record wants it; records stay")
  func lean() throws {
    let store = try Store(at: "/store", files: MemoryFileSystem())
    let keys = try fill(store)
    func search(locked: Set<Digest>, since: String) -> GarbageSearch {
      GarbageSearch(
        of: store, locked: locked, lean: [keys[0]: ["o"], keys[1]: []], since: since,
        sinceNanoseconds: .max)
    }
    let lean = try search(locked: [keys[2], keys[3]], since: "2024").run()
    #expect(lean.records.isEmpty)
    #expect(lean.lean.map(\.key) == [keys[0]])
    #expect(Set(lean.objects) == Set(lean.lean[0].freed!))
    #expect(lean.objects.count == 2, "the output and its part; the action stays")
    let shared = try search(locked: Set(keys), since: "2024").run()
    #expect(shared.isEmpty && shared.lean.isEmpty, "another study wants it")
    let recent = try search(locked: [], since: "2023-02-01T00:00:00Z").run()
    #expect(recent.isEmpty, "a recent record reads it")

    for record in lean.lean { try store.publish(record) }
    for digest in lean.objects { try store.files.remove(store.path(of: digest)) }
    let record = try #require(try store.record(for: keys[0]))
    #expect(try store.holdsOutputs(of: record))
    #expect(record.kept.isEmpty && record.outputs.count == 1)
    #expect(
      try search(locked: [keys[2], keys[3]], since: "2024").run().isEmpty, "and once is enough")
  }

  @Test("killed at any removal, the store is valid, and the next try frees the rest")
  func killed() throws {
    let disk = LocalFileSystem()
    let root = Path("/tmp/microtome-garbage-\(UInt64.random(in: 0 ... .max))")
    defer { try? disk.remove(root) }
    // The index stands on the disk; SQLite knows no other. It is made here, and then opened.
    _ = try StoreIndex(in: Store(at: root, files: disk), files: disk)
    let index = try StoreIndex(in: Store(at: root, files: disk), files: disk)
    var removals = 0
    var isComplete = false
    while !isComplete {
      let memory = MemoryFileSystem()
      let store = try Store(at: root, files: Mortal(memory, removals: removals))
      let keys = try fill(store)
      try memory.createDirectory(store.logPath(of: keys[3]).parent)
      try memory.write([1], to: store.logPath(of: keys[3]))
      try index.remember(keys: keys.map { ("step \($0)", $0) }, in: "scope")
      func find() throws -> Garbage { try search(store, locked: [keys[1]], since: "2024").run() }
      do {
        #expect(try Garbage.free(in: store, index: index, find)?.objects.count == 6)
        isComplete = true
      } catch let error as FileError {
        #expect(error.reason == "killed")
      }
      let fresh = try Store(at: root, files: memory)
      #expect(try StoreCheck(of: fresh, index: index).run().findings == [], "after \(removals)")
      let rest = try GarbageSearch(
        of: fresh, locked: [keys[1]], since: "2024", sinceNanoseconds: .max
      ).run()
      #expect(rest.keptObjects == 6)
      #expect(!isComplete || rest.objects.isEmpty && rest.records.isEmpty)
      removals += 1
    }
    #expect(removals > 8)
  }

  @Test("while anyone else has the store open, nothing is freed")
  func busy() throws {
    let disk = LocalFileSystem()
    let root = Path("/tmp/microtome-garbage-\(UInt64.random(in: 0 ... .max))")
    defer { try? disk.remove(root) }
    let store = try Store(at: root, files: disk)
    let index = try StoreIndex(in: store, files: disk)
    do {
      let other = try Store(at: root, files: disk)
      #expect(try !store.closeToOthers())
      withExtendedLifetime(other) {}
    }
    let freed = try Garbage.free(in: store, index: index) {
      try search(store, locked: [], since: "2024").run()
    }
    #expect(freed != nil)
  }

  @Test("lock files are registered by their paths, once each")
  func registration() throws {
    let store = try Store(at: "/store", files: MemoryFileSystem())
    #expect(try store.registeredLocks() == [])
    for lock in ["/b/study.lock.json", "/a/study.lock.json", "/b/study.lock.json"] {
      try store.register(lock: Path(lock))
    }
    #expect(try store.registeredLocks() == ["/a/study.lock.json", "/b/study.lock.json"])
    #expect(try store.forget(lock: "/a/study.lock.json"))
    #expect(try !store.forget(lock: "/a/study.lock.json"))
    #expect(try store.registeredLocks() == ["/b/study.lock.json"])
  }
}
