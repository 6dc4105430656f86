/// The connected regions of a map's foreground, numbered in the order of their first pixels.
public struct ConnectedComponents: Hashable, Sendable {
  /// Which neighbours connect.
  public enum Connectivity: Int, Hashable, Sendable {
    /// Left, right, above, below.
    case four = 4
    /// The diagonals too.
    case eight = 8
  }

  public let width: Int
  public let height: Int
  /// `[height, width]`: 0 for background, else 1...`count` in row-major order of first pixels.
  public let labels: [Int32]
  public let count: Int

  /// The number of pixels of each component; `areas[0]` is that of component 1.
  public var areas: [Int] {
    var areas = [Int](repeating: 0, count: count)
    for label in labels where label > 0 { areas[Int(label) - 1] += 1 }
    return areas
  }

  /// The components as a label map; `nil` if there are more than a map can number.
  public var labelMap: LabelMap? {
    guard count <= Int(UInt16.max) else { return nil }
    return LabelMap(
      width: width, height: height, labels: labels.map { UInt16(truncatingIfNeeded: $0) })
  }

  /// Regions of pixels with any label; touching labels join.
  public init(of map: LabelMap, connectivity: Connectivity) {
    self.init(of: Mask(map), connectivity: connectivity)
  }

  /// Regions of foreground.
  public init(of mask: Mask, connectivity: Connectivity) {
    self.init(
      width: mask.width, height: mask.height, connectivity: connectivity, pixels: mask.pixels)
  }

  /// Regions of true pixels.
  public init(width: Int, height: Int, connectivity: Connectivity, isForeground: [Bool]) {
    self.init(
      width: width, height: height, connectivity: connectivity,
      pixels: isForeground.map { $0 ? 1 : 0 as UInt8 })
  }

  /// The connected parts of each label: touching labels stay apart, and an object in several pieces
  /// falls into as many components.
  public init(ofEachLabelIn map: LabelMap, connectivity: Connectivity) {
    self.init(
      width: map.width, height: map.height, connectivity: connectivity, pixels: map.labels)
  }

  /// Regions of equal pixels that are not 0.
  ///
  /// - Complexity: O(*width* x *height*).
  private init<Pixel: FixedWidthInteger>(
    width: Int, height: Int, connectivity: Connectivity, pixels: [Pixel]
  ) {
    precondition(pixels.count == width * height, "the mask does not fill the image")
    let regions = RegionRuns(
      of: pixels, width: width, background: 0, isEightConnected: connectivity == .eight)
    var labels = [Int32](repeating: 0, count: width * height)
    labels.withUnsafeMutableBufferPointer { labels in
      for run in regions.runs {
        for i in run.start..<run.end { labels[i] = Int32(run.region + 1) }
      }
    }
    self.width = width
    self.height = height
    self.labels = labels
    self.count = regions.count
  }
}
