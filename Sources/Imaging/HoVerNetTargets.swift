/// What HoVer-Net learns of an image: which pixels are nuclei, and how far each is from its centre.
///
/// By the published code (`models/hovernet/targets.py`). Distances are counted in the whole image and
/// then cropped, so that a nucleus cut by the crop keeps its centre. One difference: the published code
/// leaves nuclei within two pixels of the upper or left edge of the *whole* image without distances,
/// because a box reaches to negative indices; its pipeline always crops them away.
public struct HoVerNetTargets: Hashable, Sendable {
  public let width: Int
  public let height: Int
  /// `[height, width]`: 1 where a pixel belongs to a nucleus.
  public let nuclei: [UInt8]
  /// `[height, width, 2]`: along x and along y, in -1...1; 0 on background.
  public let distances: [Float]

  /// The targets of the middle of a map.
  ///
  /// - Parameters:
  ///   - minimumSize: Nuclei with fewer pixels inside the crop have no distances.
  ///   - isMirrored: Whether the map was mirrored beyond its edges, so that 4-connected parts of one
  ///     label are nuclei of their own; else a nucleus may be in several parts.
  /// - Precondition: The crop is not larger than the map.
  public init(
    of map: LabelMap, width: Int, height: Int, minimumSize: Int = 30, isMirrored: Bool = false
  ) {
    precondition(width <= map.width && height <= map.height, "the crop is larger than the map")
    let (left, top) = ((map.width - width) / 2, (map.height - height) / 2)
    let parts =
      isMirrored
      ? ConnectedComponents(ofEachLabelIn: map, connectivity: .four).labels
      : map.labels.map { Int32($0) }
    var spans = [NucleusSpan](repeating: NucleusSpan(), count: Int(parts.max() ?? 0) + 1)
    for y in 0..<map.height {
      let isInside = top..<top + height ~= y
      for x in 0..<map.width {
        let part = Int(parts[y * map.width + x])
        guard part > 0 else { continue }
        spans[part].add(x, y, isInside: isInside && left..<left + width ~= x)
      }
    }
    var nuclei = [UInt8](repeating: 0, count: width * height)
    var distances = [Float](repeating: 0, count: 2 * width * height)
    for y in 0..<height {
      for x in 0..<width {
        let part = Int(parts[(top + y) * map.width + left + x])
        guard part > 0 else { continue }
        nuclei[y * width + x] = 1
        guard spans[part].inside >= minimumSize else { continue }
        distances[2 * (y * width + x)] = spans[part].x.distance(of: left + x)
        distances[2 * (y * width + x) + 1] = spans[part].y.distance(of: top + y)
      }
    }
    self.width = width
    self.height = height
    self.nuclei = nuclei
    self.distances = distances
  }
}

/// Where a nucleus lies.
private struct NucleusSpan {
  /// Its pixels along one axis.
  struct Axis {
    private var low = Int.max
    private var high = Int.min
    private var sum = 0
    private var count = 0

    mutating func add(_ position: Int) {
      low = min(low, position)
      high = max(high, position)
      sum += position
      count += 1
    }

    /// From the centre of mass, rounded, to a position: -1 at the low end and 1 at the high end.
    ///
    /// The published code counts positions from 1 and the centre from 0; the pixel of difference is
    /// kept, since its networks are trained with it.
    func distance(of position: Int) -> Float {
      let centre = Int((Double(sum) / Double(count) + 0.5).rounded(.down))
      let difference = position + 1 - centre
      let end = difference < 0 ? centre - low - 1 : high + 1 - centre
      return difference == 0 ? 0 : Float(difference) / Float(end)
    }
  }

  var x = Axis()
  var y = Axis()
  /// The pixels inside the crop.
  var inside = 0

  mutating func add(_ column: Int, _ row: Int, isInside: Bool) {
    x.add(column)
    y.add(row)
    inside += isInside ? 1 : 0
  }
}
