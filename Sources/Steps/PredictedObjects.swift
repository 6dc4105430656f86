public import Datasets
public import Imaging

/// The objects that were predicted in one image.
public struct PredictedObjects: Hashable, Sendable {
  /// The image's id: the path of its files without their endings.
  public var image: String
  /// Numbers from 1, on the grid that the network saw.
  public var map: LabelMap
  /// The type of object `i + 1`, 0 where none was found; empty where the network has no types.
  public var types: [Int]
  /// The image file, on whose pixels objects are written: level 0.
  public var original: OriginalImage

  public init(image: String, map: LabelMap, types: [Int] = [], original: OriginalImage) {
    self.image = image
    self.map = map
    self.types = types
    self.original = original
  }

  /// How many objects there are.
  public var count: Int { map.distinctLabels.count }

  /// The numbers of the objects on the pixels of the image file, each taking the nearest.
  var originalMap: LabelMap { map.resampled(width: original.width, height: original.height) }

  /// What QuPath shows: outlines on level 0, classes, areas and centres.
  func features(_ style: ObjectStyle) -> [QuPathGeoJSON.Feature] {
    let centres = centres
    return ObjectOutline.trace(map).map { outline in
      let area = placement.area(of: outline.area)
      var measurements: [QuPathGeoJSON.Measurement] = [
        .init("Label", Double(outline.label)), .init("Area px^2", area),
      ]
      if let size = original.pixelSize {
        measurements.append(.init("Area \u{B5}m^2", area * size * size))
      }
      let centre = centres[Int(outline.label)]
      measurements += [.init("Centroid X px", centre.x), .init("Centroid Y px", centre.y)]
      let number = Int(outline.label) - 1
      return QuPathGeoJSON.Feature(
        outline: outline,
        classification: style.classification(
          ofType: types.indices ~= number ? types[number] : nil),
        measurements: measurements)
    }
  }

  /// How the map lies on the image file.
  var placement: QuPathGeoJSON.Placement {
    .init(ofMap: (map.width, map.height), over: (original.width, original.height))
  }

  /// The mean place of each object's pixels on level 0, by label.
  private var centres: [SIMD2<Double>] {
    var sums = [SIMD2<Double>](repeating: .zero, count: 1 << 16)
    var counts = [Double](repeating: 0, count: 1 << 16)
    for y in 0..<map.height {
      for x in 0..<map.width where map[x, y] != 0 {
        let label = Int(map[x, y])
        // Twice the pixel's middle is whole, so the sums are exact.
        sums[label] += SIMD2(Double(2 * x + 1), Double(2 * y + 1))
        counts[label] += 1
      }
    }
    let scale = SIMD2(
      Double(original.width) / Double(map.width), Double(original.height) / Double(map.height))
    return zip(sums, counts).map { sum, count in
      count == 0 ? .zero : sum * scale / (2 * count)
    }
  }
}
