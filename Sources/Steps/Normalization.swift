internal import Core
internal import Execution
internal import Imaging
internal import ManifestModel

/// The constants that images are normalised by; they belong to the weights and travel with them.
struct Normalization: Hashable {
  var mean: [Double]
  var standardDeviation: [Double]

  /// Bytes as they are, 0 to 255: what networks take that divide by themselves.
  static let bytes = Normalization(
    mean: [0, 0, 0], standardDeviation: [1.0 / 255, 1.0 / 255, 1.0 / 255])

  private init(mean: [Double], standardDeviation: [Double]) {
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  init(_ name: NormalizationName) {
    (mean, standardDeviation) = name.constants
  }

  /// The constants as patches are normalised by.
  var channels: ChannelNormalization {
    ChannelNormalization(mean: mean, standardDeviation: standardDeviation)
  }

  /// The constants as the metadata of a weight file keep them.
  var metadata: [String: String] {
    func text(_ values: [Double]) -> String {
      values.map { shortestDecimal($0) }.joined(separator: " ")
    }
    return ["normalization.mean": text(mean), "normalization.std": text(standardDeviation)]
  }

  /// Reads back what `metadata` wrote.
  init(metadata: [String: String]) throws {
    func values(_ key: String) -> [Double] {
      (metadata[key] ?? "").split(separator: " ").compactMap { Double($0) }
    }
    mean = values("normalization.mean")
    standardDeviation = values("normalization.std")
    guard mean.count == 3, standardDeviation.count == 3 else {
      throw StepFailure(
        "weights.no-normalization", "the weights do not say how to normalise images")
    }
  }

  /// The constants that a parameter names.
  init(_ context: StepContext) {
    self.init(NormalizationName(rawValue: context.text("normalization"))!)
  }
}
