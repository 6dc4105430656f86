/// `measurements.csv`: one line per experiment, size, initialization, replicate, test set, image and
/// metric.
public enum MeasurementsCSV {
  /// The table's bytes as text; lines ascend by their columns, `n` as a number.
  public static func render(_ report: StudyReport) -> String {
    var csv = CSV(columns: [
      "experiment", "size", "n", "initialization", "replicate", "test_set", "image", "metric",
      "value", "reason",
    ])
    var rows = report.measurements
    for i in rows.indices { rows[i].image = report.shown(image: rows[i].image) }
    for row in rows.sorted(by: precedes) {
      csv.append([
        row.experiment, row.size, "\(row.images)", row.initialization, "\(row.replicate)",
        row.testSet, row.image, row.metric, CSV.number(row.value), row.reason ?? "",
      ])
    }
    return csv.text
  }

  private static func precedes(_ a: Measurement, _ b: Measurement) -> Bool {
    if a.experiment != b.experiment { return a.experiment < b.experiment }
    if a.images != b.images { return a.images < b.images }
    if a.size != b.size { return a.size < b.size }
    if a.initialization != b.initialization { return a.initialization < b.initialization }
    if a.replicate != b.replicate { return a.replicate < b.replicate }
    if a.testSet != b.testSet { return a.testSet < b.testSet }
    if a.image != b.image { return a.image < b.image }
    return a.metric < b.metric
  }
}
