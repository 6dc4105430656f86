import Core
import Foundation
import Storage
import Synchronization
import Testing

@testable import Execution

@Suite("Hashing sources")
struct SourceHashingTests {
  private let directory = Path(
    FileManager.default.temporaryDirectory.appending(path: "microtome-hashing-\(UUID().uuidString)")
      .path)
  private let files = LocalFileSystem()

  private func hashing(
    now: Int64, _ progress: @escaping @Sendable (Int64, Int64) -> Void = { _, _ in }
  ) throws -> SourceHashing {
    let store = try Store(at: directory / "store", files: files)
    return SourceHashing(
      files: files, index: try StoreIndex(in: store, files: files), now: now, progress: progress)
  }

  /// Files of all sizes from nothing to several pieces of what is read at once.
  private func write(_ count: Int) throws -> [SourceHashing.File] {
    try files.createDirectory(directory / "data")
    return try (0..<count).map { i in
      let path = directory / "data/\(i)"
      let size = i % 7 == 3 ? 600_000 + i : i
      try Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* i) }).write(
        to: URL(filePath: path.text))
      return (path, try files.status(of: path)!)
    }
  }

  private func later(than found: [SourceHashing.File]) -> Int64 {
    found.map(\.status.changed).max()! + 100_000_000_000
  }

  @Test("every file gets its own digest, whichever core took it")
  func digests() throws {
    let found = try write(1500)
    let sums = Mutex<[Int64]>([])
    let hashing = try hashing(now: later(than: found)) { done, total in
      sums.withLock { $0 += [done, total] }
    }
    let digests = try hashing.digests(of: found)
    for (file, digest) in zip(found, digests) {
      #expect(try digest == files.digest(of: file.path))
    }
    let total = found.reduce(0) { $0 + $1.status.size }
    #expect(sums.withLock { $0.max() } == total)
    #expect(sums.withLock { $0.count } <= 2 * 101, "and not for each of ten thousand files")
    try files.remove(directory)
  }

  @Test("what is unchanged is not read again, and what had just changed is")
  func statCache() throws {
    let found = try write(20)
    let count = Atomic<Int>(0)
    let settled = try hashing(now: later(than: found)) { _, _ in
      count.add(1, ordering: .relaxed)
    }
    let first = try settled.digests(of: found)
    #expect(count.exchange(0, ordering: .relaxed) > 0)
    #expect(try settled.digests(of: found) == first)
    #expect(count.exchange(0, ordering: .relaxed) == 0)

    try Data("other".utf8).write(to: URL(filePath: found[3].path.text))
    var changed = found
    changed[3].status = try files.status(of: found[3].path)!
    let racy = try hashing(now: changed[3].status.changed + 1) { _, _ in
      count.add(1, ordering: .relaxed)
    }
    for _ in 0..<2 {
      let digests = try racy.digests(of: changed)
      #expect(digests[3] == SHA256.digest(of: Array("other".utf8)))
      #expect(count.exchange(0, ordering: .relaxed) > 0, "its look says nothing yet")
    }
    try files.remove(directory)
  }

  @Test("of several files that cannot be read, the first is named")
  func unreadable() throws {
    var found = try write(30)
    for i in [25, 4, 11] { found[i].path = directory / "data/gone\(i)" }
    let hashing = try hashing(now: later(than: found))
    let error = #expect(throws: FileError.self) { try hashing.digests(of: found) }
    #expect(error?.path.name == "gone4")
    try files.remove(directory)
  }
}
