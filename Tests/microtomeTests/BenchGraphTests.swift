import Foundation
import Testing

extension ProgramTests {
  @Suite("bench-graph")
  struct BenchGraphTests {
    @Test("it prints what planning, a cold run and a run with nothing to do took")
    func figures() throws {
      let program = try Program()
      let outcome = try program.run("bench-graph", "--steps", "40", "--directory", "b", "--json")
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.json["steps"] as? Int == 40)
      for name in ["plan_seconds", "cold_seconds", "first_noop_seconds", "noop_seconds"] {
        #expect((outcome.json[name] as? Double ?? 0) > 0, "\(name)")
      }
      #expect((outcome.json["peak_bytes"] as? Int ?? 0) > 1 << 20)
      program.clean()
    }

    @Test("every step of the graph runs once, and the second run does nothing", arguments: [3, 51])
    func twice(steps: Int) throws {
      let program = try Program()
      #expect(try counts(program, steps: steps) == ["total": steps, "executed": steps])
      #expect(try counts(program, steps: steps) == ["total": steps, "cached": steps])
      // A graph that grows runs the new steps and the one that reads them all.
      #expect(
        try counts(program, steps: steps + 2)
          == ["total": steps + 2, "executed": 3, "cached": steps - 1])
      program.clean()
    }

    @Test("a warm worker that dies fails its step alone, and is replaced")
    func death() throws {
      let program = try Program()
      let arguments = ["bench-graph", "--once", "--steps", "801", "--directory", "b", "--json"]
      let (process, output, error) = try program.start(arguments)
      var isKilled = false
      while !isKilled, process.isRunning { isKilled = try killWorkers(of: program) }
      process.waitUntilExit()
      let outcome = try program.outcome(of: process, output, error)
      #expect(isKilled && outcome.status == 1)
      let failures = outcome.json["failures"] as? [[String: Any]] ?? []
      // One for each warm worker that was in the middle of a step, and there are two at most on two
      // cores; whatever read those steps is skipped, and all else is done by their replacements.
      #expect(!failures.isEmpty && failures.count <= ProcessInfo.processInfo.activeProcessorCount)
      #expect(failures.allSatisfy { $0["signal"] as? Int == 9 })
      let steps = outcome.json["steps"] as? [String: Int] ?? [:]
      #expect(steps["executed"] ?? 0 >= 801 - 2 * failures.count - 1)
      let rest = try program.run(arguments)
      #expect(rest.status == 0, "\(rest.error)")
      let counted = rest.json["steps"] as? [String: Int] ?? [:]
      #expect(counted["executed"] == (steps["failed"] ?? 0) + (steps["skipped"] ?? 0))
      program.clean()
    }

    /// The counts of a run that are not zero.
    private func counts(_ program: Program, steps: Int) throws -> [String: Int] {
      let outcome = try program.run(
        "bench-graph", "--once", "--steps", "\(steps)", "--directory", "b", "--json")
      #expect(outcome.status == 0, "\(outcome.error)")
      return (outcome.json["steps"] as? [String: Int] ?? [:]).filter { $0.value > 0 }
    }

    private func killWorkers(of program: Program) throws -> Bool {
      let killer = Process()
      killer.executableURL = URL(filePath: "/usr/bin/pkill")
      killer.arguments = ["-KILL", "-f", "worker --store \(program.directory.path)/b/.* --serve"]
      killer.standardError = FileHandle.nullDevice
      try killer.run()
      killer.waitUntilExit()
      return killer.terminationStatus == 0
    }
  }
}
