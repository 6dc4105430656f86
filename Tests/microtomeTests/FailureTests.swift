import Foundation
import Testing

extension ProgramTests {
  @Suite("Errors, exit codes and shapes")
  struct FailureTests {
    @Test("an invalid manifest is exit 2 and the validate shape from every command")
    func invalid() throws {
      let program = try Program()
      try program.write(TinyStudy.with("replicates: 2", "replicate: 2"), to: "study.yaml")
      for command in [["validate"], ["plan"], ["run"], ["status"], ["report"]] {
        let outcome = try program.run(command + ["study.yaml", "--json"])
        #expect(outcome.status == 2)
        let diagnostics = outcome.json["diagnostics"] as? [[String: Any]] ?? []
        #expect(diagnostics.contains { $0["severity"] as? String == "error" })
        #expect(diagnostics.allSatisfy { $0["code"] is String && $0["message"] is String })
        #expect(outcome.error.contains("study.yaml:"))
        #expect(outcome.error.contains("^"), "the excerpt has a caret")
      }
      program.clean()
    }

    @Test(
      "a wrong command line is exit 2", arguments: [["run"], ["plan", "--frobnicate"], ["flow"]])
    func commandLine(arguments: [String]) throws {
      let program = try Program()
      #expect(try program.run(arguments).status == 2)
      program.clean()
    }

    @Test("help is exit 0 and teaches", arguments: ["run", "plan", "why", "show", "validate"])
    func help(command: String) throws {
      let program = try Program()
      let outcome = try program.run(command, "--help")
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("USAGE"))
      program.clean()
    }

    @Test("a missing root is exit 3 before any step, at the line that names it")
    func missingRoot() throws {
      let program = try Program()
      try program.write(
        TinyStudy.with(
          "tissue: { format: synthetic-tissue, images: { train: 8, test: 2 }, size: 64, seed: 1 }",
          "tissue: { format: image-mask-folder, root: nowhere, table: table.csv }"),
        to: "study.yaml")
      let outcome = try program.run("run", "study.yaml", "--json")
      #expect(outcome.status == 3)
      let error = outcome.json["error"] as? [String: Any]
      #expect(error?["code"] as? String == "data.missing-root")
      #expect((error?["hint"] as? String)?.contains("--data tissue=") == true)
      #expect(outcome.error.contains("study.yaml:6:"))
      program.clean()
    }

    @Test(
      "a folder with bad content fails at import with everything that is wrong, before training")
    func badContent() throws {
      let program = try Program()
      for name in ["data/images/a.png", "data/images/b.png", "data/masks/a.png"] {
        try program.write("this is no image", to: name)
      }
      try program.write("stem,split\na,train\nb,train\n", to: "data/table.csv")
      let manifest = TinyStudy.with(
        "tissue: { format: synthetic-tissue, images: { train: 8, test: 2 }, size: 64, seed: 1 }",
        "tissue: { format: image-mask-folder, root: data, table: table.csv }")
      try program.write(manifest, to: "study.yaml")
      let outcome = try program.run("run", "study.yaml", "--json")
      #expect(outcome.status == 1)
      let failures = outcome.json["failures"] as? [[String: Any]] ?? []
      let failure = try #require(failures.first { $0["id"] as? String == "tissue/import" })
      #expect(failure["exit"] as? Int == 1)
      #expect((failure["reproduce"] as? String)?.contains("worker") == true)
      let messages = (failure["diagnostics"] as? [[String: Any]] ?? [])
      #expect(messages.count >= 2, "the unreadable image and the missing mask, at once")
      #expect(messages.allSatisfy { $0["line"] as? Int == 6 })
      let steps = outcome.json["steps"] as? [String: Int]
      #expect(steps?["skipped"] ?? 0 > 0)
      program.clean()
    }

    @Test("a test split that the data do not have fails the import, before anything is trained")
    func missingSplit() throws {
      let program = try Program()
      for name in ["a", "b", "c", "d"] {
        for folder in ["images", "masks"] {
          try program.write(bitmap: folder == "masks" ? 255 : 90, to: "data/\(folder)/\(name).bmp")
        }
      }
      try program.write("stem,split\na,train\nb,train\nc,train\nd,train\n", to: "data/table.csv")
      let manifest = TinyStudy.with(
        "tissue: { format: synthetic-tissue, images: { train: 8, test: 2 }, size: 64, seed: 1 }",
        "tissue: { format: image-mask-folder, root: data, table: table.csv }")
      try program.write(manifest, to: "study.yaml")
      let outcome = try program.run("run", "study.yaml", "--json")
      #expect(outcome.status == 1)
      let failures = outcome.json["failures"] as? [[String: Any]] ?? []
      #expect(failures.map { $0["id"] as? String } == ["tissue/import"])
      #expect(outcome.error.contains("error[data.no-such-split]"))
      #expect(outcome.error.contains("the dataset has the splits train"))
      program.clean()
    }

    @Test("an unknown --data name and a malformed data file are exit 2")
    func dataNames() throws {
      let program = try Program()
      try program.write(TinyStudy.manifest, to: "study.yaml")
      #expect(try program.run("plan", "study.yaml", "--data", "tisue=/x").status == 2)
      try program.write("tissue /x\n", to: ".microtome.data.yaml")
      let outcome = try program.run("plan", "study.yaml", "--json")
      #expect(outcome.status == 2)
      #expect((outcome.json["error"] as? [String: Any])?["code"] as? String == "data-file")
      program.clean()
    }

