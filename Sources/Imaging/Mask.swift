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
    let background = regions(of: 0, connectivity)
    var isHole = [Bool](repeating: true, count: background.count)
    for run in background.runs {
      let isAtEdge =
        run.start < width || run.end > pixels.count - width || run.start % width == 0
        || run.end % width == 0
      if isAtEdge { isHole[run.region] = false }
    }
    if let largest {
      for (region, area) in background.areas.enumerated() where area > largest {
        isHole[region] = false
      }
    }
    return painted(with: 1, background.runs.lazy.filter { isHole[$0.region] })
  }

  /// This mask without regions of fewer pixels.
  public func withoutRegions(
    smallerThan smallest: Int, connectivity: ConnectedComponents.Connectivity
  ) -> Mask {
    let regions = regions(of: 1, connectivity)
    let areas = regions.areas
    return painted(with: 0, regions.runs.lazy.filter { areas[$0.region] < smallest })
  }

  /// The regions of foreground (1) or background (0).
  private func regions(
    of value: UInt8, _ connectivity: ConnectedComponents.Connectivity
  ) -> RegionRuns {
    RegionRuns(
      of: pixels, width: width, background: 1 - value, isEightConnected: connectivity == .eight)
  }

  private func painted(with value: UInt8, _ runs: some Sequence<RegionRuns.Run>) -> Mask {
    var result = self
    for run in runs {
      for i in run.start..<run.end { result.pixels[i] = value }
    }
    return result
  }
}
