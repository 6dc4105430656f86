import Foundation
import Testing

extension ProgramTests {
  @Suite("Interruption, death and damage")
  struct InterruptionTests {
    /// Long enough to be caught in the middle of training.
    static let manifest = TinyStudy.with("batch: 2, steps: 3", "batch: 2, steps: 40")

    static let undisturbed: Result<String, any Error> = Result {
      let program = try Program()
      _ = try program.execute(manifest)
      defer { program.clean() }
      return try program.digests()
    }

    /// Starts a run and waits until the first cell trains.
    private func startTraining(_ program: Program) throws -> (Process, output: URL, error: URL) {
      try program.write(Self.manifest, to: "study.yaml")
      let started = try program.start(["run", "study.yaml", "--events", "events.ndjson"])
      for _ in 0..<600 {
        let events = (try? program.read("events.ndjson")) ?? ""
        if events.contains("\"progressed\",\"fraction\":0.") && events.contains("/train") { break }
        if events.contains("/train\"") && events.contains("\"progressed\"") { break }
        usleep(50_000)
      }
      return started
    }

    @Test("Ctrl-C stops cleanly with 130, and the same command goes on to the same bytes")
    func interrupt() throws {
      let program = try Program()
      let (process, output, error) = try startTraining(program)
      process.interrupt()
      process.waitUntilExit()
      let stopped = try program.outcome(of: process, output, error)
      #expect(stopped.status == 130, "\(stopped.error)")
      #expect(stopped.error.contains("the same command goes on"))
      let rest = try program.execute(Self.manifest)
      #expect(!rest.isEmpty)
      #expect(try program.digests() == Self.undisturbed.get())
      program.clean()
    }

    @Test("kill -9 of the controller loses at most the running steps")
    func killController() throws {
      let program = try Program()
      let (process, _, _) = try startTraining(program)
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
      let rest = try program.execute(Self.manifest)
      #expect(!rest.contains("tissue/synthesize"), "what was done stays done")
      #expect(try program.digests() == Self.undisturbed.get())
      program.clean()
    }

    @Test("a tampered object is noticed by its size, and a damaged one when it is read")
    func damage() throws {
      let program = try Program()
      _ = try program.execute(Self.manifest)
      let lock = try program.digests()
      let outcome = try program.run("show", "study.yaml", "gland/random/n=2/r=1/train", "--json")
      let outputs = outcome.json["outputs"] as? [[String: Any]] ?? []
      let path = try #require(
        outputs.first { $0["name"] as? String == "weights" }?["path"] as? String)
      try FileManager.default.removeItem(atPath: path)
      #expect(try program.execute(Self.manifest) == ["gland/random/n=2/r=1/train"])

      // The same size, other bytes: found when a step that has to run reads it.
      var bytes = try Data(contentsOf: URL(filePath: path))
      bytes[bytes.count / 2] ^= 0xff
      try FileManager.default.removeItem(atPath: path)
      try bytes.write(to: URL(filePath: path))
      let edited = Self.manifest.replacing("stride: 64", with: "stride: 32")
      let executed = try program.execute(edited)
      #expect(executed.contains("gland/random/n=2/r=1/train"), "the damaged weights are made again")
      #expect(executed.of("predict").count == 16)
      _ = try program.execute(Self.manifest)
      #expect(try program.digests() == lock)
      program.clean()
    }

    /// Images are named inside the outputs of a dataset's step; damage to one of them must find its
    /// maker too.
    @Test("a damaged image inside a dataset is made again by the step that made it")
    func nestedDamage() throws {
      let program = try Program()
      _ = try program.execute(TinyStudy.manifest)
      let lock = try program.digests()
      let shown = try program.run(
        "show", "study.yaml", "tissue/synthesize", "--extract", "out", "--json")
      #expect(shown.status == 0)
      let split = try JSONSerialization.jsonObject(
        with: Data(program.read("out/split/train.json").utf8))
      let samples = (split as? [String: Any])?["samples"] as? [[String: Any]] ?? []
      let digest = try #require(samples.first?["image"] as? String)
      let object = program.directory.appending(
        path: ".microtome/objects/\(digest.prefix(2))/\(digest.dropFirst(2))")
      var bytes = try Data(contentsOf: object)
      bytes[bytes.count - 1] ^= 0xff
      try FileManager.default.removeItem(at: object)
      try bytes.write(to: object)
      let executed = try program.execute(
        TinyStudy.with("batch: 2, steps: 3", "batch: 2, steps: 4"))
      #expect(executed.contains("tissue/synthesize"))
      #expect(executed.of("train").count == 8)
      // A deleted image is noticed without being read.
      try FileManager.default.removeItem(at: object)
      #expect(try program.execute(TinyStudy.manifest) == ["tissue/synthesize"])
      #expect(try program.digests() == lock)
      program.clean()
    }
  }
}