    @Test(
      "a store that cannot be made is exit 3 with its path", arguments: ["run", "verify", "plan"])
    func noStore(command: String) throws {
      let program = try Program()
      try program.write(TinyStudy.manifest, to: "study.yaml")
      let outcome = try program.run(command, "study.yaml", "--store", "/proc/none", "--json")
      #expect(outcome.status == 3)
      let error = outcome.json["error"] as? [String: Any]
      #expect((error?["message"] as? String)?.contains("/proc/none") == true)
      #expect(error?["hint"] is String)
      program.clean()
    }

    @Test("a worker that was killed is reported with its signal, and remembered as failed")
    func killedWorker() throws {
      let program = try Program()
      try program.write(InterruptionTests.manifest, to: "study.yaml")
      let (process, output, error) = try program.start(["run", "study.yaml", "--json"])
      for _ in 0..<600 {
        let killer = Process()
        killer.executableURL = URL(filePath: "/usr/bin/pkill")
        killer.arguments = [
          "-KILL", "-f", "worker --store \(program.directory.path)/.microtome .*/r=2/train",
        ]
        killer.standardError = FileHandle.nullDevice
        try killer.run()
        killer.waitUntilExit()
        if killer.terminationStatus == 0 { break }
        usleep(20_000)
      }
      process.waitUntilExit()
      let outcome = try program.outcome(of: process, output, error)
      #expect(outcome.status == 1)
      let failures = outcome.json["failures"] as? [[String: Any]] ?? []
      let failure = try #require(failures.first)
      #expect(failure["signal"] as? Int == 9)
      let id = try #require(failure["id"] as? String)
      let plan = try program.run("plan", "study.yaml", "--json").json
      let steps = plan["steps"] as? [[String: Any]] ?? []
      #expect(steps.first { $0["id"] as? String == id }?["state"] as? String == "failed")
      program.clean()
    }

    @Test("a loss that is not finite fails the step with its optimiser step and learning rate")
    func nonFinite() throws {
      let program = try Program()
      // Weight decay 1 at rate 100 multiplies every weight by -99 at each step: Float32 overflows
      // within 20 of them.
      try program.write(
        TinyStudy.with(
          "steps: 3, optimizer: { adam: { learning_rate: 1.0e-3 } }",
          "steps: 40, optimizer: { sgd: { learning_rate: 100, weight_decay: 1, momentum: 0 } }"),
        to: "study.yaml")
      let outcome = try program.run("run", "study.yaml", "--json")
      #expect(outcome.status == 1)
      #expect(outcome.error.contains("not finite at optimiser step"))
      #expect(outcome.error.contains("learning rate"))
      #expect(outcome.error.contains("alone: microtome worker"))
      program.clean()
    }

    @Test("plan, status and show print their shapes")
    func shapes() throws {
      let program = try Program()
      try program.write(TinyStudy.manifest, to: "study.yaml")
      let plan = try program.run("plan", "study.yaml", "--json").json
      #expect(plan["study"] as? String == "tiny")
      #expect(plan["cells"] as? Int == 8)
      let warnings = plan["warnings"] as? [[String: Any]] ?? []
      #expect(warnings.contains { $0["code"] as? String == "design.cannot-reject" })
      let steps = plan["steps"] as? [[String: Any]] ?? []
      #expect(steps.count == 50)
      let states = Set(steps.compactMap { $0["state"] as? String })
      #expect(states == ["ready", "waiting"])
      #expect(steps.contains { $0["key"] is NSNull }, "an unknown key is null")
      _ = try program.execute(TinyStudy.manifest)
      let status = try program.run("status", "study.yaml", "--json").json
      let done = status["steps"] as? [[String: Any]] ?? []
      #expect(done.allSatisfy { $0["state"] as? String == "cached" && $0["seconds"] is Double })
      let show = try program.run(
        "show", "study.yaml", "gland/random/n=2/r=1/train", "--extract", "out", "--json")
      #expect(show.status == 0)
      #expect(
        FileManager.default.fileExists(
          atPath: program.directory.appending(path: "out/weights.safetensors").path))
      let log = try program.run("log", "study.yaml", "gland/random/n=2/r=1/train")
      #expect(log.status == 0)
      #expect(log.output.contains("step 3 of 3: loss "))
      #expect(log.output.contains("of the hold-out"))
      #expect(try program.run("plan", "study.yaml", "--graph", "dot").output.hasPrefix("digraph"))
      #expect(try program.run("plan", "study.yaml", "--graph", "mermaid").output.contains("-->"))
      program.clean()
    }

    @Test("new writes a manifest that validates and can be planned")
    func new() throws {
      let program = try Program()
      #expect(try program.run("new", "my-study", "--output", "my.yaml").status == 0)
      #expect(try program.run("validate", "my.yaml").status == 0)
      #expect(try program.run("plan", "my.yaml", "--json").status == 0)
      #expect(
        try program.run("new", "my-study", "--output", "my.yaml").status == 3, "files are kept")
      program.clean()
    }

    @Test("doctor and schema print one JSON object")
    func doctorAndSchema() throws {
      let program = try Program()
      let doctor = try program.run("doctor", "--json", "--store", "store").json
      let checks = doctor["checks"] as? [[String: Any]] ?? []
      #expect(checks.count >= 4)
      #expect(
        checks.allSatisfy { $0["name"] is String && $0["ok"] is Bool && $0["detail"] is String })
      #expect(try program.run("schema").json["$schema"] is String)
      program.clean()
    }

    @Test("results of another manifest are not overwritten without --replace")
    func replace() throws {
      let program = try Program()
      _ = try program.execute(TinyStudy.manifest)
      try program.write(TinyStudy.manifest, to: "other.yaml")
      let refused = try program.run("run", "other.yaml", "--json")
      #expect(refused.status == 2)
      #expect(refused.error.contains("--replace"))
      #expect(try program.run("run", "other.yaml", "--replace").status == 0)
      program.clean()
    }
  }
}
