import Core
import Foundation
import Planning
import Testing

@testable import Execution
@testable import Storage

@Suite("The n-th of SQLite's own operations fails", .serialized)
struct FailingIndexTests {
  /// What an index goes through, and what came of it.
  private struct Life: Equatable {
    /// How the second of two runs ended.
    var ending: FailingStudy.Ending
    /// What it tells in the end.
    var lastKeys: [String: Digest] = [:]
    var findings: [StoreFinding] = []
  }

  /// All of them take minutes, so usually it is every twelfth, from another first one for each fault;
  /// `MICROTOME_EVERY_OPERATION=1 swift test --filter FailingIndexTests` takes all.
  private static let stride =
    ProcessInfo.processInfo.environment["MICROTOME_EVERY_OPERATION"] == nil ? 12 : 1

  private let real = LocalFileSystem()
  private let study: FailingStudy

  init() throws {
    study = try FailingStudy(
      at: Path("/tmp/microtome-sqlite-\(UInt64.random(in: 0 ... .max))"))
  }

  /// Makes an index by a run, opens it for one with nothing to do, checks it, and takes from it.
  private func life(on disk: MemoryFileSystem) -> Life {
    var life = Life(ending: .stopped(exit: 70, words: "not run"))
    life.ending = study.ending {
      let first = try run(on: disk)
      guard case .done = first.ending else { return first.ending }
      let (ending, workspace) = try run(on: disk)
      let store = try Store(at: workspace.store.root, files: disk)
      life.findings = try StoreCheck(of: store, index: workspace.index).run().findings
      life.lastKeys = try workspace.index.lastKeys(in: workspace.scope)
      try workspace.index.forget([])
      return ending
    }
    return life
  }

  private func run(
    on disk: MemoryFileSystem
  ) throws -> (ending: FailingStudy.Ending, workspace: Workspace) {
    let workspace = try study.workspace()
    return (study.run(in: workspace, disk, isNoted: true), workspace)
  }

  @Test(
    "is an error with its path or costs nothing, and the next run completes with equal digests",
    arguments: FailingSQLite.Fault.allCases, [false, true])
  private func each(fault: FailingSQLite.Fault, isLasting: Bool) throws {
    // A lasting lock would be waited for at every turn; `UnusableIndexTests` has one.
    if fault == .busy, isLasting { return }
    defer { try? real.remove(study.root) }
    let undisturbed = life(on: try study.disk())
    guard case .done = undisturbed.ending, undisturbed.lastKeys.count == study.thePlan.steps.count,
      undisturbed.findings == []
    else {
      Issue.record("an undisturbed index ends with \(undisturbed)")
      return
    }
    let index = study.root / "store/index.sqlite"
    var (failures, stops) = (0, 0)
    let first = FailingSQLite.Fault.allCases.firstIndex(of: fault)! * 2 + (isLasting ? 1 : 0)
    for turn in sequence(first: 1 + first % Self.stride, next: { $0 + Self.stride }) {
      try real.remove(study.root)
      let disk = try study.disk()
      let (disturbed, struck) = FailingSQLite.fail(
        fault, turn: turn, isLasting: isLasting, below: study.root
      ) { life(on: disk) }
      guard let struck else { break }
      failures += 1
      let place: Comment = "\(turn): \(struck.call) of \(struck.path)"
      switch disturbed.ending {
      case .done: #expect(disturbed.ending == undisturbed.ending, place)
      case .stopped(let exit, let words):
        #expect(exit == 3 && words.contains(index.text), "\(place): \(words)")
        stops += 1
      }
      for finding in disturbed.findings {
        #expect(finding.subject == .index && finding.problem == .unreadable, "\(place): \(finding)")
      }
      // What failed has passed: nothing is damaged, moved away or forgotten.
      #expect(try real.list(study.root / "store").filter { $0.hasSuffix(".damaged") } == [], place)
      let workspace = try study.workspace()
      #expect(workspace.index.origin != .replaced, place)
      let store = try Store(at: workspace.store.root, files: disk)
      #expect(try StoreCheck(of: store, index: workspace.index).run().findings == [], place)
      #expect(life(on: disk) == undisturbed, place)
    }
    if Self.stride == 1 {
      let words = isLasting ? "operations and all after them" : "operations"
      print("\(fault): \(failures) \(words) failed in turn; \(stops) stopped a run")
    }
    #expect(failures > 40 / Self.stride)
    // A lock is waited for. Only the change of a new index to a write-ahead log is not: whoever opens
    // an index waits for its turn to do so.
    #expect(fault != .busy || stops <= 1)
  }
}
