import Foundation
import Imaging

/// Label maps with the figures that the published code gives for them.
///
/// HoVer-Net's `stats_utils.py` and the GlaS contest's rules; `segmentation.json` holds the figures.
struct ReferenceMaps: Decodable, Sendable {
  struct Glands: Decodable, Sendable {
    var objectF1: Double
    var objectDice: Double
    /// A number or `"inf"`.
    var objectHausdorff: Distance
  }
  enum Distance: Decodable, Sendable {
    case finite(Double)
    case infinite

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      self = (try? container.decode(Double.self)).map(Self.finite) ?? .infinite
    }
  }

  var trueObjects: Int
  var predictedObjects: Int
  var dice: Double?
  var iou: Double?
  var dice2: Double?
  var aji: Double?
  var ajiPlus: Double?
  var dq: Double?
  var sq: Double?
  var pq: Double?
  var glas: Glands

  static let names = [
    "nuclei", "nuclei_hard", "glands", "perfect", "sparse", "empty_prediction", "empty_truth",
    "both_empty",
  ]

  static func named(_ name: String) throws -> ReferenceMaps {
    let file = try JSONSerialization.jsonObject(with: data("segmentation.json")) as! [String: Any]
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(
      ReferenceMaps.self, from: JSONSerialization.data(withJSONObject: file[name]!))
  }

  static func maps(_ name: String) throws -> (truth: LabelMap, prediction: LabelMap) {
    (
      try ImageFile.labels([UInt8](data("\(name)_true.png"))),
      try ImageFile.labels([UInt8](data("\(name)_pred.png")))
    )
  }

  private static func data(_ name: String) throws -> Data {
    try Data(contentsOf: Bundle.module.resourceURL!.appending(path: "Fixtures/\(name)"))
  }
}

extension LabelMap {
  /// A map from its rows; a character is a label: `.` for 0, else a base-36 digit.
  init(_ rows: String...) {
    self.init(
      width: rows[0].count, height: rows.count,
      labels: rows.joined().map { UInt16($0.isASCII && $0 != "." ? Int("\($0)", radix: 36)! : 0) })
  }

  /// A map of random rectangles, later ones on top.
  static func random(
    width: Int, height: Int, objects: Int, side: ClosedRange<Int>,
    using generator: inout some RandomNumberGenerator
  ) -> LabelMap {
    var map = LabelMap(width: width, height: height)
    for label in 0..<objects {
      let (w, h) = (
        Int.random(in: side, using: &generator), Int.random(in: side, using: &generator)
      )
      let x = Int.random(in: 0..<width, using: &generator)
      let y = Int.random(in: 0..<height, using: &generator)
      for row in y..<min(height, y + h) {
        for column in x..<min(width, x + w) { map[column, row] = UInt16(3 * label + 1) }
      }
    }
    return map
  }
}

/// A generator that tests can seed (Vigna's splitmix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
