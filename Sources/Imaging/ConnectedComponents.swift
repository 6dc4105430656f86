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
  /// - Complexity: O(*width* x *height*): runs of each row are joined with those of the row above.
  private init<Pixel: FixedWidthInteger>(
    width: Int, height: Int, connectivity: Connectivity, pixels: [Pixel]
  ) {
    precondition(pixels.count == width * height, "the mask does not fill the image")
    var forest = RunForest()
    let reach = connectivity == .eight ? 1 : 0
    var labels = [Int32](repeating: 0, count: width * height)
    var count: Int32 = 0
    pixels.withUnsafeBufferPointer { pixels in
      var above = 0..<0
      for y in 0..<height {
        let start = forest.runs.count
        forest.addRuns(of: pixels, from: y * width, width: width)
        forest.join(start..<forest.runs.count, above, width: width, reach: reach) {
          pixels[$0] == pixels[$1]
        }
        above = start..<forest.runs.count
      }
      count = forest.number(&labels)
    }
    self.width = width
    self.height = height
    self.labels = labels
    self.count = Int(count)
  }
}

/// Runs of equal pixels in the order of the image, and which of them belong together.
private struct RunForest {
  struct Run {
    /// Indices of the first pixel and of the one after the last.
    var start: Int
    var end: Int
    /// An earlier run of the same region, or the run itself.
    var parent: Int
  }

  private(set) var runs: [Run] = []

  mutating func addRuns<Pixel: FixedWidthInteger>(
    of pixels: UnsafeBufferPointer<Pixel>, from row: Int, width: Int
  ) {
    var i = row
    while i < row + width {
      let value = pixels[i]
      let start = i
      repeat { i += 1 } while i < row + width && pixels[i] == value
      if value != 0 { runs.append(Run(start: start, end: i, parent: runs.count)) }
    }
  }

  /// Joins the runs of a row with those of the row above that they touch and equal.
  mutating func join(
    _ row: Range<Int>, _ above: Range<Int>, width: Int, reach: Int,
    areEqual: (_ i: Int, _ j: Int) -> Bool
  ) {
    var first = above.lowerBound
    for i in row {
      let (start, end) = (runs[i].start - width - reach, runs[i].end - width + reach)
      while first < above.upperBound, runs[first].end <= start { first += 1 }
      var j = first
      while j < above.upperBound, runs[j].start < end {
        if areEqual(runs[i].start, runs[j].start) { unite(i, j) }
        j += 1
      }
    }
  }

  /// Writes the number of each region, from 1 up by its first run, and returns how many there are.
  mutating func number(_ labels: inout [Int32]) -> Int32 {
    var count: Int32 = 0
    var numbers = [Int32](repeating: 0, count: runs.count)
    labels.withUnsafeMutableBufferPointer { labels in
      for i in runs.indices {
        let root = root(of: i)
        if root == i {
          count += 1
          numbers[i] = count
        }
        for pixel in runs[i].start..<runs[i].end { labels[pixel] = numbers[root] }
      }
    }
    return count
  }

  private mutating func unite(_ a: Int, _ b: Int) {
    let (a, b) = (root(of: a), root(of: b))
    if a < b { runs[b].parent = a } else { runs[a].parent = b }
  }

  private mutating func root(of run: Int) -> Int {
    var run = run
    while runs[run].parent != run {
      runs[run].parent = runs[runs[run].parent].parent
      run = runs[run].parent
    }
    return run
  }
}
