import Core
import Foundation
import Storage
import Testing

extension ProgramTests {
  @Suite("Running recorded steps again")
  struct RebuildTests {
    private func rebuilt(_ outcome: Program.Outcome) -> [String: Any] {
      outcome.json["rebuilt"] as? [String: Any] ?? [:]
    }

    @Test("steps drawn at random give the same bytes in an empty store")
    func some() throws {
      let program = try CheapStudy.finished.get().copy()
      let outcome = try program.run("verify", "study.yaml", "--rebuild", "2", "--json")
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(rebuilt(outcome)["steps"] as? Int == 2)
      #expect(rebuilt(outcome)["identical"] as? Int == 2)
      #expect(try program.stored("tmp").isEmpty, "the empty stores are gone")
      #expect(try program.run("verify", "study.yaml", "--rebuild", "none").status == 2)
      program.clean()
    }

    @Test("a step that gives other bytes than recorded is named with its first differing output")
    func different() throws {
      let program = try CheapStudy.finished.get().copy()
      let id = "gland/half-random/dice/tissue/compare"
      let status = try program.run("status", "study.yaml", "--json").json
      let steps = status["steps"] as? [[String: Any]] ?? []
      let hex = try #require(steps.first { $0["id"] as? String == id }?["key"] as? String)
      let key = try #require(Digest(hex: hex))
      do {
        // A record as a step would leave it whose bytes depend on something undeclared.
        let store = try Store(
          at: Path(program.directory.appending(path: ".microtome").path), files: LocalFileSystem())
        var record = try #require(try store.record(for: key))
        var bytes = try store.read(record.outputs[0].digest)
        bytes[bytes.count / 2] ^= 1
        record.outputs[0].digest = try store.write(bytes)
        try store.publish(record)
      }
      let outcome = try program.run("verify", "study.yaml", "--rebuild", "all", "--json")
      #expect(outcome.status == 1)
      #expect(rebuilt(outcome)["different"] as? [String] == [id])
      #expect(rebuilt(outcome)["identical"] as? Int == CheapStudy.steps - 1)
      let findings = outcome.json["findings"] as? [[String: Any]] ?? []
      #expect(Set(findings.compactMap { $0["subject"] as? String }) == ["lock", "step"])
      #expect(findings.allSatisfy { ($0["step"] as? String)?.hasPrefix("\(id): ") == true })
      #expect(outcome.error.contains("differs from byte"))
      program.clean()
    }

    @Test("a lock file of another release, or none, is told apart from a differing one")
    func lock() throws {
      let program = try CheapStudy.finished.get().copy()
      try program.write("{}", to: "results/cheap/study.lock.json")
      let (status, findings) = try program.findings("--rebuild", "1")
      #expect(status == 1)
      #expect(findings.map { $0["subject"] as? String } == ["lock"])
      try FileManager.default.removeItem(
        at: program.directory.appending(path: "results/cheap/study.lock.json"))
      let outcome = try program.run("verify", "study.yaml")
      #expect(outcome.status == 0)
      #expect(outcome.error.contains("study.lock.json to compare with"))
      program.clean()
    }
  }
}
