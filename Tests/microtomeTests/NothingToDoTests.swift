import Foundation
import Testing

extension ProgramTests {
  @Suite("A run with nothing to do")
  struct NothingToDoTests {
    /// How many steps a run executed, and whether it remembered that there was nothing to do.
    private func run(_ program: Program) throws -> (executed: Int, said: String) {
      let outcome = try program.run("run", "study.yaml", "--json")
      #expect(outcome.status == 0, "\(outcome.error)")
      let steps = outcome.json["steps"] as? [String: Int] ?? [:]
      #expect(steps["total"] == 50 && outcome.json["study"] as? String == "tiny")
      return (steps["executed"] ?? -1, outcome.error)
    }

    @Test("what has changed under it is noticed and repaired, and the results are the same bytes")
    func damage() throws {
      let program = try Program()
      try program.write(TinyStudy.manifest, to: "study.yaml")
      #expect(try run(program).executed == 50)
      let lock = try program.digests()
      let weights = try object(program, "gland/random/n=2/r=1/train")

      let first = try run(program)
      #expect(first.executed == 0)
      #expect(first.said.contains("warning[design.cannot-reject]"), "warnings are said every time")
      #expect(first.said.contains("results are as they were"))

      // Other bytes of the same size in the same file, and its time put back.
      let date = try FileManager.default.attributesOfItem(atPath: weights.path)[.modificationDate]
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: weights.path)
      let handle = try FileHandle(forUpdating: weights)
      try handle.seek(toOffset: 1000)
      try handle.write(contentsOf: Data([1, 2, 3, 4]))
      try handle.close()
      try FileManager.default.setAttributes(
        [.modificationDate: date!], ofItemAtPath: weights.path)
      #expect(try run(program).executed == 1, "the tampered weights are made again")
      #expect(try run(program).executed == 0)

      try FileManager.default.removeItem(at: weights)
      #expect(try run(program).executed == 1, "deleted weights are made again")
      #expect(try run(program).executed == 0)

      let report = program.directory.appending(path: "results/tiny/report.html")
      try FileManager.default.removeItem(at: report)
      #expect(try run(program).executed == 0)
      #expect(FileManager.default.fileExists(atPath: report.path), "the report is written again")

      // An edit that changes nothing else than what the report says, and back.
      try program.write(TinyStudy.with("one beat", "this beat"), to: "study.yaml")
      #expect(try run(program).executed == 0)
      #expect(try program.read("results/tiny/report.html").contains("this beat"))
      try program.write(TinyStudy.manifest, to: "study.yaml")
      #expect(try run(program).executed == 0)
      #expect(try program.digests() == lock)
      program.clean()
    }

    /// The edit makes another run of it, which must not take the tampered object for a good one.
    @Test("tampering is noticed also when the manifest is edited at the same time")
    func tamperedAndEdited() throws {
      let program = try Program()
      try program.write(TinyStudy.manifest, to: "study.yaml")
      #expect(try run(program).executed == 50)
      let weights = try object(program, "gland/random/n=4/r=2/train")
      var bytes = try Data(contentsOf: weights)
      bytes[bytes.count / 2] ^= 0xff
      try FileManager.default.removeItem(at: weights)
      try bytes.write(to: weights)
      try program.write(TinyStudy.with("one beat", "this beat"), to: "study.yaml")
      #expect(try run(program).executed == 1)
      program.clean()
    }

    @Test("a base of the manifest and the file of locations count as well")
    func bases() throws {
      let program = try Program()
      try program.write(TinyStudy.manifest, to: "base.yaml")
      try program.write("extends: base.yaml\nstudy: tiny\n", to: "study.yaml")
      #expect(try run(program).executed == 50)
      #expect(try run(program).executed == 0)
      try program.write(TinyStudy.with("replicates: 2", "replicates: 1"), to: "base.yaml")
      let outcome = try program.run("run", "study.yaml", "--json")
      let steps = outcome.json["steps"] as? [String: Int] ?? [:]
      #expect(steps["total"] ?? 50 < 50)
      try program.write("tissue /x\n", to: ".microtome.data.yaml")
      #expect(try program.run("run", "study.yaml").status == 2, "the file of locations is read")
      program.clean()
    }

    private func object(_ program: Program, _ step: String) throws -> URL {
      let outcome = try program.run("show", "study.yaml", step, "--json")
      let outputs = outcome.json["outputs"] as? [[String: Any]] ?? []
      return URL(
        filePath: try #require(
          outputs.first { $0["name"] as? String == "weights" }?["path"] as? String))
    }
  }
}
