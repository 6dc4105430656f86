import Core
import Foundation
import Storage
import Testing

@testable import Execution

@Suite("Leases")
struct LeaseTests {
  private let directory = FileManager.default.temporaryDirectory
    .appending(path: "microtome-lease-\(UUID().uuidString)")

  @Test("a lease keeps others from the same action only, and ends with its holder")
  func exclusive() throws {
    let store = try Store(at: Path(directory.path), files: LocalFileSystem())
    let channel = WorkerChannel(supervised: false)
    let (a, b) = (SHA256.digest(of: [1]), SHA256.digest(of: [2]))
    #expect(!Lease.isHeld(a, in: store))
    try Lease.hold(a, in: store, unlessStopped: channel) {
      #expect(Lease.isHeld(a, in: store))
      #expect(!Lease.isHeld(b, in: store))
      try Lease.hold(b, in: store, unlessStopped: channel) {
        #expect(Lease.isHeld(b, in: store))
      }
      #expect(!Lease.isHeld(b, in: store))
    }
    #expect(!Lease.isHeld(a, in: store))
    try FileManager.default.removeItem(at: directory)
  }

  @Test("whoever waits for a lease gets it when the holder is done")
  func waiting() async throws {
    let store = try Store(at: Path(directory.path), files: LocalFileSystem())
    let key = SHA256.digest(of: [1])
    let inside = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<2 {
        group.addTask {
          let channel = WorkerChannel(supervised: false)
          try? Lease.hold(key, in: store, unlessStopped: channel) {
            #expect(inside.enter() == 1, "two held one lease")
            usleep(20_000)
            inside.leave()
          }
        }
      }
    }
    #expect(inside.entries == 2)
    try FileManager.default.removeItem(at: directory)
  }

  private final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var inside = 0
    private(set) var entries = 0

    func enter() -> Int {
      lock.withLock {
        inside += 1
        entries += 1
        return inside
      }
    }
    func leave() { lock.withLock { inside -= 1 } }
  }
}
