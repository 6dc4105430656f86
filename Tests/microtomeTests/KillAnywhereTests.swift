import Core
import Foundation
import Testing

extension ProgramTests {
  /// `.ci/kill-anywhere 300` is the long run of this suite.
  @Suite("Killed anywhere")
  struct KillAnywhereTests {
    private enum Victim: String, CaseIterable {
      case controller
      case worker
      case collector
    }

    /// The processes that a process has started and that are still there.
    private func children(of pid: Int32) -> [Int32] {
      let list = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
      return (list ?? "").split(separator: " ").compactMap { Int32($0) }
    }

    /// Starts a command, waits, and kills; whether the kill came before the end.
    private func strike(
      _ victim: Victim, after seconds: Double, in program: Program
    ) throws -> Bool {
      let arguments =
        victim == .collector
        ? ["gc", "--keep-days", "0", "--yes"] : ["run", "study.yaml", "--jobs", "2"]
      let (process, output, error) = try program.start(arguments)
      usleep(UInt32(seconds * 1e6))
      var wasStruck = false
      if victim == .worker {
        while process.isRunning, !wasStruck {
          if let worker = children(of: process.processIdentifier).randomElement() {
            wasStruck = kill(worker, SIGKILL) == 0
          } else {
            usleep(2_000)
          }
        }
      } else {
        kill(process.processIdentifier, SIGKILL)
      }
      process.waitUntilExit()
      if process.terminationReason == .uncaughtSignal { return true }
      // A run that lost a worker says which step died; every other end is a good one.
      let outcome = try program.outcome(of: process, output, error)
      #expect(outcome.status == 0 || wasStruck, "\(outcome.status): \(outcome.error)")
      return wasStruck
    }

    @Test("the store verifies clean, the next run completes, and the digests are the same")
    func anywhere() throws {
      let environment = ProcessInfo.processInfo.environment
      let wanted = environment["MICROTOME_KILLS"].flatMap { Int($0) } ?? 15
      let seed = environment["MICROTOME_SEED"].flatMap { UInt64($0) } ?? 1
      let undisturbed = try CheapStudy.finished.get()
      var random = RandomStream(seed: seed, purpose: "kills")
      var program = try CheapStudy.program()
      // What a run takes on an idle machine; on a busy one its first part is hit more often.
      let duration = wanted > 15 ? 1.2 : 0.7
      var counts: [Victim: Int] = [:]
      var completions = 0
      var isFresh = false
      while counts.values.reduce(0, +) < wanted {
        if !isFresh {
          program.clean()
          program = try CheapStudy.program()
          isFresh = true
        }
        let draw = random.index(below: 8)
        let victim: Victim = draw == 0 ? .collector : draw < 5 ? .controller : .worker
        let delay = random.uniform(0, victim == .collector ? 0.1 : duration)
        // Before the first run there is no store to collect in.
        let hasStore = FileManager.default.fileExists(
          atPath: program.directory.appending(path: ".microtome/objects").path)
        guard try (hasStore || victim != .collector) && strike(victim, after: delay, in: program)
        else {
          // Too late: nothing died. A finished study has nothing left to kill.
          isFresh = !FileManager.default.fileExists(
            atPath: program.directory.appending(path: "results/cheap/study.lock.json").path)
          continue
        }
        counts[victim, default: 0] += 1
        let (status, findings) = try program.findings()
        #expect(status == 0, "after \(counts): \(findings)")
        // Other kills go on from what this one left; some are followed to the end at once.
        if random.chance(0.15) {
          try complete(program, like: undisturbed)
          completions += 1
          isFresh = false
        }
      }
      try complete(program, like: undisturbed)
      if wanted > 15 {
        let words = Victim.allCases.map { "\(counts[$0, default: 0]) \($0.rawValue)s" }
        print("killed: \(words.joined(separator: ", ")); followed to the end: \(completions)")
      }
      program.clean()
    }

    /// One more run, and nothing may be left of the kills.
    private func complete(_ program: Program, like undisturbed: Program) throws {
      let outcome = try program.run("run", "study.yaml")
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(try program.digests("cheap") == undisturbed.digests("cheap"))
      #expect(try program.run("gc", "--keep-days", "0", "--yes").status == 0)
      #expect(try program.findings().status == 0)
      #expect(try program.stored("tmp").isEmpty)
      let prefix = ".microtome/objects/"
      #expect(
        try program.stored("objects").map { $0.dropFirst(prefix.count) }
          == undisturbed.stored("objects").map { $0.dropFirst(prefix.count) },
        "the same objects, and no others")
    }
  }
}
