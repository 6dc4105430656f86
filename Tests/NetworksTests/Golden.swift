import Foundation
import Learning
import Testing

/// The figures of Fixtures/engine.json: PyTorch's results on tensors that a rule fills.
struct Golden: Decodable {
  /// A tensor in brief, in PyTorch's layout.
  struct Summary: Decodable {
    var shape: [Int]
    var l2: Double
    var sampleIndex: [Int]
    var sample: [Double]
  }
  struct Forward: Decodable {
    var inputShape: [Int]
    var parameters: [Key]
    var outputs: [String: Summary]
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
  struct Training: Decodable {
    var losses: [Double]
    var gradL2Step0: [String: Double]
    var paramL2After: [String: Double]
  }
  struct Operator: Decodable {
    var inputs: [String: [Int]]
    var out: Summary
    var grads: [String: Summary]
  }

  /// The tag that all names are prefixed with before they are hashed.
  var tag: String
  var networksEval: [String: Forward]
  var truncatedFeaturesEval: [String: [String: Summary]]
  var trainingSteps: [String: Training]
  var operators: [String: Operator]

  /// One row in PyTorch's two precisions.
  struct Precisions: Decodable {
    struct Steps: Decodable {
      var losses: [Double]
      var gradL2Step0: [String: Double]
    }
    var float32: Steps
    var float64: Steps
  }

  static func load() throws -> Golden { try decode("engine") }

  /// Training rows by tag and key, made by the rule of engine.json with PyTorch 2.15 on AVX2, one
  /// thread: in Float32, where `dev` has engine.json's figures to the last bit, and in Float64.
  static func loadPrecisions() throws -> [String: [String: Precisions]] {
    try decode("precision")
  }

  private static func decode<Figures: Decodable>(_ name: String) throws -> Figures {
    let url = try #require(
      Bundle.module.url(forResource: "Fixtures/\(name)", withExtension: "json"))
    let decoder = JSONDecoder()
    // Dictionary keys with underscores are names and stay as they are.
    decoder.keyDecodingStrategy = .custom { path in
      let key = path[path.count - 1]
      return Self.renamed[key.stringValue].map(Name.init(stringValue:)) ?? key
    }
    return try decoder.decode(Figures.self, from: Data(contentsOf: url))
  }

  private static let renamed = [
    "sample_index": "sampleIndex", "input_shape": "inputShape", "grad_l2_step0": "gradL2Step0",
    "param_l2_after": "paramL2After", "networks_eval": "networksEval",
    "truncated_features_eval": "truncatedFeaturesEval", "training_steps": "trainingSteps",
  ]

  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

extension Golden {
  /// u of `TAG/NAME`: in [-1, 1), exact in Float32.
  func uniform(_ name: String, count: Int) -> [Float] {
    let hash = "\(tag)/\(name)".utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
    }
    return [Float](unsafeUninitializedCapacity: count) { values, filled in
      var state = hash
      var i = 0
      while i < count {
        state = state &+ 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
        z = z ^ (z &>> 31)
        values[i] = Float(z &>> 40) * 0x1p-23 - 1
        i += 1
      }
      filled = count
    }
  }

  /// An input image batch of PyTorch's shape, as NHWC.
  func input(_ shape: [Int]) -> [Float] {
    nhwc(uniform("input", count: shape.reduce(1, *)).map { ($0 + 1) / 2 }, shape)
  }

  /// Gives every parameter the values that the rules prescribe for its key.
  func fill(_ parameters: ParameterSet) {
    for parameter in parameters.all {
      var values = uniform(parameter.name, count: parameter.count)
      let fanIn = parameter.shape.dropFirst().reduce(1, *)
      let name = parameter.name
      let (scale, offset, isFolded): (Float, Float, Bool) =
        if parameter.shape.count > 1 {
          (Float((6 / Double(fanIn)).squareRoot() * 0.7), 0, false)
        } else if name.hasSuffix("running_var") {
          (0.5, 1, true)
        } else if name.hasSuffix("weight") {
          (0.2, 1, false)
        } else {
          (0.1, 0, false)
        }
      values.withUnsafeMutableBufferPointer { values in
        var i = 0
        while i < values.count {
          values[i] = (isFolded ? values[i].magnitude : values[i]) * scale + offset
          i += 1
        }
      }
      parameter.set(values)
    }
  }
}

/// Reorders `[N, C, H, W]` to `[N, H, W, C]`; other ranks stay.
func nhwc(_ values: [Float], _ shape: [Int]) -> [Float] {
  guard shape.count == 4 else { return values }
  let (channels, pixels) = (shape[1], shape[2] * shape[3])
  var result = values
  for i in values.indices {
    let (n, c, p) = (i / pixels / channels, i / pixels % channels, i % pixels)
    result[(n * pixels + p) * channels + c] = values[i]
  }
  return result
}

/// Reorders `[N, H, W, C]` to `[N, C, H, W]`, whose shape is given.
func nchw(_ values: [Float], _ shape: [Int]) -> [Float] {
  guard shape.count == 4 else { return values }
  let (channels, pixels) = (shape[1], shape[2] * shape[3])
  var result = values
  for i in values.indices {
    let (n, c, p) = (i / pixels / channels, i / pixels % channels, i % pixels)
    result[i] = values[(n * pixels + p) * channels + c]
  }
  return result
}

extension Golden.Summary {
  /// The relative distance of samples and norm, in L2; infinite if the count is another.
  func distance(_ values: [Float]) -> Double {
    guard values.count == shape.reduce(1, *) else { return .infinity }
    var error = 0.0
    var scale = 0.0
    for (index, expected) in zip(sampleIndex, sample) {
      let d = Double(values[index]) - expected
      error += d * d
      scale += expected * expected
    }
    let samples = (error / scale).squareRoot()
    let norm = (norm(values) / l2 - 1).magnitude
    return samples.isFinite && norm.isFinite ? max(samples, norm) : .infinity
  }
}

/// The square root of the sum of squares, in Float64.
func norm(_ values: [Float]) -> Double {
  var sum = 0.0
  values.withUnsafeBufferPointer { values in
    var i = 0
    while i < values.count {
      sum += Double(values[i]) * Double(values[i])
      i += 1
    }
  }
  return sum.squareRoot()
}
