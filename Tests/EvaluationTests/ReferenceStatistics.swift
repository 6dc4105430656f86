import Foundation

/// The reference figures of SciPy and statsmodels, and the rule that makes their samples.
struct ReferenceStatistics {
  struct Sample: Decodable {
    struct Statistic: Decodable {
      var statistic: Double?
      var t: Double?
      var p: Double
    }
    var n: Int
    var wilcoxon: Statistic
    var pairedT: Statistic
    var cohenDz: Double
    var signFlipPermutationP: Double?
  }
  struct Adjustment: Decodable {
    var p: [Double]
    var holm: [Double]
    var benjaminiHochberg: [Double]
    var bonferroni: [Double]
  }
  struct File: Decodable {
    var n5: Sample
    var n8: Sample
    var n12: Sample
    var n30: Sample
    var adjust: Adjustment
  }

  static let file: File = {
    let url = Bundle.module.url(forResource: "Fixtures/statistics", withExtension: "json")!
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try! decoder.decode(File.self, from: Data(contentsOf: url))
  }()

  /// Samples by name, with the shift of their second arm.
  static let samples: [(name: String, shift: Float, figures: Sample)] = [
    ("n5", 0.15, file.n5), ("n8", 0.1, file.n8), ("n12", 0.05, file.n12), ("n30", 0.03, file.n30),
  ]

  /// x = 0.7 + 0.2u, y = 0.7 + 0.2u - shift in Float32, as NumPy computes it; then Float64.
  static func differences(_ name: String, shift: Float, count: Int) -> [Double] {
    zip(uniform("stat/\(name)/x", count), uniform("stat/\(name)/y", count)).map {
      let x: Float = 0.7 + 0.2 * $0
      let y: Float = 0.7 + 0.2 * $1 - shift
      return Double(x) - Double(y)
    }
  }

  private static func uniform(_ name: String, _ count: Int) -> [Float] {
    let hash = "dev/\(name)".utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
    }
    return (1...UInt64(count)).map { i in
      var z = hash &+ i &* 0x9E37_79B9_7F4A_7C15
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      return Float(z >> 40) / 16_777_216 * 2 - 1
    }
  }
}

/// Differences in height of Darwin's crossed and self-fertilised maize, in eighths of an inch
/// (Fisher, The Design of Experiments, 1935, section 17).
let darwin: [Double] = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]

/// Hours of sleep gained under two drugs, the second less the first (Student, Biometrika 6, 1908).
let sleep: [Double] = [1.2, 2.4, 1.3, 1.3, 0, 1.0, 1.8, 0.8, 4.6, 1.4]
