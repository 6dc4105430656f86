/// The regions of a map as runs of equal pixels, in the order of the image.
///
/// Regions are numbered from 0 by their first pixels. Runs are far fewer than pixels: what can be
/// decided by region is decided here, and pixels are written once.
struct RegionRuns {
  /// Pixels of one row side by side.
  struct Run {
    /// Indices of the first pixel and of the one after the last.
    var start: Int
    var end: Int
    /// The region; while they are joined, an earlier run of the same region or the run itself.
    var region: Int
  }

  private(set) var runs: [Run] = []
  /// How many regions there are.
  private(set) var count = 0

  /// The pixels of each region.
  var areas: [Int] {
    var areas = [Int](repeating: 0, count: count)
    for run in runs { areas[run.region] += run.end - run.start }
    return areas
  }

  /// Joins neighbouring equal pixels other than a background.
  ///
  /// - Complexity: O(*pixels*): runs of each row are joined with those of the row above.
  init<Pixel: FixedWidthInteger>(
    of pixels: [Pixel], width: Int, background: Pixel, isEightConnected: Bool
  ) {
    pixels.withUnsafeBufferPointer { pixels in
      var above = 0..<0
      for row in stride(from: 0, to: pixels.count, by: max(1, width)) {
        let first = runs.count
        addRuns(of: pixels, from: row, width: width, background)
        join(first..<runs.count, above, pixels, width: width, reach: isEightConnected ? 1 : 0)
        above = first..<runs.count
      }
    }
    // Roots come before what belongs to them, and their own number is known by then.
    for i in runs.indices {
      if runs[i].region == i {
        runs[i].region = count
        count += 1
      } else {
        runs[i].region = runs[runs[i].region].region
      }
    }
  }

  private mutating func addRuns<Pixel: FixedWidthInteger>(
    of pixels: UnsafeBufferPointer<Pixel>, from row: Int, width: Int, _ background: Pixel
  ) {
    var i = row
    let end = row + width
    while i < end {
      let value = pixels[i]
      let start = i
      repeat { i += 1 } while i < end && pixels[i] == value
      if value != background { runs.append(Run(start: start, end: i, region: runs.count)) }
    }
  }

  /// Joins the runs of a row with those of the row above that they touch and equal.
  private mutating func join<Pixel: FixedWidthInteger>(
    _ row: Range<Int>, _ above: Range<Int>, _ pixels: UnsafeBufferPointer<Pixel>, width: Int,
    reach: Int
  ) {
    var first = above.lowerBound
    for i in row {
      let (start, end) = (runs[i].start - width - reach, runs[i].end - width + reach)
      while first < above.upperBound, runs[first].end <= start { first += 1 }
      var j = first
      while j < above.upperBound, runs[j].start < end {
        if pixels[runs[i].start] == pixels[runs[j].start] { unite(i, j) }
        j += 1
      }
    }
  }

  private mutating func unite(_ a: Int, _ b: Int) {
    let (a, b) = (root(of: a), root(of: b))
    if a < b { runs[b].region = a } else { runs[a].region = b }
  }

  private mutating func root(of run: Int) -> Int {
    var run = run
    while runs[run].region != run {
      runs[run].region = runs[runs[run].region].region
      run = runs[run].region
    }
    return run
  }
}
