import Foundation
import Testing

extension ProgramTests {
  /// What runners of other fields get wrong, tried through the command line; `RerunTests` and
  /// `NothingToDoTests` hold the probes of edits, undoing, deletion and tampering.
  @Suite("Probes that other runners fail")
  struct ProbeTests {
    @Test("a touched input, and a comment in the manifest, re-run nothing")
    func touched() throws {
      let program = try CheapStudy.finished.get().copy()
      defer { program.clean() }
      _ = try program.execute(CheapStudy.manifest)
      let image = program.directory.appending(path: "data/images/a.bmp").path
      try FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: image)
      #expect(try program.execute(CheapStudy.manifest).isEmpty)
      #expect(try program.execute("# A remark.\n" + CheapStudy.manifest).isEmpty)
    }

    @Test("an input with other bytes re-runs what reads it, and its old bytes re-run nothing")
    func edited() throws {
      let program = try CheapStudy.finished.get().copy()
      defer { program.clean() }
      try program.write(bitmap: 91, to: "data/images/a.bmp")
      let edited = try program.execute(CheapStudy.manifest)
      #expect(edited.contains("files/import"))
      #expect(edited.of("train").isEmpty)
      #expect(edited.of("predict").count == 2)
      #expect(edited.of("predict").allSatisfy { $0.hasSuffix("/files") })
      try program.write(bitmap: 90, to: "data/images/a.bmp")
      #expect(try program.execute(CheapStudy.manifest).isEmpty)
      #expect(try program.digests("cheap") == CheapStudy.lock())
    }

    @Test("a study that shrinks compares again what is left")
    func shrinks() throws {
      let program = try CheapStudy.program()
      defer { program.clean() }
      _ = try program.execute(
        CheapStudy.manifest.replacing("subset_sizes: [2]", with: "subset_sizes: [2, 3]"))
      let shrunk = try program.execute(CheapStudy.manifest)
      #expect(!shrunk.isEmpty && shrunk == shrunk.of("compare"))
      #expect(try program.digests("cheap") == CheapStudy.lock())
    }

    @Test("workers see a declared environment only: another one around them gives the same bytes")
    func environment() throws {
      let program = try CheapStudy.program()
      defer { program.clean() }
      let (process, output, error) = try program.start(
        ["run", "study.yaml"],
        environment: [
          "LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Kathmandu", "OPENBLAS_NUM_THREADS": "7",
          "OPENBLAS_CORETYPE": "Prescott", "OMP_NUM_THREADS": "5", "MICROTOME_SEED": "9",
        ])
      process.waitUntilExit()
      let outcome = try program.outcome(of: process, output, error)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(try program.digests("cheap") == CheapStudy.lock())
    }

    /// Half of the processes run a study that shares all but one size with the others'.
    @Test("processes at once on one store run each action once", arguments: [2, 8])
    func together(processes: Int) throws {
      let program = try CheapStudy.program()
      defer { program.clean() }
      let large = CheapStudy.manifest.replacing("subset_sizes: [2]", with: "subset_sizes: [2, 3]")
      try program.write(large, to: "large.yaml")
      let runs = try (0..<processes).map { i in
        try program.start(
          ["run", i % 2 == 0 ? "study.yaml" : "large.yaml", "--json", "--results", "results/\(i)"])
      }
      var executed = 0
      for (process, output, error) in runs {
        process.waitUntilExit()
        let outcome = try program.outcome(of: process, output, error)
        #expect(outcome.status == 0, "\(outcome.error)")
        executed += (outcome.json["steps"] as? [String: Int])?["executed"] ?? 0
      }
      let alone = try CheapStudy.program()
      defer { alone.clean() }
      var distinct = try alone.execute(CheapStudy.manifest).count
      distinct += try alone.execute(large).count
      #expect(executed == distinct)
      for i in 0..<processes where i % 2 == 0 {
        #expect(try program.read("results/\(i)/cheap/study.lock.json") == CheapStudy.lock())
      }
      let (status, findings) = try program.findings()
      #expect(status == 0 && findings.isEmpty, "\(findings)")
    }
  }
}
