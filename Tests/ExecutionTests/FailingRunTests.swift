import Core
import Foundation
import GRDB
import Planning
import Testing

@testable import Execution
@testable import Storage

/// What `run` does between its workers, which are processes on the real disk.
@Suite("A run whose own operations fail", .serialized)
struct FailingRunTests {
  private enum Ending: Equatable {
    case done([StepID: [NamedObject]])
    case stopped(words: String)
  }

  private let real = LocalFileSystem()
  private let root = Path("/tmp/microtome-run-\(UInt64.random(in: 0 ... .max))")
  private let graph = Plan.bench(steps: 5)

  private func workspace(_ files: any FileSystem) throws -> Workspace {
    try Workspace(
      manifest: root / "graph", study: "graph", store: root / "store", results: nil, files: files)
  }

  private func run(in workspace: Workspace) throws -> Ending {
    let run = StudyRun(
      plan: graph, externals: Externals(), workspace: workspace,
      options: .init(
        budget: Budget(jobs: 2, cores: 2, memory: 1 << 30), failFast: false,
        program: .builtProgram),
      costs: PastCosts(), check: { _, _ in [] }, shouldStop: { false }, observe: { _ in })
    let summary = try run.run()
    guard summary.failures.isEmpty else {
      let diagnostics = summary.failures.flatMap(\.diagnostics)
      return .stopped(words: diagnostics.map(\.message).joined(separator: "; "))
    }
    #expect(run.finished.count == graph.steps.count)
    return .done(run.finished.mapValues(\.outputs))
  }

  /// A run as `microtome run` does it, on a file system of which one operation fails.
  private func run(on files: any FileSystem) -> Ending {
    do {
      return try run(in: workspace(files))
    } catch {
      return .stopped(words: "\(error)")
    }
  }

  @Test(
    "is an error with its path, the store stays valid, and the next run completes alike",
    arguments: FailingFileSystem.Fault.allCases)
  private func each(fault: FailingFileSystem.Fault) throws {
    defer { try? real.remove(root) }
    let undisturbed = try run(in: workspace(real))
    guard case .done = undisturbed else {
      Issue.record("an undisturbed run ends with \(undisturbed)")
      return
    }
    var failures = 0
    for turn in 1... {
      try real.remove(root)
      let failing = FailingFileSystem(real, fault, turn: turn)
      let ending = run(on: failing)
      guard let path = failing.failed else { break }
      failures += 1
      switch ending {
      case .done: #expect(ending == undisturbed, "\(turn): \(path)")
      case .stopped(let words): #expect(words.contains(path.text), "\(turn): \(path): \(words)")
      }
      let workspace = try workspace(real)
      let found = try StoreCheck(of: workspace.store, index: workspace.index).run().findings
      #expect(found.filter { $0.subject != .index } == [], "\(turn): \(path)")
      #expect(try run(in: workspace) == undisturbed, "\(turn): \(path)")
    }
    // The controller writes an action a step, and makes and looks at much more.
    #expect(failures >= (fault == .shortWrite ? 5 : 20))
  }

  @Test("an index that is full, locked or damaged in the middle of a run loses no result")
  func index() throws {
    defer { try? real.remove(root) }
    let undisturbed = try run(in: workspace(real))
    for fault in ["full", "locked", "damaged"] {
      try real.remove(root)
      var workspace = try workspace(real)
      workspace.index = try StoreIndex(in: workspace.store, files: real, patience: 0.1)
      var other: DatabaseQueue?
      switch fault {
      case "full":
        try workspace.index.database.writeWithoutTransaction {
          try $0.execute(sql: "PRAGMA max_page_count = 1")
        }
      case "locked":
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        other = try DatabaseQueue(
          path: workspace.index.path.text, configuration: configuration)
        try other?.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
      default:
        try workspace.index.database.writeWithoutTransaction {
          try $0.execute(sql: "DROP TABLE last_key")
        }
      }
      #expect(try run(in: workspace) == undisturbed, "\(fault)")
      try other?.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
      let found = try StoreCheck(of: workspace.store, index: workspace.index).run().findings
      #expect(found.filter { $0.subject != .index } == [], "\(fault)")
      // Nothing ran again: the records tell, not the index.
      #expect(try StoreIndex.rebuild(in: workspace.store) == graph.steps.count)
    }
  }
}
