import Core
import Foundation
import Storage
import Testing

extension ProgramTests {
  @Suite("Freeing what nobody needs")
  struct CollectTests {
    private static let edited = CheapStudy.manifest.replacing(
      "batch: 1, steps: 1", with: "batch: 1, steps: 2")

    @Test("gc shows first, frees what the lock file does not reach, and the rest stays valid")
    func frees() throws {
      let program = try CheapStudy.finished.get().copy()
      // The lock file of the copied directory is the one that is registered.
      try? FileManager.default.removeItem(
        at: program.directory.appending(path: ".microtome/studies"))
      let rerun = try program.execute(Self.edited)
      let recent = try program.run("gc", "--json").json
      #expect(recent["records"] as? Int == 0, "records of today stay")
      let before = try program.stored("objects")
      let shown = try program.run("gc", "--keep-days", "0", "--json")
      let objects = try #require(shown.json["objects"] as? Int)
      #expect(objects > 0 && shown.json["removed"] as? Int == 0)
      #expect(shown.error.contains("--yes"))
      #expect(try program.stored("objects") == before)

      let freed = try program.run("gc", "--keep-days", "0", "--yes", "--json").json
      #expect(freed["removed"] as? Int == objects)
      #expect(freed["records"] as? Int == rerun.count)
      #expect(try program.stored("objects").count == before.count - objects)
      #expect(try program.execute(Self.edited).isEmpty, "what the lock names is there")
      #expect(try program.findings().status == 0)
      #expect(try program.execute(CheapStudy.manifest) == rerun, "the freed steps run again")
      program.clean()
    }

    @Test("a store shared by two repositories frees nothing that either reaches")
    func shared() throws {
      let first = try CheapStudy.finished.get().copy()
      try? FileManager.default.removeItem(at: first.directory.appending(path: ".microtome/studies"))
      let store = first.directory.appending(path: ".microtome").path
      #expect(try first.execute(CheapStudy.manifest).isEmpty)
      let second = try CheapStudy.program()
      try second.write(Self.edited, to: "study.yaml")
      #expect(try second.run("run", "study.yaml", "--store", store).status == 0)

      let freed = try first.run("gc", "--keep-days", "0", "--yes", "--json").json
      #expect((freed["locks"] as? [String])?.count == 2)
      for program in [first, second] {
        let outcome = try program.run("run", "study.yaml", "--store", store, "--json")
        #expect((outcome.json["steps"] as? [String: Int])?["executed"] == 0)
      }

      let lock = second.directory.appending(path: "results/cheap/study.lock.json").path
      second.clean()
      let refused = try first.run("gc", "--keep-days", "0", "--yes", "--json")
      #expect(refused.status == 3)
      #expect(refused.error.contains("--forget \(lock)"), "its disk may not be mounted")
      #expect(try first.run("gc", "--forget", "/nowhere/study.lock.json").status == 2)
      let forgotten = try first.run("gc", "--keep-days", "0", "--forget", lock, "--yes", "--json")
      #expect((forgotten.json["removed"] as? Int ?? 0) > 0)
      #expect(try first.execute(CheapStudy.manifest).isEmpty)
      first.clean()
    }

    @Test("what `keep:` leaves out is freed, not missed, and made again by what needs it")
    func keep() throws {
      let program = try CheapStudy.program()
      let lean = CheapStudy.manifest + "keep: [measurements]\n"
      #expect(try program.execute(lean).count == CheapStudy.steps)
      let table = try program.read("results/cheap/measurements.csv")
      let before = try program.stored("objects")
      #expect(try program.run("gc", "--yes", "--json").json["removed"] as? Int == 0, "not yet")
      let freed = try program.run("gc", "--keep-days", "0", "--yes", "--json").json
      // Weights of two cells; two maps of two test sets each, and what lists them.
      let removed = try #require(freed["removed"] as? Int)
      #expect(removed >= 6)
      #expect(freed["records"] as? Int == 0)
      #expect(try program.stored("objects").count == before.count - removed)

      #expect(try program.execute(lean).isEmpty, "nothing needs them")
      #expect(try program.findings().status == 0, "and nothing misses them")
      #expect(try program.findings("--rebuild", "all").status == 0)
      let again = try program.execute(
        lean.replacing("metrics: [dice]", with: "metrics: [dice, iou]"))
      for kind in ["measure", "predict", "train"] {
        #expect(
          !again.of(kind).isEmpty, "a new metric needs the predictions, and those the weights")
      }
      #expect(try program.execute(lean).isEmpty)
      #expect(try program.read("results/cheap/measurements.csv") == table)
      #expect(try program.findings().status == 0)
      program.clean()
    }

    @Test("while a process uses the store nothing is freed, and gc says so with exit 3")
    func busy() throws {
      let program = try CheapStudy.finished.get().copy()
      let store = try Store(
        at: Path(program.directory.appending(path: ".microtome").path), files: LocalFileSystem())
      let outcome = try program.run("gc", "--keep-days", "0", "--yes", "--json")
      #expect(outcome.status == 3)
      #expect((outcome.json["error"] as? [String: Any])?["code"] as? String == "store.busy")
      withExtendedLifetime(store) {}
      program.clean()
    }
  }
}
