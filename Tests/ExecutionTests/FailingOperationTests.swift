import Core
import Foundation
import Storage
import Testing

@testable import Execution

@Suite("The n-th operation fails")
struct FailingOperationTests {
  private let root = Path("/tmp/microtome-failing-\(UInt64.random(in: 0 ... .max))")

  /// Every operation takes 20 s, so usually it is every seventh, from another first one for each
  /// fault; `MICROTOME_EVERY_OPERATION=1 swift test --filter FailingOperationTests` takes all.
  private static let stride =
    ProcessInfo.processInfo.environment["MICROTOME_EVERY_OPERATION"] == nil ? 7 : 1

  @Test(
    "is an error with its path, and the next run completes with equal digests",
    arguments: FailingFileSystem.Fault.allCases)
  private func each(fault: FailingFileSystem.Fault) throws {
    let real = LocalFileSystem()
    defer { try? real.remove(root) }
    let study = try FailingStudy(at: root)
    let workspace = try study.workspace()
    let undisturbed = study.run(in: workspace, try study.disk())
    guard case .done = undisturbed else {
      Issue.record("an undisturbed run ends with \(undisturbed)")
      return
    }
    var failures = 0
    var turn = 1 + Int(fault.rawValue) % Self.stride
    while true {
      let disk = try study.disk()
      let failing = FailingFileSystem(disk, fault, turn: turn)
      let ending = study.run(in: workspace, failing)
      guard let path = failing.failed else { break }
      failures += 1
      switch ending {
      case .done: #expect(ending == undisturbed, "\(turn): \(path)")
      case .stopped(let exit, let words):
        #expect(exit != 70 && words.contains(path.text), "\(turn): \(path): \(words)")
      }
      let store = try Store(at: workspace.store.root, files: disk)
      let found = try StoreCheck(of: store, index: workspace.index).run().findings
        .filter { $0.subject != .index }
      #expect(found == [], "\(turn): \(path)")
      #expect(study.run(in: workspace, disk) == undisturbed, "\(turn): \(path)")
      turn += Self.stride
    }
    if Self.stride == 1 { print("\(fault): \(failures) operations failed in turn") }
    #expect(failures > 40 / Self.stride)
  }
}
