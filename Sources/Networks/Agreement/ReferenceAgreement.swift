internal import Core
internal import Learning

/// One comparison with a reference file: how far we are, and how far we may be.
public struct AgreementRow: Hashable, Sendable, Codable {
  /// Section and key, such as `networks_eval/resnet18`.
  public var name: String
  /// Relative, in L2. The largest finite number stands for a result of another shape, or with values
  /// that are not finite: JSON has no infinity.
  public var deviation: Double
  public var tolerance: Double

  init(_ name: String, _ deviation: Double, within tolerance: Double) {
    self.name = name
    self.deviation = deviation.isFinite ? deviation : .greatestFiniteMagnitude
    self.tolerance = tolerance
  }

  /// Whether the deviation is within the tolerance.
  public var agrees: Bool { deviation <= tolerance }
}

/// Computes what a reference file tells of, and compares.
///
/// Every tensor is filled by a rule: with `u` = `HashedUniform` of `TAG/NAME`, weights of two and
/// more dimensions are `0.7 √(6 / fan-in) u`, other weights `1 + 0.2 u`, biases and running means
/// `0.1 u`, running variances `1 + 0.5 |u|`, the rest `0.02 u`; images are `(u + 1) / 2`.
public struct ReferenceAgreement {
  /// Forward figures agree to this.
  static let forwardTolerance = 1e-4
  /// Losses and gradient norms of training agree to this.
  static let trainingTolerance = 1e-3

  let figures: ReferenceFigures
  /// What all names are prefixed with before they are hashed.
  public let tag: String

  /// - Parameters:
  ///   - json: A file of the form of `engine.json`; sections may be missing.
  ///   - tag: The tag under which its tensors were filled.
  public init(json: [UInt8], tag: String) throws {
    figures = try JSON.decode(ReferenceFigures.self, from: json)
    self.tag = tag
  }

  /// The file's rows by section and key, in order; a training row stands for several comparisons.
  public var names: [String] {
    let sections: [(String, [String])] = [
      ("networks_eval", Array(figures.networks.keys)),
      ("truncated_features_eval", Array(figures.truncated.keys)),
      ("training_steps", Array(figures.training.keys)),
      ("operators", Array(figures.operators.keys)),
      ("ssl_losses", Array(figures.losses.keys)),
      ("attention_pooling", Array(figures.pooling.keys)),
    ]
    return sections.flatMap { section, keys in keys.sorted().map { "\(section)/\($0)" } }
      + (figures.linearCKA == nil ? [] : ["linear_cka"])
  }

  /// Computes every row.
  ///
  /// - Parameter threads: Results do not depend on it.
  public func rows(threads: Int = 1) -> [AgreementRow] {
    names.flatMap { rows(named: $0, threads: threads) }
  }

  /// Computes one row of `names`; one that this program does not know has no finite deviation.
  public func rows(named name: String, threads: Int = 1) -> [AgreementRow] {
    let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
    let (section, key) = (parts[0], parts.count > 1 ? parts[1] : "")
    let engine = Engine(threads: threads)
    let tolerance = Self.forwardTolerance
    switch section {
    case "networks_eval":
      return [AgreementRow(name, network(key, on: engine), within: tolerance)]
    case "truncated_features_eval":
      return [AgreementRow(name, truncatedFeatures(key, on: engine), within: tolerance)]
    case "training_steps": return training(key, name: name, on: engine)
    case "operators": return [AgreementRow(name, operation(key, on: engine), within: tolerance)]
    case "ssl_losses":
      return [AgreementRow(name, loss(key, on: engine), within: Self.trainingTolerance)]
    case "attention_pooling":
      return [AgreementRow(name, pooling(key, on: engine), within: tolerance)]
    default: return [AgreementRow(name, alignment(), within: tolerance)]
    }
  }
}

extension ReferenceAgreement {
  /// The values of a name, in [-1, 1).
  func uniform(_ name: String, _ count: Int) -> [Float] {
    HashedUniform("\(tag)/\(name)").values(count)
  }

  /// The input images of PyTorch's shape.
  func images(_ shape: [Int], scale: Float = 1, on engine: Engine) -> Tensor {
    let values = uniform("input", shape.reduce(1, *)).map { ($0 + 1) / 2 * scale }
    return engine.tensor(
      PlanarImages.channelsLast(values, shape: shape),
      shape: [shape[0], shape[2], shape[3], shape[1]])
  }

  /// Gives every parameter the values that the rule prescribes for its key.
  func fill(_ parameters: ParameterSet) { parameters.fill(tag: tag) }

  /// The distance of a tensor, NHWC or rows, from a summary.
  func distance(_ summary: ReferenceFigures.Summary, _ values: [Float]) -> Double {
    guard values.count == summary.shape.reduce(1, *) else { return .infinity }
    return summary.distance(
      PlanarImages.channelsFirst(values, shape: summary.shape), norm: euclideanNorm(values))
  }
}
