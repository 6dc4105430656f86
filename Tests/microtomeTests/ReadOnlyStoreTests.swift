import Foundation
import Testing

/// A user who owns nothing: root may write whatever its mode says.
private enum Nobody {
  static let id: uid_t = 65534

  /// A command that runs the one that follows it as this user, where tests run as root.
  static let entrance =
    getuid() == 0
    ? ["/usr/bin/setpriv", "--reuid=\(id)", "--regid=\(id)", "--clear-groups", "--"] : []

  static let isAvailable: Bool = {
    guard getuid() == 0 else { return true }
    guard FileManager.default.isExecutableFile(atPath: entrance[0]), let program = try? Program()
    else { return false }
    defer { program.clean() }
    return (try? program.run(["schema"], through: entrance).status) == 0
  }()
}

extension ProgramTests {
  @Suite(
    "A store that may only be read",
    .enabled(
      if: Nobody.isAvailable,
      "as root it takes setpriv, and a build that other users may run"))
  struct ReadOnlyStoreTests {
    private func everything(in program: Program) throws -> [String] {
      let base = program.directory.path
      return [base]
        + (try FileManager.default.subpathsOfDirectory(atPath: base)).map { "\(base)/\($0)" }
    }

    private func change(_ paths: [String], adding: mode_t = 0, removing: mode_t = 0) throws {
      for path in paths {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFLNK else { continue }
        chmod(path, status.st_mode & 0o777 & ~removing | adding)
      }
    }

    /// What the index is, after a command that must leave it alone.
    private func bytes(_ index: String) throws -> Data {
      #expect(!FileManager.default.fileExists(atPath: "\(index).damaged"))
      return try Data(contentsOf: URL(filePath: index))
    }

    private func expectRefusal(
      _ program: Program, _ arguments: [String], naming index: String
    ) throws {
      let outcome = try program.run(arguments + ["--json"], through: Nobody.entrance)
      #expect(outcome.status == 3, "\(arguments): \(outcome.error)")
      let error = outcome.json["error"] as? [String: Any] ?? [:]
      #expect(error["code"] as? String == "store.unusable", "\(arguments)")
      let message = error["message"] as? String ?? ""
      #expect(message.hasPrefix("cannot use \(index): "), "\(arguments): \(message)")
      #expect(message.contains("readonly"), "\(arguments): \(message)")
      let hint = error["hint"] as? String ?? ""
      #expect(hint.contains("correct the permissions"), "\(arguments): \(hint)")
    }

    private let looks = [
      ["plan", "study.yaml"], ["status", "study.yaml"], ["verify", "study.yaml"],
    ]

    @Test("an index alone that may not be written is read; what it should remember is an error")
    func index() throws {
      let program = try CheapStudy.finished.get().copy()
      if getuid() == 0 {
        for path in try everything(in: program) { lchown(path, Nobody.id, Nobody.id) }
      }
      let index = program.directory.appending(path: ".microtome/index.sqlite").path
      chmod(index, 0o444)
      let before = try bytes(index)
      for command in looks {
        let outcome = try program.run(command, through: Nobody.entrance)
        #expect(outcome.status == 0, "\(command): \(outcome.error)")
      }
      // What steps cost and which keys they had is not remembered, and no result depends on it.
      let edited = CheapStudy.manifest.replacing("seed: 7", with: "seed: 8")
      try program.write(edited, to: "study.yaml")
      let outcome = try program.run(["run", "study.yaml", "--json"], through: Nobody.entrance)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect((outcome.json["steps"] as? [String: Int])?["executed"] ?? 0 > 0)
      // A file that changed would be hashed again each time, for as long as nobody knows why.
      try program.write("stem,split\na,test\n\n", to: "data/table.csv")
      // Nor would it be remembered while it has just changed.
      usleep(2_100_000)
      try expectRefusal(program, ["run", "study.yaml"], naming: index)
      #expect(try bytes(index) == before)
      chmod(index, 0o644)
      let next = try program.run(["run", "study.yaml"], through: Nobody.entrance)
      #expect(next.status == 0, "\(next.error)")
      program.clean()
    }

    @Test(
      "of a whole store, all that opens the index is an error; a run with nothing to do is none")
    func store() throws {
      let program = try CheapStudy.program()
      // A run is not remembered whose sources have just changed.
      usleep(2_100_000)
      #expect(try program.run("run", "study.yaml").status == 0)
      let all = try everything(in: program)
      if getuid() == 0 {
        let outcome = try program.run(["run", "study.yaml", "--json"], through: Nobody.entrance)
        #expect(outcome.status == 0, "\(outcome.error)")
        let steps = outcome.json["steps"] as? [String: Int]
        #expect(steps?["executed"] == 0 && steps?["cached"] == CheapStudy.steps)
      } else {
        // It changes the times of everything, so that everything is looked at again.
        try change(all, removing: 0o222)
      }
      let index = program.directory.appending(path: ".microtome/index.sqlite").path
      let before = try bytes(index)
      for command in looks + [["run", "study.yaml", "--only", "*"], ["gc"]] {
        try expectRefusal(program, command, naming: index)
      }
      #expect(try bytes(index) == before)
      if getuid() != 0 { try change(all, adding: 0o200) }
      #expect(try program.findings().status == 0)
      program.clean()
    }
  }
}
