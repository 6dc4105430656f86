internal import Archives
internal import ArgumentParser
internal import Core
internal import Evaluation
internal import Imaging

struct Metrics: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Time metrics of two label maps, and HoVer-Net's post-processing.",
    discussion: """
      Each metric is timed alone, from the two maps in memory. Maps for the post-processing are a \
      safetensors file with `nuclei_probability` [H, W] and `hv_prediction_xy` [H, W, 2].
      """)

  @Option(help: "The true label map, a PNG.")
  var truth: String?

  @Option(help: "The predicted label map, a PNG.")
  var prediction: String?

  @Option(help: "Maps to post-process, safetensors.")
  var maps: String?

  @Option(help: "Where to write the instances found in the maps, a PNG.")
  var instances: String?

  @Option(help: "Time each for about so long, at least three times.")
  var seconds = 0.5

  @Flag(help: "Print exactly one JSON object.")
  var json = false

  func validate() throws {
    guard (truth == nil) == (prediction == nil) else {
      throw ValidationError("--truth and --prediction go together")
    }
    guard truth != nil || maps != nil else {
      throw ValidationError("give --truth and --prediction, or --maps")
    }
  }

  func run() throws {
    // As the step that predicts a test set.
    keepFreedMemory()
    var rows: [Row] = []
    if let truth, let prediction {
      let (truth, prediction) = (try labels(truth), try labels(prediction))
      guard truth.width == prediction.width, truth.height == prediction.height else {
        throw ValidationError("truth and prediction differ in size")
      }
      rows += measure(truth, prediction)
    }
    if let maps { rows.append(try postProcess(maps)) }
    if json {
      print(JSON.text(Report(rows: rows)))
    } else {
      for row in rows {
        print("\(row.name): \(fixed(row.median * 1e3, digits: 3)) ms, \(row.seconds.count) times")
      }
    }
  }

  private func measure(_ truth: LabelMap, _ prediction: LabelMap) -> [Row] {
    func table() -> OverlapTable { OverlapTable(truth: truth, prediction: prediction) }
    let metrics: [(name: String, value: () -> MetricValue)] = [
      ("aji", { AggregatedJaccard.aji(table()) }),
      ("aji_plus", { AggregatedJaccard.ajiPlus(table()) }),
      ("pq", { PanopticQuality(table()).quality(.published) }),
      ("object_dice", { GlandObjects(table()).dice }),
      (
        "object_hausdorff",
        { ObjectHausdorff(truth: truth, prediction: prediction, table()).distance }
      ),
    ]
    return metrics.map { name, value in time(name) { value().value } }
  }

  private func postProcess(_ file: String) throws -> Row {
    let tensors = try Safetensors.decode(LocalFileSystem().read(Path(file))).tensors
    guard let nuclei = tensors.first(where: { $0.name == "nuclei_probability" }),
      let distances = tensors.first(where: { $0.name == "hv_prediction_xy" }),
      nuclei.shape.count == 2, distances.shape == nuclei.shape + [2]
    else {
      throw ValidationError(
        "\(file) lacks `nuclei_probability` [H, W] or `hv_prediction_xy` [H, W, 2]")
    }
    func found() -> LabelMap? {
      HoVerNetPostProcessing().instances(
        probabilities: nuclei.values, distances: distances.values, width: nuclei.shape[1],
        height: nuclei.shape[0])
    }
    if let instances, let map = found() {
      try LocalFileSystem().write(PNG.encode(map), to: Path(instances))
    }
    return time("post_processing") { found().map { Double($0.distinctLabels.count) } }
  }

  private func time(_ name: String, _ value: () -> Double?) -> Row {
    var last: Double?
    let seconds = Stopwatch.time(.seconds(seconds), warmUp: 1) { last = value() }
    return Row(name: name, value: last, seconds: seconds)
  }

  private func labels(_ file: String) throws -> LabelMap {
    do {
      return try ImageFile.labels(LocalFileSystem().read(Path(file)))
    } catch {
      throw ValidationError("\(file) is no label map: \(error)")
    }
  }

  /// What was computed, and the times of each repetition.
  private struct Row: Encodable {
    var name: String
    /// Of the post-processing, how many nuclei.
    var value: Double?
    var seconds: [Double]
    var median: Double { Stopwatch.median(seconds) }
  }

  private struct Report: Encodable { var rows: [Row] }
}
