/// A polygon along the edges of pixels: simple closed rings, which touch in single points at most.
public struct Polygon: Hashable, Sendable {
  /// A corner of a pixel: (0, 0) is the top left corner of the image.
  public struct Point: Hashable, Sendable {
    public var x: Int
    public var y: Int

    public init(x: Int, y: Int) {
      self.x = x
      self.y = y
    }
  }

  /// The corners of the outline, the first not repeated; x to the right and y down, its area is
  /// positive (counter-clockwise in GeoJSON's sense).
  public var exterior: [Point]
  /// The corners of each hole; their areas are negative.
  public var holes: [[Point]]

  /// The pixels inside.
  public var area: Int { Self.area(of: exterior) + holes.reduce(0) { $0 + Self.area(of: $1) } }

  /// The area inside a ring with its sign.
  static func area(of ring: [Point]) -> Int {
    var twice = 0
    var before = ring[ring.count - 1]
    for point in ring {
      twice += before.x * point.y - point.x * before.y
      before = point
    }
    return twice / 2
  }
}

/// The outline of one object of a label map.
public struct ObjectOutline: Hashable, Sendable {
  public var label: UInt16
  /// One for each 4-connected part: parts that touch at a corner alone are no single valid polygon.
  public var polygons: [Polygon]

  /// The pixels of the object.
  public var area: Int { polygons.reduce(0) { $0 + $1.area } }

  /// The outlines of all objects, by label.
  ///
  /// Exact: filled again they give the same map.
  ///
  /// - Complexity: O(*width* x *height*).
  public static func trace(_ map: LabelMap) -> [ObjectOutline] {
    let parts = ConnectedComponents(ofEachLabelIn: map, connectivity: .four)
    var labels = [UInt16](repeating: 0, count: parts.count + 1)
    for (part, label) in zip(parts.labels, map.labels) { labels[Int(part)] = label }
    var rings = [[[Polygon.Point]]](repeating: [], count: parts.count + 1)
    var tracer = RingTracer(parts)
    for i in parts.labels.indices where tracer.startsRing(at: i) {
      rings[Int(parts.labels[i])] += tracer.rings(from: i)
    }
    var outlines: [UInt16: ObjectOutline] = [:]
    for part in 1..<rings.count {
      // The interior of a 4-connected part is connected, so just one ring goes around it.
      let exterior = rings[part].firstIndex { Polygon.area(of: $0) > 0 }!
      let polygon = Polygon(
        exterior: rings[part].remove(at: exterior), holes: rings[part])
      outlines[labels[part], default: ObjectOutline(label: labels[part], polygons: [])]
        .polygons.append(polygon)
    }
    return outlines.values.sorted { $0.label < $1.label }
  }
}

/// Follows the edges between a part and what is not part of it.
private struct RingTracer {
  private let parts: ConnectedComponents
  /// Whether the upper edge of a pixel is followed already.
  private var isFollowed: [Bool]

  init(_ parts: ConnectedComponents) {
    self.parts = parts
    isFollowed = [Bool](repeating: false, count: parts.labels.count)
  }

  /// Whether a pixel's upper edge is an edge of its part that no ring has yet.
  func startsRing(at i: Int) -> Bool {
    let part = parts.labels[i]
    return part > 0 && !isFollowed[i] && (i < parts.width || parts.labels[i - parts.width] != part)
  }

  /// The rings that the walk from a pixel's upper edge is made of.
  ///
  /// The part is always at the right hand, seen with y down. A corner passed twice, where pixels touch
  /// diagonally, ends a ring of its own: no ring touches itself.
  mutating func rings(from start: Int) -> [[Polygon.Point]] {
    let part = parts.labels[start]
    let first = Polygon.Point(x: start % parts.width, y: start / parts.width)
    var found: [[Polygon.Point]] = []
    var path = [first]
    var place: [Polygon.Point: Int] = [first: 0]
    var (x, y, dx, dy) = (first.x, first.y, 1, 0)
    while true {
      if dx == 1 { isFollowed[y * parts.width + x] = true }
      x += dx
      y += dy
      // The pixels ahead on either side; the corner is the top left one of pixel (x, y).
      let right = isPart(x + (dx - dy - 1) / 2, y + (dx + dy - 1) / 2, part)
      let left = isPart(x + (dx + dy - 1) / 2, y + (dy - dx - 1) / 2, part)
      if right && !left { continue }
      (dx, dy) = right ? (dy, -dx) : (-dy, dx)
      let corner = Polygon.Point(x: x, y: y)
      if corner == first && dx == 1 && dy == 0 && isFollowed[y * parts.width + x] {
        found.append(path)
        return found
      }
      if let earlier = place[corner], earlier < path.count, path[earlier] == corner {
        found.append(Array(path[earlier...]))
        path.removeSubrange((earlier + 1)...)
      } else {
        place[corner] = path.count
        path.append(corner)
      }
    }
  }

  private func isPart(_ x: Int, _ y: Int, _ part: Int32) -> Bool {
    0..<parts.width ~= x && 0..<parts.height ~= y && parts.labels[y * parts.width + x] == part
  }
}
