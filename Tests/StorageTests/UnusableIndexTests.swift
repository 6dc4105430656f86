import Core
import Foundation
import GRDB
import Testing

@testable import Storage

/// SQLite does its own input and output, so that these faults are made with its own means.
/// `ReadOnlyStoreTests` has an index that may only be read, which takes another user than root.
@Suite("An index that cannot be used")
struct UnusableIndexTests {
  private let files = LocalFileSystem()
  private let root = Path("/tmp/microtome-index-\(UInt64.random(in: 0 ... .max))")

  private func keys(_ count: Int) -> [(step: String, key: Digest)] {
    (0..<count).map { ("step \($0)", SHA256.digest(of: Array("\($0)".utf8))) }
  }

  @Test("no space is an error with the path and the words, and what was there stays")
  func full() throws {
    defer { try? files.remove(root) }
    let index = try StoreIndex(in: Store(at: root, files: files), files: files)
    try index.remember(keys: keys(3), in: "scope")
    try index.database.writeWithoutTransaction { database in
      let pages = try Int.fetchOne(database, sql: "PRAGMA page_count")!
      try database.execute(sql: "PRAGMA max_page_count = \(pages)")
    }
    let error = #expect(throws: StoreError.self) {
      try index.remember(keys: keys(5000), in: "scope")
    }
    #expect(error?.message.contains(index.path.text) == true)
    #expect(error?.message.contains("full") == true)
    #expect(try index.lastKeys(in: "scope").count == 3)
  }

  @Test("another writer that does not end is an error with the path; reading goes on")
  func locked() throws {
    defer { try? files.remove(root) }
    let store = try Store(at: root, files: files)
    let index = try StoreIndex(in: store, files: files, patience: 0.1)
    try index.remember(keys: keys(3), in: "scope")
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: index.path.text, configuration: configuration)
    try other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    let error = #expect(throws: StoreError.self) {
      try index.remember(keys: keys(5), in: "scope")
    }
    #expect(error?.message.contains(index.path.text) == true)
    #expect(error?.message.contains("locked") == true)
    let second = try StoreIndex(in: store, files: files, patience: 0.1)
    #expect(try second.lastKeys(in: "scope").count == 3)
    try other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    try index.remember(keys: keys(5), in: "scope")
    #expect(try second.lastKeys(in: "scope").count == 5)
  }

  /// One of 20,000 flipped bits did this; the run then ended with exit 3.
  @Test("one whose tables go by another version is damaged, and a new one grows")
  func version() throws {
    defer { try? files.remove(root) }
    let store = try Store(at: root, files: files)
    for row in 1...2 {
      do {
        let index = try StoreIndex(in: store, files: files)
        try index.database.write {
          try $0.execute(
            sql: "UPDATE grdb_migrations SET identifier = 'other' WHERE rowid = ?",
            arguments: [row])
        }
      }
      let index = try StoreIndex(in: store, files: files)
      #expect(index.origin == .replaced)
      try index.remember(keys: keys(3), in: "scope")
    }
  }

  @Test("a directory in its place is an error with the path")
  func directory() throws {
    defer { try? files.remove(root) }
    let store = try Store(at: root, files: files)
    try files.createDirectory(StoreIndex.path(in: store))
    let error = #expect(throws: StoreError.self) { try StoreIndex(in: store, files: files) }
    #expect(error?.message.contains("index.sqlite") == true)
  }
}
