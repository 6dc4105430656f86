import Core
import Execution
import Foundation
import Testing

@Suite("Run memory")
struct RunMemoryTests {
  private let directory = Path(
    FileManager.default.temporaryDirectory.appending(path: "microtome-memory-\(UUID().uuidString)")
      .path)
  private let files = LocalFileSystem()
  private let fingerprint = SHA256.digest(of: [1])

  /// Two files in a folder that is remembered too, long after they were written.
  private func remembered(after seconds: Int64 = 100) throws -> RunMemory {
    let folder = directory / "data"
    try files.createDirectory(folder)
    try files.write(Array("first".utf8), to: folder / "a")
    try files.write(Array("second".utf8), to: folder / "b")
    let memory = try RunMemory(
      fingerprint: fingerprint, message: [7],
      witnesses: [
        .init(folder / "b", content: SHA256.digest(of: Array("second".utf8))),
        .init(folder / "a", content: nil), .init(folder, content: nil),
      ], files: files, now: try now(plus: seconds))
    return try #require(memory)
  }

  /// The time of the file that changed last, and some seconds.
  private func now(plus seconds: Int64) throws -> Int64 {
    try files.status(of: directory / "data")!.changed + seconds * 1_000_000_000
  }

  private func changed(_ memory: RunMemory) throws -> [String] {
    memory.examined(by: files, now: try now(plus: 200)).changed.map(\.path.name)
  }

  private func clean() throws { try files.remove(directory) }

  @Test("it reads back as it was written, and damage anywhere is no memory")
  func encoding() throws {
    let memory = try remembered()
    try memory.save(to: directory / "slot/memory", files)
    let bytes = try files.read(directory / "slot/memory")
    #expect(RunMemory(decoding: bytes) == memory)
    for place in [0, 25, bytes.count / 2, bytes.count - 1] {
      var damaged = bytes
      damaged[place] ^= 1
      #expect(RunMemory(decoding: damaged) == nil)
    }
    for count in [0, 1, 31, 100, bytes.count - 1] {
      #expect(RunMemory(decoding: Array(bytes.prefix(count))) == nil)
    }
    try clean()
  }

  @Test("files that are as they were settle it without being read")
  func unchanged() throws {
    let memory = try remembered()
    let examination = memory.examined(by: files, now: try now(plus: 200))
    #expect(examination.changed.isEmpty && !examination.isStale)
    #expect(examination.memory == memory)
    try clean()
  }

  enum Change: CaseIterable {
    case deleted, truncated, grown, otherBytes, otherBytesTimePutBack, replaced, newName
  }

  @Test("every kind of change is noticed", arguments: Change.allCases)
  func changes(change: Change) throws {
    let memory = try remembered()
    let path = directory / "data/b"
    let before = try FileManager.default.attributesOfItem(atPath: path.text)[.modificationDate]
    var expected: Set = ["b"]
    switch change {
    case .deleted:
      try files.remove(path)
      expected = ["b", "data"]
    case .truncated: try overwrite(path, "")
    case .grown: try overwrite(path, "second and more")
    case .otherBytes: try overwrite(path, "sEcond")
    case .otherBytesTimePutBack:
      try overwrite(path, "sEcond")
      try FileManager.default.setAttributes([.modificationDate: before!], ofItemAtPath: path.text)
    case .replaced:
      // A folder whose look differs is settled by its content; that of a settled one is not known.
      try files.write(Array("sEcond".utf8), to: path)
      expected = ["b", "data"]
    case .newName:
      try files.write([], to: directory / "data/c")
      expected = ["data"]
    }
    #expect(Set(try changed(memory)) == expected)
    try clean()
  }

  @Test("a file that was only touched is settled by its content, and its new look is kept")
  func touched() throws {
    let memory = try remembered()
    try overwrite(directory / "data/b", "second")
    let examination = memory.examined(by: files, now: try now(plus: 200))
    #expect(examination.changed.isEmpty && examination.isStale)
    let again = examination.memory.examined(by: files, now: try now(plus: 200))
    #expect(again.changed.isEmpty && !again.isStale)
    try clean()
  }

  /// The look is the same as it was: only the content tells.
  @Test("a look that was taken within 2 s of a change is not trusted")
  func racy() throws {
    let folder = directory / "data"
    let memory = try remembered(after: 1)
    #expect(memory.folders.flatMap(\.entries).allSatisfy { !$0.isSettled && $0.content != nil })
    var forged = memory
    try overwrite(folder / "a", "FIRST")
    for i in forged.folders.indices where forged.folders[i].directory == folder {
      for j in forged.folders[i].entries.indices {
        let name = forged.folders[i].entries[j].name
        forged.folders[i].entries[j].status = try files.status(of: folder / name)!
      }
    }
    #expect(try changed(forged) == ["a"])
    // Once it was looked at later, the look is enough.
    try overwrite(folder / "a", "first")
    let later = memory.examined(by: files, now: try now(plus: 200))
    #expect(later.changed.isEmpty && later.isStale)
    #expect(later.memory.folders.flatMap(\.entries).allSatisfy { $0.isSettled })
    try clean()
  }

  @Test("what is gone, or had just changed when it was read, is not remembered")
  func refused() throws {
    _ = try remembered()
    let path = directory / "data/a"
    func memory(_ witness: RunMemory.Witness) throws -> RunMemory? {
      try RunMemory(
        fingerprint: fingerprint, message: [], witnesses: [witness], files: files,
        now: try now(plus: 100))
    }
    #expect(try memory(.init(directory / "nothing", content: nil)) == nil)
    let look = RunMemory.Witness.Look(try files.status(of: path)!, at: try now(plus: 0))
    #expect(try memory(.init(path, content: nil, look: look)) == nil)
    #expect(try memory(.init(path, content: fingerprint, look: look)) != nil)
    try clean()
  }

  /// Other bytes in the same file, as a careless program writes them.
  private func overwrite(_ path: Path, _ text: String) throws {
    let handle = try FileHandle(forWritingTo: URL(filePath: path.text))
    try handle.truncate(atOffset: 0)
    try handle.write(contentsOf: Data(text.utf8))
    try handle.close()
  }
}
