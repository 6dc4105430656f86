internal import Core

/// Objects as QuPath 0.5 and 0.6 import them: a GeoJSON feature collection in pixels of level 0.
///
/// Rings are closed, simple and valid; the outer ring is counter-clockwise in GeoJSON's sense, holes the
/// other way (RFC 7946, 3.1.6). Features have no id: QuPath gives them one on import.
public enum QuPathGeoJSON {
  /// What QuPath makes of an object.
  public enum Kind: String, Hashable, Sendable {
    /// Many and not editable; for nuclei.
    case detection
    /// Few and editable; for glands.
    case annotation
  }

  /// A class as QuPath shows it.
  public struct Classification: Hashable, Sendable {
    public var name: String
    public var colour: RGB

    public init(name: String, colour: RGB) {
      self.name = name
      self.colour = colour
    }
  }

  /// One object.
  public struct Feature: Hashable, Sendable {
    public var outline: ObjectOutline
    public var classification: Classification?
    /// In the order in which they are written.
    public var measurements: [Measurement]

    public init(
      outline: ObjectOutline, classification: Classification? = nil,
      measurements: [Measurement] = []
    ) {
      self.outline = outline
      self.classification = classification
      self.measurements = measurements
    }
  }

  /// A number with a name, such as `Area px^2`.
  public struct Measurement: Hashable, Sendable {
    public var name: String
    public var value: Double

    public init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// Where a map lies on level 0: a pixel's corner is at `offset + scale * corner`.
  public struct Placement: Hashable, Sendable {
    private var x: Axis
    private var y: Axis

    /// A ratio, so that a corner in the middle of a pixel of level 0 is there to the last bit.
    private struct Axis: Hashable, Sendable {
      var offset: Double
      /// So many pixels of level 0 are as long as so many of the map.
      var pixels: Double
      var cells: Double

      func place(_ corner: Int) -> Double { offset + Double(corner) * pixels / cells }
    }

    /// - Parameter scale: Level-0 pixels in a pixel of the map.
    public init(scale: Double = 1, x: Double = 0, y: Double = 0) {
      precondition(scale > 0 && scale.isFinite, "a scale is a number over 0")
      self.x = Axis(offset: x, pixels: scale, cells: 1)
      self.y = Axis(offset: y, pixels: scale, cells: 1)
    }

    /// A map that covers a whole image of another size: sides are rounded when images are scaled, so
    /// the two axes may differ.
    public init(ofMap map: (width: Int, height: Int), over image: (width: Int, height: Int)) {
      precondition(
        min(map.width, map.height, image.width, image.height) > 0, "a side has a pixel at least")
      x = Axis(offset: 0, pixels: Double(image.width), cells: Double(map.width))
      y = Axis(offset: 0, pixels: Double(image.height), cells: Double(map.height))
    }

    /// Where a point of the map lies on level 0.
    public func place(_ point: Polygon.Point) -> SIMD2<Double> {
      SIMD2(x.place(point.x), y.place(point.y))
    }

    /// The area of so many pixels of the map, in pixels of level 0.
    public func area(of pixels: Int) -> Double {
      Double(pixels) * x.pixels / x.cells * y.pixels / y.cells
    }

    fileprivate func text(_ point: Polygon.Point) -> String {
      let place = place(point)
      return "[\(shortestDecimal(place.x)),\(shortestDecimal(place.y))]"
    }
  }

  /// The bytes of a `.geojson` file; equal arguments give equal bytes.
  public static func encode(
    _ features: [Feature], as kind: Kind, at placement: Placement = Placement()
  ) -> [UInt8] {
    var text = #"{"type":"FeatureCollection","features":["#
    for (i, feature) in features.enumerated() {
      text += i == 0 ? "\n" : ",\n"
      text += self.text(of: feature, kind, placement)
    }
    text += "\n]}\n"
    return [UInt8](text.utf8)
  }

  private static func text(
    of feature: Feature, _ kind: Kind, _ placement: Placement
  ) -> String {
    var properties = [#""objectType":"\#(kind.rawValue)""#]
    if let classification = feature.classification {
      let colour = classification.colour
      properties.append(
        #""classification":{"name":\#(JSON.text(classification.name)),"#
          + #""color":[\#(colour.red),\#(colour.green),\#(colour.blue)]}"#)
    }
    if !feature.measurements.isEmpty {
      let numbers = feature.measurements.map {
        // JSON has no such numbers; QuPath reads their names.
        let value = $0.value.isFinite ? shortestDecimal($0.value) : #""\#(javaName($0.value))""#
        return "\(JSON.text($0.name)):\(value)"
      }
      properties.append(#""measurements":{\#(numbers.joined(separator: ","))}"#)
    }
    return #"{"type":"Feature","geometry":\#(geometry(feature.outline, placement)),"#
      + #""properties":{\#(properties.joined(separator: ","))}}"#
  }

  private static func javaName(_ value: Double) -> String {
    value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  }

  private static func geometry(_ outline: ObjectOutline, _ placement: Placement) -> String {
    let polygons = outline.polygons.map { polygon in
      let rings = ([polygon.exterior] + polygon.holes).map { ring in
        "[\((ring + [ring[0]]).map(placement.text).joined(separator: ","))]"
      }
      return "[\(rings.joined(separator: ","))]"
    }
    return polygons.count == 1
      ? #"{"type":"Polygon","coordinates":\#(polygons[0])}"#
      : #"{"type":"MultiPolygon","coordinates":[\#(polygons.joined(separator: ","))]}"#
  }
}
