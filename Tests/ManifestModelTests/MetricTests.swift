import ManifestModel
import Testing

@Suite("Names of metrics")
struct MetricTests {
  @Test("full names are metric, variant and version, each one's own")
  func fullNames() {
    let names = Metric.allCases.map(\.fullName)
    #expect(Set(names).count == names.count)
    for metric in Metric.allCases {
      let parts = metric.fullName.split(separator: ".")
      #expect(parts.count == 3 && parts[2] == "v1", "\(metric)")
      #expect(metric.rawValue.hasPrefix(parts[0]), "\(metric)")
      #expect((parts[1] == "pooled") == metric.rawValue.hasSuffix("_pooled"), "\(metric)")
    }
  }

  @Test("only distances are better when lower")
  func direction() {
    #expect(
      Metric.allCases.filter(\.isLowerBetter) == [.objectHausdorff, .objectHausdorffPooled])
  }
}
