import Foundation
import Testing

extension ProgramTests {
  @Suite("Limits of a run, and what becomes of steps that die")
  struct LimitsTests {
    private func events(_ program: Program) throws -> [[String: Any]] {
      try program.read("events.ndjson").split(separator: "\n").compactMap {
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
      }
    }

    private func steps(_ events: [[String: Any]], _ name: String) -> [String] {
      events.filter { $0["event"] as? String == name }.compactMap { $0["step"] as? String }
    }

    private static let cell = "gland/random/n=2/r=1/train"

    /// Trains for so long that it has to be stopped.
    private static let long = InterruptionTests.manifest.replacing(
      "steps: 40", with: "steps: 100000")

    /// Starts a run and gives the process that trains a cell, once it is at it.
    private func startTraining(
      _ program: Program, _ manifest: String, _ arguments: [String]
    ) throws -> (run: (Process, output: URL, error: URL), worker: Int32) {
      try program.write(manifest, to: "study.yaml")
      let run = try program.start(
        ["run", "study.yaml", "--json", "--events", "events.ndjson"] + arguments)
      for _ in 0..<60_000 {
        let list = "/proc/\(run.0.processIdentifier)/task/\(run.0.processIdentifier)/children"
        let children = (try? String(contentsOfFile: list, encoding: .utf8)) ?? ""
        for pid in children.split(separator: " ").compactMap({ Int32($0) }) {
          let words = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
          let isTraining =
            words.contains("worker\0") && words.contains("/train")
            && ((try? events(program)) ?? []).contains {
              $0["event"] as? String == "progressed"
                && words.contains($0["step"] as? String ?? "none")
            }
          if isTraining { return (run, pid) }
        }
        usleep(5_000)
      }
      throw CocoaError(.featureUnsupported)
    }

    private func finish(
      _ program: Program, _ run: (Process, output: URL, error: URL)
    ) throws -> Program.Outcome {
      run.0.waitUntilExit()
      return try program.outcome(of: run.0, run.output, run.error)
    }

    @Test("in less memory than any step needs, steps run one at a time, to the same bytes")
    func memory() throws {
      let program = try CheapStudy.program()
      let outcome = try program.run(
        "run", "study.yaml", "--memory", "1MB", "--jobs", "4", "--events", "events.ndjson")
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.error.contains("warning[step.too-large]: tissue/synthesize"))
      #expect(outcome.error.contains("such steps run alone"))
      let events = try events(program)
      #expect(steps(events, "too-large").count == steps(events, "started").count)
      var running = 0
      for event in events {
        switch event["event"] as? String {
        case "started": running += 1
        case "finished": running -= 1
        default: continue
        }
        #expect(running <= 1)
      }
      #expect(try program.digests("cheap") == CheapStudy.lock())
      program.clean()
    }

    @Test("a step whose worker was killed runs again, counted and shown, to the same bytes")
    func retry() throws {
      let program = try Program()
      let (run, worker) = try startTraining(
        program, InterruptionTests.manifest, ["--retries", "1"])
      kill(worker, SIGKILL)
      let outcome = try finish(program, run)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect((outcome.json["steps"] as? [String: Int])?["retried"] == 1)
      #expect(outcome.error.contains("(retry 1 of 1)"))
      #expect(outcome.error.contains("1 tried again"))
      let retried = try events(program).filter { $0["event"] as? String == "retried" }
      #expect(retried.count == 1 && retried[0]["retry"] as? Int == 1)
      #expect((retried[0]["note"] as? String)?.contains("signal 9 (SIGKILL)") == true)
      #expect(try program.digests() == InterruptionTests.undisturbed.get())
      program.clean()
    }

    @Test("what a step says of its own input is not tried again")
    func refused() throws {
      let program = try Program()
      for name in ["data/images/a.png", "data/masks/a.png"] {
        try program.write("this is no image", to: name)
      }
      try program.write("stem,split\na,train\n", to: "data/table.csv")
      try program.write(
        TinyStudy.with(
          "tissue: { format: synthetic-tissue, images: { train: 8, test: 2 }, size: 64, seed: 1 }",
          "tissue: { format: image-mask-folder, root: data, table: table.csv }"), to: "study.yaml")
      let outcome = try program.run("run", "study.yaml", "--json", "--retries", "3")
      #expect(outcome.status == 1)
      let failures = outcome.json["failures"] as? [[String: Any]] ?? []
      #expect(failures.map { $0["tries"] as? Int } == [1])
      #expect((outcome.json["steps"] as? [String: Int])?["retried"] == 0)
      program.clean()
    }

    /// `OutOfMemoryTests` has the kernel's own killer, where a test may call it; a limit on the address
    /// space has the same cause: an allocation that fails.
    @Test("a worker that gets no more memory is reported as such, with the end of its log")
    func allocation() throws {
      let program = try Program()
      let (run, worker) = try startTraining(program, Self.long, ["--only", Self.cell])
      let limit = try Process.run(
        URL(filePath: "/usr/bin/prlimit"), arguments: ["--pid", "\(worker)", "--as=1000000"])
      limit.waitUntilExit()
      #expect(limit.terminationStatus == 0)
      let outcome = try finish(program, run)
      #expect(outcome.status == 1, "\(outcome.error)")
      #expect(outcome.error.contains("error[step.out-of-memory]"), "\(outcome.error)")
      #expect(outcome.error.contains("the end of its log:"))
      #expect(outcome.error.contains("--memory"))
      program.clean()
    }

    /// `InterruptionTests` goes on from such a checkpoint.
    @Test("a step that overruns its time saves its work and is reported with its limit")
    func timeout() throws {
      let program = try Program()
      try program.write(Self.long, to: "study.yaml")
      let outcome = try program.run(
        "run", "study.yaml", "--json", "--step-timeout", "20s", "--only", Self.cell)
      #expect(outcome.status == 1, "\(outcome.error)")
      let failures = outcome.json["failures"] as? [[String: Any]] ?? []
      #expect(failures.map { $0["id"] as? String } == [Self.cell])
      #expect(outcome.error.contains("error[step.timeout]"))
      #expect(outcome.error.contains("it saved its work and ended"))
      #expect(!(try program.stored("tmp").filter { $0.hasSuffix("/checkpoint") }.isEmpty))
      program.clean()
    }

    @Test("one that does not end when it is told to is killed, with all that it started")
    func killed() throws {
      let program = try Program()
      let (run, worker) = try startTraining(
        program, Self.long, ["--step-timeout", "20s", "--only", Self.cell])
      #expect(getpgid(worker) == worker, "it leads a group of its own")
      kill(worker, SIGSTOP)
      let outcome = try finish(program, run)
      #expect(outcome.status == 1, "\(outcome.error)")
      #expect(outcome.error.contains("it did not end when it was told to and was killed"))
      #expect(kill(-worker, 0) == -1 && errno == ESRCH, "nothing is left of its group")
      program.clean()
    }

    @Test(
      "limits that make no sense are exit 2 and say what does",
      arguments: [
        ["--memory", "much"], ["--memory", "0"], ["--step-timeout", "soon"],
        ["--step-timeout", "0"], ["--retries=-1"], ["--jobs", "0"],
      ])
    func commandLine(arguments: [String]) throws {
      let program = try CheapStudy.program()
      let outcome = try program.run(["run", "study.yaml"] + arguments)
      #expect(outcome.status == 2, "\(outcome.error)")
      program.clean()
    }
  }
}
