import Foundation
import Imaging
import Testing

@testable import Datasets

/// A `.geojson` file as QuPath reads it.
struct QuPathFile {
  struct Object {
    var type: String
    var name: String?
    var colour: [Int]?
    var measurements: [String: Double]
    /// Polygons, each an exterior and its holes.
    var polygons: [[[SIMD2<Double>]]]
  }

  var objects: [Object] = []

  init(_ file: URL) throws {
    let text = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
    #expect(text?["type"] as? String == "FeatureCollection")
    for feature in try #require(text?["features"] as? [[String: Any]]) {
      let geometry = try #require(feature["geometry"] as? [String: Any])
      let properties = try #require(feature["properties"] as? [String: Any])
      let isSingle = geometry["type"] as? String == "Polygon"
      let coordinates =
        isSingle
        ? [try #require(geometry["coordinates"] as? [[[Double]]])]
        : try #require(geometry["coordinates"] as? [[[[Double]]]])
      let classification = properties["classification"] as? [String: Any]
      objects.append(
        Object(
          type: try #require(properties["objectType"] as? String),
          name: classification?["name"] as? String, colour: classification?["color"] as? [Int],
          measurements: try #require(properties["measurements"] as? [String: Double]),
          polygons: coordinates.map { $0.map { $0.map { SIMD2($0[0], $0[1]) } } }))
    }
  }

  /// The objects filled by the centres of pixels, each under its measured label.
  func filled(width: Int, height: Int) -> LabelMap {
    var map = LabelMap(width: width, height: height)
    for object in objects {
      for rings in object.polygons {
        var one = LabelMap(width: width, height: height)
        for (i, ring) in rings.enumerated() {
          PolygonFill.fill(ring, with: i == 0 ? 1 : 0, in: &one)
        }
        for i in one.labels.indices where one.labels[i] == 1 {
          #expect(map.labels[i] == 0, "two polygons share a pixel")
          map.labels[i] = UInt16(object.measurements["Label"]!)
        }
      }
    }
    return map
  }

  /// Closed rings of axis-parallel edges without a corner passed twice, turning as RFC 7946 says.
  func expectValid() {
    for ring in objects.flatMap(\.polygons).flatMap({ $0.enumerated().map { ($0 == 0, $1) } }) {
      let (isExterior, points) = ring
      #expect(points.count >= 5 && points.first == points.last)
      #expect(Set(points).count == points.count - 1)
      var area = 0.0
      for (a, b) in zip(points, points.dropFirst()) {
        #expect((a.x == b.x) != (a.y == b.y))
        area += (a.x * b.y - b.x * a.y) / 2
      }
      #expect(isExterior ? area > 0 : area < 0)
    }
  }

  /// The area inside an object's rings.
  static func area(_ object: Object) -> Double {
    object.polygons.joined().reduce(0.0) { sum, ring in
      zip(ring, ring.dropFirst()).reduce(sum) { $0 + ($1.0.x * $1.1.y - $1.1.x * $1.0.y) / 2 }
    }
  }
}
