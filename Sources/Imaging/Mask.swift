/// Foreground and background of an image.
public struct Mask: Hashable, Sendable {
  public let width: Int
  public let height: Int
  /// `[height, width]`, row-major: 1 for foreground, 0 for background.
  public internal(set) var pixels: [UInt8]

  /// - Precondition: `pixels.count == width * height`, and all are 0 or 1.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(pixels.count == width * height, "the pixels do not fill the mask")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Every label but 0 is foreground.
  public init(_ map: LabelMap) {
    self.init(
      width: map.width, height: map.height, pixels: map.labels.map { $0 == 0 ? 0 : 1 })
  }

  /// How many pixels are foreground.
  public var count: Int { pixels.reduce(0) { $0 + Int($1) } }

  /// Background for foreground.
  public var inverted: Mask {
    Mask(width: width, height: height, pixels: pixels.map { 1 - $0 })
  }

  /// This mask with holes filled: regions of background that do not reach the image's edge.
  ///
  /// - Parameters:
  ///   - largest: The largest hole that is filled, in pixels; `nil` for all.
  ///   - connectivity: What connects background; SciPy's `binary_fill_holes` has `four`.
  public func fillingHoles(
    upTo largest: Int? = nil, connectivity: ConnectedComponents.Connectivity = .four
  ) -> Mask {
    let background = ConnectedComponents(of: inverted, connectivity: connectivity)
    var isHole = [Bool](repeating: true, count: background.count + 1)
    for x in 0..<width {
      isHole[Int(background.labels[x])] = false
      isHole[Int(background.labels[(height - 1) * width + x])] = false
    }
    for y in 0..<height {
      isHole[Int(background.labels[y * width])] = false
      isHole[Int(background.labels[y * width + width - 1])] = false
    }
    isHole[0] = false
    if let largest {
      for (i, area) in background.areas.enumerated() where area > largest { isHole[i + 1] = false }
    }
    guard isHole.contains(true) else { return self }
    var filled = self
    for i in filled.pixels.indices where isHole[Int(background.labels[i])] { filled.pixels[i] = 1 }
    return filled
  }

  /// This mask without regions of fewer pixels.
  public func withoutRegions(
    smallerThan smallest: Int, connectivity: ConnectedComponents.Connectivity
  ) -> Mask {
    let regions = ConnectedComponents(of: self, connectivity: connectivity)
    let areas = regions.areas
    guard areas.contains(where: { $0 < smallest }) else { return self }
    var kept = self
    for i in kept.pixels.indices where kept.pixels[i] != 0 {
      if areas[Int(regions.labels[i]) - 1] < smallest { kept.pixels[i] = 0 }
    }
    return kept
  }
}
