internal import Imaging

/// The objects of a map as runs of pixels, for distances between them.
struct ObjectRegions {
  /// Pixels of one row side by side.
  struct Run {
    var row: Int32
    var first: Int32
    var last: Int32
  }

  /// The smallest rectangle around an object; all four edges belong to it.
  struct Box {
    var left = Int.max
    var top = Int.max
    var right = Int.min
    var bottom = Int.min

    /// The largest difference between the positions of like edges: no Hausdorff distance is less.
    func largestDifference(from other: Box) -> Int {
      max(
        abs(left - other.left), abs(top - other.top), abs(right - other.right),
        abs(bottom - other.bottom))
    }
  }

  /// One object.
  struct Region {
    var box: Box
    /// By row, then column.
    var runs: ArraySlice<Run>
  }

  private(set) var boxes: [Box]
  private var runs: [Run]
  private var starts: [Int]

  var count: Int { boxes.count }

  subscript(index: Int) -> Region {
    Region(box: boxes[index], runs: runs[starts[index]..<starts[index + 1]])
  }

  /// - Parameter labels: The labels in use, ascending.
  init(_ map: LabelMap, labels: [UInt16]) {
    var index = [Int](repeating: -1, count: 1 << 16)
    for (i, label) in labels.enumerated() { index[Int(label)] = i }
    var found: [(object: Int, run: Run)] = []
    map.labels.withUnsafeBufferPointer { pixels in
      for y in 0..<map.height {
        let row = y * map.width
        var x = 0
        while x < map.width {
          let label = pixels[row + x]
          let first = x
          repeat { x += 1 } while x < map.width && pixels[row + x] == label
          guard label != 0 else { continue }
          found.append(
            (index[Int(label)], Run(row: Int32(y), first: Int32(first), last: Int32(x - 1))))
        }
      }
    }
    boxes = [Box](repeating: Box(), count: labels.count)
    starts = [Int](repeating: 0, count: labels.count + 1)
    for (object, run) in found {
      starts[object + 1] += 1
      boxes[object].left = min(boxes[object].left, Int(run.first))
      boxes[object].right = max(boxes[object].right, Int(run.last))
      boxes[object].top = min(boxes[object].top, Int(run.row))
      boxes[object].bottom = max(boxes[object].bottom, Int(run.row))
    }
    for i in 0..<labels.count { starts[i + 1] += starts[i] }
    var next = starts
    runs = [Run](repeating: Run(row: 0, first: 0, last: 0), count: found.count)
    for (object, run) in found {
      runs[next[object]] = run
      next[object] += 1
    }
  }
}

extension ObjectRegions.Region {
  /// The square of the Hausdorff distance between the pixel centres of two regions.
  ///
  /// - Parameter limit: Where the square is not below this, any number from `limit` up may be returned.
  func squaredHausdorff(to other: Self, below limit: Int = .max) -> Int {
    let there = squaredReach(to: other, below: limit)
    return there >= limit ? there : max(there, other.squaredReach(to: self, below: limit))
  }

  /// The largest square of the distance from a pixel of this region to the other region.
  ///
  /// An exact distance transform of the other region on the rows of this one: first along columns,
  /// then the lower envelope of parabolas along those rows in which pixels lie outside the other
  /// (Meijster et al. 2000; Felzenszwalb and Huttenlocher 2012).
  private func squaredReach(to other: Self, below limit: Int) -> Int {
    let columns = ColumnDistances(to: other, rows: box.top...box.bottom)
    var envelope = Envelope(capacity: columns.width)
    var reach = 0
    var index = runs.startIndex
    while index < runs.endIndex {
      let row = Int(runs[index].row)
      var isKnown = false
      while index < runs.endIndex, Int(runs[index].row) == row {
        let (first, last) = (Int(runs[index].first), Int(runs[index].last))
        index += 1
        guard columns.leavesOut(row: row, first...last) else { continue }
        if !isKnown { columns.fill(&envelope, row: row) }
        isKnown = true
        reach = max(reach, envelope.maximum(over: first - columns.left...last - columns.left))
        if reach >= limit { return reach }
      }
    }
    return reach
  }
}

