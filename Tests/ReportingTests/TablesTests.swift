import Core
import Evaluation
import Reporting
import Testing

private func empty() -> StudyReport {
  StudyReport(study: "s", question: nil, studyDigest: SHA256.digest(of: []), seed: 1)
}

private func row(
  _ size: Int, _ initialization: String, _ replicate: Int, _ image: String, _ value: Double?,
  reason: String? = nil
) -> Measurement {
  Measurement(
    experiment: "gland", size: size == 85 ? "all" : "\(size)", images: size,
    initialization: initialization, replicate: replicate, testSet: "glas/testA",
    metric: "dice.image_mean.v1", image: image, patient: "p1", value: value, reason: reason)
}

@Suite("measurements.csv")
struct MeasurementsCSVTests {
  @Test("has one sorted line for each value, with shortest decimals and reasons")
  func bytes() {
    var report = empty()
    report.measurements = [
      row(85, "imagenet", 1, "a", 1), row(16, "imagenet", 1, "a", 1.0 / 3),
      row(4, "pathology", 2, "a", 0.1), row(4, "pathology", 1, "b", 0.1 + 0.2),
      row(4, "pathology", 1, "a", nil, reason: "truth and prediction are empty"),
      row(4, "imagenet", 10, "*", -0.0), row(4, "imagenet", 9, "x,\"y\"\nz", 1e-7),
    ]
    let head = "experiment,size,n,initialization,replicate,test_set,image,metric,value,reason\n"
    let expected =
      head + """
        gland,4,4,imagenet,9,glas/testA,"x,""y""
        z",dice.image_mean.v1,1e-07,
        gland,4,4,imagenet,10,glas/testA,*,dice.image_mean.v1,0,
        gland,4,4,pathology,1,glas/testA,a,dice.image_mean.v1,,truth and prediction are empty
        gland,4,4,pathology,1,glas/testA,b,dice.image_mean.v1,0.30000000000000004,
        gland,4,4,pathology,2,glas/testA,a,dice.image_mean.v1,0.1,
        gland,16,16,imagenet,1,glas/testA,a,dice.image_mean.v1,0.3333333333333333,
        gland,all,85,imagenet,1,glas/testA,a,dice.image_mean.v1,1,

        """
    #expect(MeasurementsCSV.render(report) == expected)
    report.measurements.reverse()
    #expect(MeasurementsCSV.render(report) == expected)
    #expect(MeasurementsCSV.render(empty()) == head)
  }

  @Test("hides ids behind digests when asked, and never shows patients")
  func hashed() {
    var report = empty()
    report.measurements = [row(4, "imagenet", 1, "secret", 1), row(4, "imagenet", 1, "*", 1)]
    #expect(MeasurementsCSV.render(report).contains(",secret,"))
    report.hashesImageIDs = true
    let text = MeasurementsCSV.render(report)
    let digest = SHA256.digest(of: Array("secret".utf8)).hex.prefix(12)
    #expect(text.contains(",\(digest),"))
    #expect(!text.contains("secret"))
    #expect(text.contains(",*,"))
    #expect(!text.contains("p1"))
  }
}

@Suite("comparisons.csv")
struct ComparisonsCSVTests {
  private func fields(_ text: String) -> [[String: String]] {
    let lines = text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return lines.dropFirst().map { line in
      #expect(line.count == lines[0].count)
      return Dictionary(uniqueKeysWithValues: zip(lines[0], line))
    }
  }

  @Test("has one line for each comparison and size that reads back to the same numbers")
  func lines() throws {
    let report = SampleReport(margin: 0.02).report()
    let lines = fields(ComparisonsCSV.render(report))
    #expect(lines.count == 12)
    #expect(lines.map { $0["test_set"] }.prefix(4).allSatisfy { $0 == "crag/test" })
    #expect(lines.prefix(4).map { $0["n"] } == ["4", "8", "16", "85"])
    let size = report.comparisons[0].result.sizes[3]
    let line = try #require(lines.first { $0["test_set"] == "glas/testA" && $0["size"] == "all" })
    #expect(Double(line["difference"]!) == size.difference)
    #expect(Double(line["interval_low"]!) == size.interval?.low)
    #expect(Double(line["p"]!) == size.p)
    #expect(Double(line["adjusted_p"]!) == size.adjustedP)
    #expect(Double(line["smallest_adjusted_p"]!) == 0.03125)
    #expect(Double(line["bootstrap_high"]!) == size.bootstrap?.high)
    #expect(Double(line["t_p"]!) == size.tTest?.p)
    #expect(Double(line["cohen_dz"]!) == size.effects?.cohenDz)
    #expect(Double(line["equivalence_p"]!) == size.equivalence?.p)
    #expect(line["family"] == "gland/pathology-imagenet/dice/glas/testA")
    #expect(line["family_size"] == "4" && line["correction"] == "holm")
    #expect(line["replicates"] == "8" && line["in_domain"] == "true")
    #expect(line["p_exact"] == "true" && line["can_reject"] == "true")
  }

  @Test("writes unbounded ends as infinite and absent figures as nothing")
  func unbounded() {
    let lines = fields(ComparisonsCSV.render(SampleReport(replicates: 4).report()))
    #expect(lines.allSatisfy { $0["interval_low"] == "-inf" && $0["interval_high"] == "inf" })
    #expect(lines.allSatisfy { $0["bootstrap_low"] == "" && $0["equivalence_margin"] == "" })
    #expect(lines.allSatisfy { $0["can_reject"] == "false" && $0["significant"] == "false" })
  }
}
