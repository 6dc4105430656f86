import Core
import Foundation
import Testing

/// What happens to a file behind the store's back.
enum Damage: String, CaseIterable {
  case flip
  case truncate
  case delete

  func strike(_ file: URL, _ random: inout RandomStream) throws {
    var bytes = try Data(contentsOf: file)
    try FileManager.default.removeItem(at: file)
    switch self {
    case .delete: return
    case .truncate: bytes = bytes.prefix(random.index(below: bytes.count))
    case .flip: bytes[random.index(below: bytes.count)] ^= 1 << UInt8(random.index(below: 8))
    }
    try bytes.write(to: file)
  }
}

extension ProgramTests {
  /// Every object and record of a real study is struck: flipped, cut, removed, and all of it mixed.
  @Suite("Damage to a store")
  struct DamageTests {
    /// Strikes every file below a directory of the store of a finished study.
    private func struck(
      _ folder: String, _ damages: [Damage], seed: UInt64
    ) throws -> (program: Program, paths: Set<String>) {
      let program = try CheapStudy.finished.get().copy()
      let files = try program.stored(folder)
      var random = RandomStream(seed: seed, purpose: folder)
      for file in files {
        let damage = damages[random.index(below: damages.count)]
        try damage.strike(program.directory.appending(path: file), &random)
      }
      return (program, Set(files.map { program.directory.appending(path: $0).path }))
    }

    @Test("verify finds every damaged object and names its maker", arguments: Damage.allCases)
    func objects(damage: Damage) throws {
      let (program, paths) = try struck("objects", [damage], seed: 1)
      let (status, findings) = try program.findings()
      #expect(status == 1)
      #expect(Set(findings.compactMap { $0["path"] as? String }) == paths)
      let makers = findings.compactMap { $0["step"] as? String }
      for maker in [
        "files/source: listing", "tissue/synthesize: image", "files/import: split/test",
        "gland/half/n=2/r=1/train: weights", "gland/n=2/r=1/subset",
        "gland/half-random/dice/tissue/compare",
      ] {
        #expect(makers.contains { $0.hasPrefix(maker) }, "\(maker) in \(makers)")
      }
      program.clean()
    }

    @Test("verify finds every damaged record and names its step", arguments: Damage.allCases)
    func records(damage: Damage) throws {
      let (program, paths) = try struck("actions", [damage], seed: 2)
      let (status, all) = try program.findings()
      #expect(status == 1)
      let findings = all.filter { $0["subject"] as? String == "record" }
      #expect(Set(findings.compactMap { $0["path"] as? String }) == paths)
      #expect(Set(findings.compactMap { $0["step"] as? String }).count == CheapStudy.steps)
      program.clean()
    }

    @Test("what verify found is made again to the same bytes", arguments: ["objects", "actions"])
    func repair(folder: String) throws {
      let (program, _) = try struck(folder, Damage.allCases, seed: 3)
      #expect(try program.findings().status == 1)
      // The listing of a folder is made by looking at it, so `files/source` may have its output.
      #expect(try program.execute(CheapStudy.manifest).count >= CheapStudy.steps - 1)
      #expect(try program.digests("cheap") == CheapStudy.lock())
      #expect(try program.findings().status == 0)
      program.clean()
    }

    @Test("a run with nothing to do notices what is gone or of another size", arguments: [1, 2, 3])
    func missing(seed: UInt64) throws {
      let program = try CheapStudy.finished.get().copy()
      var random = RandomStream(seed: seed, purpose: "missing")
      for folder in ["objects", "actions"] {
        for file in try random.shuffled(program.stored(folder)).prefix(4) {
          let damage: Damage = random.chance(0.5) ? .delete : .truncate
          try damage.strike(program.directory.appending(path: file), &random)
        }
      }
      #expect(try !program.execute(CheapStudy.manifest).isEmpty)
      #expect(try program.digests("cheap") == CheapStudy.lock())
      program.clean()
    }

    @Test("a run that reads damaged objects makes them again, also the report's")
    func readers() throws {
      let (program, _) = try struck("objects", [.flip], seed: 4)
      // Nothing is missing, but the page reads a damaged measurement, which reads a damaged map, which
      // reads damaged weights.
      let executed = try program.execute(CheapStudy.manifest)
      #expect(executed.of("measure").count == 4 && executed.of("train").count == 2)
      #expect(try program.digests("cheap") == CheapStudy.lock())
      program.clean()
    }

    @Test("a damaged index is found or says nothing wrong, and changes no result")
    func index() throws {
      let undamaged = try CheapStudy.finished.get()
      var random = RandomStream(seed: 5, purpose: "index")
      for damage: Damage in [.delete, .truncate, .truncate, .flip, .flip, .flip, .flip] {
        let program = try undamaged.copy()
        let file = program.directory.appending(path: ".microtome/index.sqlite")
        try damage.strike(file, &random)
        let (status, findings) = try program.findings()
        #expect(findings.allSatisfy { $0["subject"] as? String == "index" } || status == 1)
        #expect(damage == .flip || status == 1, "\(damage)")
        #expect(try program.execute(CheapStudy.manifest).isEmpty)
        #expect(try program.digests("cheap") == CheapStudy.lock())
        #expect(try program.run("index", "rebuild").status == 0)
        #expect(try program.findings().status == 0)
        program.clean()
      }
    }

    @Test("the index comes back from objects and records alone")
    func rebuild() throws {
      let program = try CheapStudy.finished.get().copy()
      for name in ["index.sqlite", "index.sqlite-wal", "index.sqlite-shm"] {
        try? FileManager.default.removeItem(
          at: program.directory.appending(path: ".microtome/\(name)"))
      }
      let outcome = try program.run("index", "rebuild", "--json")
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.json["records"] as? Int == CheapStudy.steps)
      try program.write(
        CheapStudy.manifest.replacing("batch: 1, steps: 1", with: "batch: 1, steps: 2"),
        to: "study.yaml")
      let why = try program.run("why", "study.yaml", "gland/half/n=2/r=1/train", "--json").json
      let causes = why["causes"] as? [[String: Any]] ?? []
      #expect(causes.first?["before"] as? String == "1", "why knows the last run again")
      #expect(try program.run("index", "rebuild", "--store", "nowhere").status == 3)
      program.clean()
    }
  }
}
