import Core
import Foundation
import GRDB
import Testing

@testable import Storage

@Suite("Damage to the index")
struct DamagedIndexTests {
  private let files = LocalFileSystem()
  private let source = FileStatus(
    kind: .file, size: 3, modified: 10, changed: 11, inode: 12, device: 13)

  private func key(_ number: Int) -> Digest { SHA256.digest(of: Array("\(number)".utf8)) }

  /// Everything that the index says; `nil` if it cannot. Values without the names of their columns,
  /// whose capitals mean nothing: a flipped bit may make one.
  private func content(of index: StoreIndex) -> [String]? {
    try? index.database.read { database in
      try IndexTable.allCases.flatMap { table in
        try Row.fetchAll(database, sql: "SELECT * FROM \(table.rawValue) ORDER BY 1, 2")
          .map { "\(table) \(Array($0.databaseValues))" }
      }
    }
  }

  /// An action that lost its outputs runs again, and its run may be killed before the index is told.
  @Test("a cost of an earlier run of the same action is none; one of another kind is")
  func earlierCost() throws {
    let root = Path("/tmp/microtome-index-\(UInt64.random(in: 0 ... .max))")
    defer { try? files.remove(root) }
    let store = try Store(at: root, files: files)
    let record = StoreTests.record(key(1), outputs: [])
    var again = record
    (again.seconds, again.peakBytes, again.threads) = (2.5, 20, 2)
    var other = record
    other.kind = "compare"
    try StoreIndex(in: store, files: files).remember(costsOf: [(record, nil)])
    let index = try StoreIndex(in: store, files: files)
    #expect(index.findings(in: store, records: [again]).isEmpty)
    #expect(index.findings(in: store, records: [other]).map(\.problem) == [.differs])
  }

  /// 1,100 bits in the tests; `MICROTOME_FLIPS=20000` for as many as that, of 450,000.
  @Test("a flipped bit is found, or changes nothing that the index says; nothing traps or throws")
  func strikes() throws {
    let root = Path("/tmp/microtome-index-\(UInt64.random(in: 0 ... .max))")
    defer { try? files.remove(root) }
    let store = try Store(at: root, files: files)
    let records = (0..<20).map { StoreTests.record(key($0), outputs: []) }
    let original: [String]
    do {
      let index = try StoreIndex(in: store, files: files)
      try index.remember((0..<20).map { (path: Path("/\($0)"), status: source, digest: key($0)) })
      try index.remember(costsOf: records.map { ($0, key(7)) })
      try index.remember(keys: (0..<20).map { ("step \($0)", key($0)) }, in: "scope")
      original = try #require(content(of: index))
      #expect(original.count == 60)
    }
    let path = StoreIndex.path(in: store)
    let bytes = try files.read(path)
    var random = RandomStream(seed: 1, purpose: "index")
    let wanted = ProcessInfo.processInfo.environment["MICROTOME_FLIPS"].flatMap { Int($0) } ?? 300
    // Every bit of the header, then any.
    let flips = Array(0..<800) + (0..<wanted).map { _ in random.index(below: bytes.count * 8) }
    var found = 0
    for turn in 0..<(flips.count + 20) {
      var damaged = bytes
      if turn < flips.count {
        damaged[flips[turn] / 8] ^= 1 << UInt8(flips[turn] % 8)
      } else {
        damaged = Array(bytes.prefix(random.index(below: bytes.count)))
      }
      for suffix in ["-wal", "-shm"] { try files.remove(Path(path.text + suffix)) }
      try Data(damaged).write(to: URL(filePath: path.text))
      let index = try StoreIndex(in: store, files: files)
      let findings = index.findings(in: store, records: records)
      found += findings.isEmpty ? 0 : 1
      #expect(
        !findings.isEmpty || content(of: index) == original,
        "turn \(turn), bit \(turn < flips.count ? flips[turn] : 0)")
      _ = try index.digests(of: (0..<20).map { (path: Path("/\($0)"), status: source) })
      _ = try index.lastKeys(in: "scope")
      let costs = try index.costs().kinds.values
      #expect(costs.allSatisfy { $0.coreSeconds.isFinite && $0.coreSeconds >= 0 })
      _ = index.sources()
      #expect(turn < flips.count || !findings.isEmpty, "a cut is found")
      try index.remember(costsOf: [(records[0], nil)])
    }
    if wanted > 300 {
      print("\(flips.count) flips and 20 cuts: \(found) found, the others change nothing it says")
    }
    #expect(found > 320)
  }
}
