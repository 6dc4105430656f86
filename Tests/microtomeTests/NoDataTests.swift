import Foundation
import Testing

extension ProgramTests {
  @Suite("A machine without the data")
  struct NoDataTests {
    private static let folder = URL(filePath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "manifests")
    /// The committed manifests whose data everybody has to get for himself.
    private static let manifests =
      ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? [])
      .filter { name in
        let text = try? String(contentsOf: folder.appending(path: name), encoding: .utf8)
        return text?.contains("root: ") == true
      }.sorted()

    @Test("there are studies of data that are not here")
    func some() { #expect(Self.manifests.contains("kang-2023-nuclei.yaml")) }

    @Test("the studies of published data plan where these are not", arguments: manifests)
    func published(name: String) throws {
      let program = try Program()
      let text = try String(contentsOf: Self.folder.appending(path: name), encoding: .utf8)
      try program.write(text, to: "study/study.yaml")
      let plan = try program.run("plan", "study/study.yaml", "--json")
      #expect(plan.status == 0, "\(plan.error)")
      let steps = plan.json["steps"] as? [[String: Any]] ?? []
      let encoded = try program.run("plan", "study/study.yaml", "--encoded").output
        .split(separator: "\n").map { String($0.prefix { $0 != " " }) }
      #expect(steps.map { $0["id"] as? String } == encoded)
      let without = steps.filter { $0["state"] as? String == "no-data" }
      #expect(Set(without.compactMap { $0["kind"] as? String }).isSubset(of: ["source", "load"]))
      #expect(without.allSatisfy { $0["key"] is NSNull })
      let missing = plan.json["missing"] as? [[String: Any]] ?? []
      #expect(!missing.isEmpty && missing.count <= without.count)
      #expect(missing.allSatisfy { ($0["path"] as? String)?.hasPrefix("/") == true })
      #expect(missing.allSatisfy { ($0["hint"] as? String)?.contains("--data ") == true })
      let shown = try program.run("plan", "study/study.yaml")
      #expect(shown.status == 0)
      #expect(shown.output.contains(" no-data"))
      #expect(shown.error.contains("steps is not known, and `microtome run` refuses to start"))
      program.clean()
    }

    /// Generated tissue, and a folder and a weight file of which the test says where they are.
    private static let manifest = CheapStudy.manifest
      .replacingOccurrences(
        of: "half: { normalization: half }",
        with: "files: { weights: encoder.safetensors, normalization: imagenet }"
      )
      .replacingOccurrences(of: "[half, random]", with: "[files, random]")
      .replacingOccurrences(of: "candidate: half", with: "candidate: files")

    private func states(_ outcome: Program.Outcome) -> [String: String] {
      let steps = outcome.json["steps"] as? [[String: Any]] ?? []
      return Dictionary(
        uniqueKeysWithValues: steps.map { ($0["id"] as! String, $0["state"] as! String) })
    }

    @Test("what is here is resolved, what is not says where it was looked for")
    func partly() throws {
      let program = try CheapStudy.program()
      try program.write(Self.manifest, to: "study.yaml")
      // The dataset is called as the weight file is: one is here, and the other is not.
      let plan = try program.run("plan", "study.yaml", "--json")
      #expect(plan.status == 0, "\(plan.error)")
      let planned = states(plan)
      #expect(planned["files/source"] == "ready")
      #expect(planned["tissue/synthesize"] == "ready")
      #expect(planned["files/resnet18@0.0625/load"] == "no-data", "\(planned)")
      #expect(planned["gland/files/n=2/r=1/train"] == "waiting")
      let missing = plan.json["missing"] as? [[String: Any]] ?? []
      #expect(missing.map { $0["name"] as? String } == ["files"])
      #expect(missing.first?["code"] as? String == "data.missing-weights")
      #expect(
        missing.first?["path"] as? String
          == program.directory.resolvingSymlinksInPath().path + "/encoder.safetensors")
      #expect(missing.first?["line"] as? Int == 10)
      #expect(Set((plan.json["datasets"] as? [String: String] ?? [:]).keys) == ["files"])

      let elsewhere = try program.run(
        "plan", "study.yaml", "--data", "files=nowhere", "--json")
      #expect(elsewhere.status == 0)
      #expect(states(elsewhere)["files/source"] == "no-data")
      #expect((elsewhere.json["missing"] as? [[String: Any]])?.count == 2)
      program.clean()
    }

    @Test("`status` and `why` say what is missing, and `run` refuses before any step")
    func others() throws {
      let program = try CheapStudy.program()
      _ = try program.execute(CheapStudy.manifest)
      let cached = try program.run("plan", "study.yaml", "--json")
      #expect(Set(states(cached).values) == ["cached"])
      let away = ["study.yaml", "--data", "files=nowhere", "--json"]
      let status = try program.run(["status"] + away)
      #expect(status.status == 0)
      let found = states(status)
      #expect(found["files/source"] == "no-data")
      #expect(found["files/import"] == "waiting")
      #expect(found["gland/random/n=2/r=1/train"] == "cached", "what needs no file is known")
      #expect((status.json["missing"] as? [[String: Any]])?.count == 1)
      #expect(status.error.contains("warning[data.missing-root]"))

      for (id, name) in [
        ("files/source", "files"), ("gland/random/n=2/r=1/predict/files", "files/source: files"),
      ] {
        let arguments = ["study.yaml", id, "--data", "files=nowhere"]
        let why = try program.run(["why"] + arguments + ["--json"])
        #expect(why.status == 0)
        let cause = try #require((why.json["causes"] as? [[String: Any]])?.first)
        #expect(cause["kind"] as? String == "no-data")
        #expect(cause["name"] as? String == name)
        #expect((cause["after"] as? String)?.hasSuffix("/nowhere") == true)
        #expect(cause["line"] as? Int == 7)
        let words = try program.run(["why"] + arguments).output
        #expect(words.contains("is not here, looked for at"), "\(words)")
      }
      for command in ["run", "report"] {
        let refused = try program.run([command] + away)
        #expect(refused.status == 3)
        #expect(
          (refused.json["error"] as? [String: Any])?["code"] as? String == "data.missing-root")
      }
      program.clean()
    }

    @Test("data that are here and wrong are exit 3 from `plan` too, with all that is missing")
    func wrong() throws {
      let program = try CheapStudy.program()
      let digest = String(repeating: "d", count: 64)
      try program.write(
        Self.manifest.replacingOccurrences(
          of: "root: data,", with: "root: data, digest: \(digest),"), to: "study.yaml")
      let plan = try program.run("plan", "study.yaml", "--json")
      #expect(plan.status == 3)
      let error = plan.json["error"] as? [String: Any]
      let codes = (error?["diagnostics"] as? [[String: Any]] ?? []).map { $0["code"] as? String }
      #expect(codes == ["data.not-as-pinned", "data.missing-weights"])
      program.clean()
    }
  }
}
