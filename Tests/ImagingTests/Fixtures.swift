import Core
import Foundation
import Imaging

/// The files under Fixtures and what make_fixtures.py computed of them.
enum Fixtures {
  struct Expected: Decodable, Sendable {
    var rgb: String?
    var labels: String?
    var width: Int?
    var height: Int?
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    try [UInt8](Data(contentsOf: folder.appendingPathComponent(name)))
  }

  static let expected: [String: Expected] = {
    do {
      return try JSONDecoder().decode(
        [String: Expected].self,
        from: Data(contentsOf: folder.appendingPathComponent("expected.json")))
    } catch { fatalError("expected.json: \(error)") }
  }()

  static let names = expected.keys.sorted()

  private static let folder = Bundle.module.resourceURL!.appendingPathComponent("Fixtures")
}

extension RGBImage {
  var digest: String { SHA256.digest(of: pixels).hex }
}

extension LabelMap {
  /// Of the labels as little-endian 16-bit words.
  var digest: String {
    SHA256.digest(of: labels.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }).hex
  }

  /// A map from text: digits are labels, anything else is background.
  init(_ rows: String...) {
    let digits = rows.flatMap { $0.map { UInt16(String($0)) ?? 0 } }
    self.init(width: rows[0].count, height: rows.count, labels: digits)
  }
}

/// An image whose pixels all differ: red is the column, green the row, blue their sum.
func ramp(_ width: Int, _ height: Int) -> RGBImage {
  var image = RGBImage(width: width, height: height, filledWith: RGB(0, 0, 0))
  for y in 0..<height {
    for x in 0..<width { image[x, y] = RGB(UInt8(x), UInt8(y), UInt8(x + y)) }
  }
  return image
}