/// The distance of each pixel to a region along its column, for the columns of the region.
private struct ColumnDistances {
  let left: Int
  let width: Int
  private let top: Int
  /// By row and column; over 2^19 where the column has no pixel of the region (images have sides up to
  /// 2^15).
  private var distances: [Int32]

  init(to region: ObjectRegions.Region, rows: ClosedRange<Int>) {
    left = region.box.left
    width = region.box.right - left + 1
    top = rows.lowerBound
    let (width, left, top) = (width, left, top)
    distances = [Int32](repeating: .max, count: rows.count * width)
    distances.withUnsafeMutableBufferPointer { distances in
      region.runs.withUnsafeBufferPointer { runs in
        var nearest = [Int32](repeating: -1 << 20, count: width)
        var i = 0
        for y in min(rows.lowerBound, region.box.top)...rows.upperBound {
          while i < runs.count, runs[i].row == y {
            for x in runs[i].first...runs[i].last { nearest[Int(x) - left] = Int32(y) }
            i += 1
          }
          guard y >= top else { continue }
          let row = (y - top) * width
          for x in 0..<width { distances[row + x] = Int32(y) - nearest[x] }
        }
        nearest = [Int32](repeating: 1 << 20, count: width)
        i = runs.count - 1
        for y in (top...max(rows.upperBound, region.box.bottom)).reversed() {
          while i >= 0, runs[i].row > y { i -= 1 }
          while i >= 0, runs[i].row == y {
            for x in runs[i].first...runs[i].last { nearest[Int(x) - left] = Int32(y) }
            i -= 1
          }
          guard y <= rows.upperBound else { continue }
          let row = (y - top) * width
          for x in 0..<width {
            distances[row + x] = min(distances[row + x], nearest[x] - Int32(y))
          }
        }
      }
    }
  }

  /// Whether any pixel of a run lies outside the region.
  func leavesOut(row: Int, _ run: ClosedRange<Int>) -> Bool {
    if run.lowerBound < left || run.upperBound >= left + width { return true }
    let start = (row - top) * width - left
    return run.contains { distances[start + $0] != 0 }
  }

  /// Makes the envelope of one row.
  func fill(_ envelope: inout Envelope, row: Int) {
    envelope.clear()
    let start = (row - top) * width
    for x in 0..<width { envelope.add(height: Int(distances[start + x]), at: x) }
  }
}

/// The smallest of parabolas (x - centre)² + height² at every x.
private struct Envelope {
  private var centres: [Int]
  private var squares: [Int]
  /// The first x from which each parabola is the smallest.
  private var firsts: [Int]
  private var count = 0

  init(capacity: Int) {
    centres = [Int](repeating: 0, count: capacity)
    squares = centres
    firsts = centres
  }

  mutating func clear() { count = 0 }

  /// - Precondition: Centres ascend.
  mutating func add(height: Int, at centre: Int) {
    let square = height * height
    var first = Int.min
    while count > 0 {
      // The first x at which the new one is below: after the crossing of the two, rounded down.
      let last = count - 1
      let numerator = centre * centre + square - centres[last] * centres[last] - squares[last]
      let denominator = 2 * (centre - centres[last])
      let crossing =
        numerator >= 0 ? numerator / denominator : -((denominator - 1 - numerator) / denominator)
      first = crossing + 1
      // The first parabola begins at no x: it is never taken out here.
      if first > firsts[last] { break }
      count -= 1
    }
    centres[count] = centre
    squares[count] = square
    firsts[count] = first
    count += 1
  }

  /// The largest value over a range of x.
  func maximum(over range: ClosedRange<Int>) -> Int {
    // Binary search for the parabola of the first x, then a walk.
    var (low, high) = (0, count - 1)
    while low < high {
      let middle = (low + high + 1) / 2
      if firsts[middle] <= range.lowerBound { low = middle } else { high = middle - 1 }
    }
    var (i, largest) = (low, 0)
    for x in range {
      while i + 1 < count, firsts[i + 1] <= x { i += 1 }
      let difference = x - centres[i]
      largest = max(largest, difference * difference + squares[i])
    }
    return largest
  }
}
