import Core
import Testing

@testable import Storage

@Suite("Damage to the index")
struct DamagedIndexTests {
  private let files = LocalFileSystem()
  private let source = FileStatus(
    kind: .file, size: 3, modified: 10, changed: 11, inode: 12, device: 13)

  private func key(_ number: Int) -> Digest { SHA256.digest(of: Array("\(number)".utf8)) }

  @Test("200 flipped bits and 20 cuts: nothing traps, nothing throws, and a new one grows")
  func strikes() throws {
    let root = Path("/tmp/microtome-index-\(UInt64.random(in: 0 ... .max))")
    defer { try? files.remove(root) }
    let store = try Store(at: root, files: files)
    let records = (0..<20).map { StoreTests.record(key($0), outputs: []) }
    do {
      let index = try StoreIndex(in: store, files: files)
      try index.remember((0..<20).map { (path: Path("/\($0)"), status: source, digest: key($0)) })
      try index.remember(costsOf: records)
      try index.remember(keys: (0..<20).map { ("step \($0)", key($0)) }, in: "scope")
    }
    let path = StoreIndex.path(in: store)
    let original = try files.read(path)
    var random = RandomStream(seed: 1, purpose: "index")
    for turn in 0..<220 {
      var bytes = original
      if turn < 200 {
        bytes[random.index(below: bytes.count)] ^= 1 << UInt8(random.index(below: 8))
      } else {
        bytes = Array(bytes.prefix(random.index(below: bytes.count)))
      }
      for suffix in ["-wal", "-shm"] { try files.remove(Path(path.text + suffix)) }
      try files.write(bytes, to: path)
      let index = try StoreIndex(in: store, files: files)
      let findings = index.findings(in: store, records: records)
      _ = try index.digests(of: (0..<20).map { (path: Path("/\($0)"), status: source) })
      _ = try index.lastKeys(in: "scope")
      let costs = try index.costs().values
      #expect(costs.allSatisfy { $0.coreSeconds.isFinite && $0.coreSeconds >= 0 })
      _ = index.sources()
      #expect(turn < 200 || !findings.isEmpty, "a cut is found")
      try index.remember(costsOf: [records[0]])
    }
  }
}
