internal import Evaluation

/// Measured values gathered by cell: what curves and tables of means are drawn from.
struct Summaries {
  /// One cell's place in a figure.
  struct Key: Hashable {
    var experiment: String
    var metric: String
    var testSet: String
    var initialization: String
    var images: Int
  }

  /// One replicate's mean over the images with a defined value.
  struct Point: Hashable {
    var replicate: Int
    var mean: Double
  }

  private let points: [Key: [Point]]

  init(_ measurements: [Measurement]) {
    var values: [Key: [Int: [(image: String, value: Double)]]] = [:]
    for row in measurements {
      guard let value = row.value else { continue }
      let key = Key(
        experiment: row.experiment, metric: row.metric, testSet: row.testSet,
        initialization: row.initialization, images: row.images)
      values[key, default: [:]][row.replicate, default: []].append((row.image, value))
    }
    points = values.mapValues { replicates in
      // Summed in the order of image names, so that the order of rows moves no bit.
      replicates.sorted { $0.key < $1.key }.map { replicate, images in
        Point(
          replicate: replicate,
          mean: Moments(images.sorted { ($0.image, $0.value) < ($1.image, $1.value) }.map(\.value))
            .mean)
      }
    }
  }

  /// The replicates' means, ascending by replicate; empty where nothing is defined.
  subscript(key: Key) -> [Point] { points[key] ?? [] }
}

/// The mean over replicates, and what replicates say about it.
struct ReplicateSummary {
  var mean: Double
  var standardDeviation: Double?
  /// Student's interval over replicates at 95 %; `nil` for fewer than two or without spread.
  var interval: Interval?

  /// `nil` without values.
  init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    let moments = Moments(values)
    mean = moments.mean
    standardDeviation = moments.standardDeviation
    interval = PairedTTest(values, alpha: 0.05)?.interval
  }
}
