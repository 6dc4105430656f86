import Core
import Foundation
import Imaging
import Testing

@Suite("Outlines and GeoJSON")
struct OutlineTests {
  /// Pixels whose centre is inside by the even-odd rule, each exactly as GIS programs fill them.
  private func filled(_ outlines: [ObjectOutline], width: Int, height: Int) -> LabelMap {
    var map = LabelMap(width: width, height: height)
    for outline in outlines {
      for y in 0..<height {
        for x in 0..<width {
          var crossings = 0
          for ring in outline.polygons.flatMap({ [$0.exterior] + $0.holes }) {
            for (a, b) in zip(ring, ring.dropFirst() + [ring[0]])
            where a.x == b.x && a.x > x && min(a.y, b.y) <= y && y < max(a.y, b.y) {
              crossings += 1
            }
          }
          if crossings % 2 == 1 { map[x, y] = outline.label }
        }
      }
    }
    return map
  }

  /// Whether no corner of a ring stands twice, all edges are axis-parallel, and no two cross.
  private func isSimple(_ ring: [Polygon.Point]) -> Bool {
    guard ring.count >= 4, Set(ring).count == ring.count else { return false }
    var seen: Set<Polygon.Point> = []
    for (a, b) in zip(ring, ring.dropFirst() + [ring[0]]) {
      guard (a.x == b.x) != (a.y == b.y) else { return false }
      // Every lattice point of the ring once: then it neither crosses nor touches itself.
      let (dx, dy) = ((b.x - a.x).signum(), (b.y - a.y).signum())
      var point = a
      while point != b {
        guard seen.insert(point).inserted else { return false }
        point = .init(x: point.x + dx, y: point.y + dy)
      }
    }
    return true
  }

  private func area(_ ring: [Polygon.Point]) -> Int {
    zip(ring, ring.dropFirst() + [ring[0]]).reduce(0) { $0 + $1.0.x * $1.1.y - $1.1.x * $1.0.y } / 2
  }

  private func check(_ map: LabelMap) {
    let outlines = ObjectOutline.trace(map)
    #expect(outlines.map(\.label) == map.distinctLabels)
    for outline in outlines {
      #expect(outline.area == map.labels.count { $0 == outline.label })
      for polygon in outline.polygons {
        #expect(isSimple(polygon.exterior) && area(polygon.exterior) > 0)
        #expect(polygon.holes.allSatisfy { isSimple($0) && area($0) < 0 })
      }
    }
    #expect(filled(outlines, width: map.width, height: map.height) == map)
  }

  @Test("one pixel is a square, and straight edges have corners at their ends only")
  func squares() throws {
    let outline = try #require(ObjectOutline.trace(LabelMap("...", ".77")).first)
    #expect(outline.label == 7 && outline.polygons.count == 1)
    #expect(
      outline.polygons[0].exterior == [
        .init(x: 1, y: 1), .init(x: 3, y: 1), .init(x: 3, y: 2), .init(x: 1, y: 2),
      ])
  }

  @Test("a hole that touches the outside at a corner is a ring of its own")
  func touchingHole() throws {
    let map = LabelMap("111", "1.1", "11.")
    let outline = try #require(ObjectOutline.trace(map).first)
    #expect(outline.polygons.count == 1 && outline.polygons[0].holes.count == 1)
    check(map)
  }

  @Test("parts that touch at a corner are polygons of one object")
  func corners() {
    #expect(ObjectOutline.trace(LabelMap("1.", ".1"))[0].polygons.count == 2)
    check(LabelMap("1.1", ".1.", "1.1"))
  }

  @Test(
    "holes, holes beside holes, islands in holes and neighbours are exact",
    arguments: [
      LabelMap("1111111", "1.111.1", "11.1.11", "1111111"),
      LabelMap("1111111", "1.....1", "1.121.1", "1.....1", "1111111"),
      LabelMap("1.1.1", ".1.1.", "1.1.1"),
      LabelMap("112233", "112233", "445566"),
      LabelMap("11111", "1.1.1", "11.11", "1.1.1", "11111"),
    ])
  func shapes(map: LabelMap) { check(map) }

  @Test("random maps give valid polygons that fill to the same map", arguments: 0..<40)
  func random(seed: Int) {
    var stream = RandomStream(seed: UInt64(seed), purpose: "outlines")
    let (width, height) = (1 + stream.index(below: 14), 1 + stream.index(below: 14))
    var map = LabelMap(width: width, height: height)
    for i in map.labels.indices { map.labels[i] = UInt16(stream.index(below: 3)) }
    check(map)
  }

  @Test("the file is what QuPath reads: closed rings on level 0, class, colour, measurements")
  func geoJSON() throws {
    let outlines = ObjectOutline.trace(LabelMap("111.", "1.1.", "111.", "..22", ".2..", "2..."))
    let bytes = QuPathGeoJSON.encode(
      [
        .init(
          outline: outlines[0],
          classification: .init(name: "Tumor \"a\"", colour: RGB(200, 0, 10)),
          measurements: [.init("Area px^2", 8), .init("Probability", .nan)]),
        .init(outline: outlines[1]),
      ], as: .detection, at: .init(scale: 2, x: 100.5, y: 40))
    let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    #expect(object?["type"] as? String == "FeatureCollection")
    let features = try #require(object?["features"] as? [[String: Any]])
    #expect(features.count == 2 && features.allSatisfy { $0["type"] as? String == "Feature" })
    let first = try #require(features[0]["geometry"] as? [String: Any])
    #expect(first["type"] as? String == "Polygon")
    let rings = try #require(first["coordinates"] as? [[[Double]]])
    #expect(rings.count == 2 && rings.allSatisfy { $0.first == $0.last && $0.count >= 4 })
    #expect(rings[0] == [[100.5, 40], [106.5, 40], [106.5, 46], [100.5, 46], [100.5, 40]])
    let properties = try #require(features[0]["properties"] as? [String: Any])
    #expect(properties["objectType"] as? String == "detection")
    let classification = try #require(properties["classification"] as? [String: Any])
    #expect(classification["name"] as? String == "Tumor \"a\"")
    #expect(classification["color"] as? [Int] == [200, 0, 10])
    let measurements = try #require(properties["measurements"] as? [String: Any])
    #expect(measurements["Area px^2"] as? Double == 8)
    #expect(measurements["Probability"] as? String == "NaN")
    let second = try #require(features[1]["geometry"] as? [String: Any])
    #expect(second["type"] as? String == "MultiPolygon")
    #expect((second["coordinates"] as? [[[[Double]]]])?.count == 3)
    #expect((features[1]["properties"] as? [String: Any])?.keys.sorted() == ["objectType"])
  }

  @Test("no object is a valid empty collection")
  func empty() throws {
    let bytes = QuPathGeoJSON.encode([], as: .annotation)
    let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    #expect((object?["features"] as? [Any])?.isEmpty == true)
  }
}
