import Testing

extension ProgramTests {
  @Suite("What a change re-runs")
  struct RerunTests {
    /// One store and many edits: each case starts from the finished study.
    @Test("only the steps that read a change run again")
    func reruns() throws {
      let program = try Program()
      let first = try program.execute(TinyStudy.manifest)
      // 2 sizes x 2 initializations x 2 replicates = 8 cells, 2 test sets.
      #expect(first.of("train").count == 8)
      #expect(first.of("predict").count == 16)
      #expect(first.of("measure").count == 16)
      #expect(first.of("subset").count == 4)
      #expect(first.of("compare").count == 2)
      #expect(first.count == 3 + 1 + 4 + 8 + 16 + 16 + 2)

      #expect(try program.execute(TinyStudy.manifest).isEmpty, "the second run does nothing")

      // The question is for the report alone.
      #expect(try program.execute(TinyStudy.with("one beat", "this beat")).isEmpty)
      #expect(try program.read("results/tiny/report.html").contains("this beat"))

      #expect(
        try program.execute(
          TinyStudy.with("  gland:", "  glands:").replacing(
            "experiment: gland,", with: "experiment: glands,")
        ).isEmpty,
        "renaming an experiment re-runs nothing")
      #expect(
        try program.execute(TinyStudy.with("random", "scratch")).isEmpty,
        "renaming an initialization re-runs nothing")

      let pooled = "metric: dice, family: study }\nresults"
      let study = TinyStudy.with("metric: dice }\nresults", pooled)
      #expect(try program.execute(study) == ["study/adjust"])
      #expect(
        try program.execute(study.replacing("random", with: "scratch")).isEmpty,
        "names enter no correction of pooled comparisons either")

      let alpha = try program.execute(
        TinyStudy.with("metric: dice }\nresults", "metric: dice, alpha: 0.1 }\nresults"))
      #expect(alpha == alpha.of("compare") && alpha.count == 2)

      let metric = try program.execute(TinyStudy.with("metrics: [dice]", "metrics: [dice, iou]"))
      #expect(metric == metric.of("measure") && metric.count == 16)

      let size = try program.execute(TinyStudy.with("[2, 4]", "[2, 4, 6]"))
      #expect(size.subtracting(size.of("compare")).allSatisfy { $0.contains("/n=6/") })
      #expect(size.of("train").count == 4)
      #expect(size.of("compare").count == 2)

      let replicate = try program.execute(TinyStudy.with("replicates: 2", "replicates: 3"))
      #expect(replicate.subtracting(replicate.of("compare")).allSatisfy { $0.contains("/r=3/") })
      #expect(replicate.of("train").count == 4)
      #expect(replicate.of("compare").count == 2)

      let testSet = try program.execute(
        TinyStudy.with("test: 2 }, size: 64, seed: 2", "test: 2, more: 2 }, size: 64, seed: 2")
          .replacing("out_of_domain: [twin/test]", with: "out_of_domain: [twin/test, twin/more]"))
      #expect(testSet.of("train").isEmpty)
      #expect(testSet.of("predict").count == 8)
      #expect(testSet.of("predict").allSatisfy { $0.hasSuffix("twin/more") })
      #expect(testSet.of("compare").count == 1)

      let initialization = try program.execute(
        TinyStudy.with(
          "  random: {}\n", "  random: {}\n  other: { normalization: half }\n"
        )
        .replacing("[shapes, random]", with: "[shapes, random, other]"))
      #expect(initialization.allSatisfy { $0.contains("/other/") })
      #expect(initialization.of("train").count == 4)

      // Every image fits into one window of 64, so another stride gives the same windows and maps:
      // prediction reads the stride and runs; measurement reads only bytes that did not change.
      let stride = try program.execute(TinyStudy.with("stride: 64", "stride: 32"))
      #expect(stride == stride.of("predict") && stride.count == 16)

      let steps = try program.execute(
        TinyStudy.with("batch: 2, steps: 3", "batch: 2, steps: 4"))
      #expect(steps.of("train").count == 8)
      #expect(steps.of("pretrain").isEmpty && steps.of("subset").isEmpty)
      #expect(steps.of("synthesize").isEmpty)

      let width = try program.execute(TinyStudy.with("seed: 3", "seed: 4"))
      #expect(width.contains("shapes/synthesize"))
      #expect(width.of("train").allSatisfy { $0.contains("/shapes/") })

      #expect(try program.execute(TinyStudy.manifest).isEmpty, "going back costs nothing")
      program.clean()
    }

    @Test("why names the line of the manifest that changed")
    func why() throws {
      let program = try Program()
      _ = try program.execute(TinyStudy.manifest)
      let edited = TinyStudy.with("batch: 2, steps: 3", "batch: 2, steps: 5")
      try program.write(edited, to: "study.yaml")
      let line =
        edited.split(separator: "\n", omittingEmptySubsequences: false)
        .firstIndex { $0.contains("steps: 5") }! + 1
      for step in ["gland/random/n=2/r=1/train", "gland/random/n=2/r=1/measure/tissue"] {
        let outcome = try program.run("why", "study.yaml", step, "--json")
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.json["id"] as? String == step)
        let causes = outcome.json["causes"] as? [[String: Any]] ?? []
        let cause = try #require(causes.first, "\(step) has no cause")
        #expect(cause["line"] as? Int == line)
        #expect(cause["file"] as? String == "study.yaml")
        #expect((cause["name"] as? String)?.hasSuffix("training.steps") == true)
        #expect(cause["before"] as? String == "3")
        #expect(cause["after"] as? String == "5")
      }
      program.clean()
    }

    @Test("the number of jobs and threads changes no byte")
    func threads() throws {
      var locks: [String] = []
      for jobs in ["1", "2", "4"] {
        let program = try Program()
        try program.write(TinyStudy.manifest, to: "study.yaml")
        let outcome = try program.run("run", "study.yaml", "--jobs", jobs)
        #expect(outcome.status == 0, "\(outcome.error)")
        locks.append(try program.digests())
        program.clean()
      }
      #expect(locks[0] == locks[1] && locks[1] == locks[2])
    }
  }
}
