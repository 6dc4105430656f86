internal import Core

/// A file of reference figures: another framework's results on tensors that a rule fills.
struct ReferenceFigures: Decodable {
  /// A tensor in brief, in PyTorch's layout.
  struct Summary: Decodable {
    var shape: [Int]
    var l2: Double
    var sampleIndex: [Int]
    var sample: [Double]

    private enum CodingKeys: String, CodingKey {
      case shape
      case l2
      case sampleIndex = "sample_index"
      case sample
    }
  }

  /// A key with its shape, written as a pair.
  struct Key: Decodable {
    var name: String
    var shape: [Int]

    init(from decoder: any Decoder) throws {
      var pair = try decoder.unkeyedContainer()
      name = try pair.decode(String.self)
      shape = try pair.decode([Int].self)
    }
  }

  struct Forward: Decodable {
    var inputShape: [Int]
    var parameters: [Key]
    var outputs: [String: Summary]

    private enum CodingKeys: String, CodingKey {
      case inputShape = "input_shape"
      case parameters
      case outputs
    }
  }

  struct Training: Decodable {
    var losses: [Double]
    /// Norms of gradients before the first step.
    var gradients: [String: Double]
    /// Norms of parameters and statistics after the last step.
    var parameters: [String: Double]

    private enum CodingKeys: String, CodingKey {
      case losses
      case gradients = "grad_l2_step0"
      case parameters = "param_l2_after"
    }
  }

  struct Operator: Decodable {
    var inputs: [String: [Int]]
    var out: Summary
    var grads: [String: Summary]
  }

  struct Loss: Decodable {
    var loss: Double
    /// Norms of gradients by input.
    var gradients: [Double]
    var centre: [Double]?

    private enum CodingKeys: String, CodingKey {
      case loss
      case gradients = "grad_l2"
      case centre
    }
  }

  struct Pooling: Decodable {
    var attention: [Double]
    var pooled: [Double]
  }

  var networks: [String: Forward] = [:]
  var truncated: [String: [String: Summary]] = [:]
  var training: [String: Training] = [:]
  var operators: [String: Operator] = [:]
  var losses: [String: Loss] = [:]
  var pooling: [String: Pooling] = [:]
  var linearCKA: Double?

  /// Sections that a file lacks stay empty; those of other modules are passed over.
  init(from decoder: any Decoder) throws {
    let file = try decoder.container(keyedBy: Section.self)
    for section in file.allKeys {
      switch section.name {
      case "networks_eval": networks = try file.decode([String: Forward].self, forKey: section)
      case "truncated_features_eval":
        truncated = try file.decode([String: [String: Summary]].self, forKey: section)
      case "training_steps":
        training = try file.decode([String: Training].self, forKey: section)
      case "operators": operators = try file.decode([String: Operator].self, forKey: section)
      case "ssl_losses": losses = try file.decode([String: Loss].self, forKey: section)
      case "attention_pooling":
        pooling = try file.decode([String: Pooling].self, forKey: section)
      case "linear_cka": linearCKA = try file.decode(Double.self, forKey: section)
      default: break
      }
    }
  }

  /// A section's key; some carry their inputs in brackets behind the name.
  private struct Section: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    var name: Substring { stringValue.prefix { $0 != "(" } }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

extension ReferenceFigures.Summary {
  /// The relative distance of samples and of norms, in L2; infinite if the count is another.
  ///
  /// - Parameter values: In PyTorch's order.
  func distance(_ values: [Float], norm: Double) -> Double {
    guard values.count == shape.reduce(1, *) else { return .infinity }
    let samples = relativeDistance(sampleIndex.map { Double(values[$0]) }, sample)
    let norms = (norm / l2 - 1).magnitude
    return norms.isFinite ? max(samples, norms) : .infinity
  }
}

/// `‖values - reference‖ / ‖reference‖`; infinite if the counts differ or a value is not finite.
func relativeDistance(_ values: [Double], _ reference: [Double]) -> Double {
  guard values.count == reference.count else { return .infinity }
  var error = 0.0
  var scale = 0.0
  for (value, expected) in zip(values, reference) {
    error += (value - expected) * (value - expected)
    scale += expected * expected
  }
  let distance = scale == 0 ? error.squareRoot() : (error / scale).squareRoot()
  return distance.isFinite ? distance : .infinity
}
