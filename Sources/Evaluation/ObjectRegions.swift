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
  /// Exact, and most pixels are let go early (Taha and Hanbury 2015): those of the other region at
  /// once; those whose distance along their own column is no more than the largest found; the rest as
  /// soon as a column aside is no further than that.
  private func squaredReach(to other: Self, below limit: Int) -> Int {
    let columns = ColumnDistances(to: other, rows: box.top...box.bottom)
    var reach = 0
    for run in runs {
      columns.raise(&reach, row: Int(run.row), Int(run.first)...Int(run.last))
      if reach >= limit { return reach }
    }
    return reach
  }
}

/// The distance of each pixel to a region along its column, for the columns of the region.
private struct ColumnDistances {
  private let left: Int
  private let width: Int
  private let top: Int
  /// By row and column; over 2^19 where the column has no pixel of the region (images have sides up to
  /// 2^15).
  private var distances: [Int32]

  init(to region: ObjectRegions.Region, rows: ClosedRange<Int>) {
    left = region.box.left
    width = region.box.right - left + 1
    top = rows.lowerBound
    let width = width
    distances = [Int32](unsafeUninitializedCapacity: rows.count * width) { distances, count in
      var sweep = ColumnSweep(region, start: -1 << 20)
      for y in min(rows.lowerBound, region.box.top)...rows.upperBound {
        sweep.downTo(row: y)
        guard y >= rows.lowerBound else { continue }
        let row = distances.baseAddress! + (y - rows.lowerBound) * width
        for x in 0..<width { row[x] = Int32(y) - sweep.nearest[x] }
      }
      sweep = ColumnSweep(region, start: 1 << 20)
      for y in (rows.lowerBound...max(rows.upperBound, region.box.bottom)).reversed() {
        sweep.upTo(row: y)
        guard y <= rows.upperBound else { continue }
        let row = distances.baseAddress! + (y - rows.lowerBound) * width
        for x in 0..<width { row[x] = min(row[x], sweep.nearest[x] - Int32(y)) }
      }
      count = rows.count * width
    }
  }

  /// Raises a square to the largest of the squared distances from pixels of a row to the region.
  func raise(_ reach: inout Int, row: Int, _ columns: ClosedRange<Int>) {
    distances.withUnsafeBufferPointer { distances in
      let line = distances.baseAddress! + (row - top) * width
      for x in columns {
        // The column of the region that is nearest, and how far away it is.
        let nearest = min(max(x - left, 0), width - 1)
        let gap = abs(x - left - nearest)
        var best = gap * gap + square(line[nearest])
        var aside = 1
        while best > reach, (gap + aside) * (gap + aside) < best {
          let along = (gap + aside) * (gap + aside)
          if nearest >= aside { best = min(best, along + square(line[nearest - aside])) }
          if nearest + aside < width { best = min(best, along + square(line[nearest + aside])) }
          if aside >= max(nearest, width - 1 - nearest) { break }
          aside += 1
        }
        if best > reach { reach = best }
      }
    }
  }

  @inline(__always)
  private func square(_ distance: Int32) -> Int { Int(distance) * Int(distance) }
}

/// The row of the last pixel of a region that a sweep over rows has met in each column.
private struct ColumnSweep {
  private(set) var nearest: [Int32]
  private let runs: ArraySlice<ObjectRegions.Run>
  private let left: Int
  private var next: Int

  /// - Parameter start: Stands for no pixel yet.
  init(_ region: ObjectRegions.Region, start: Int32) {
    nearest = [Int32](repeating: start, count: region.box.right - region.box.left + 1)
    runs = region.runs
    left = region.box.left
    next = start < 0 ? runs.startIndex : runs.endIndex - 1
  }

  mutating func downTo(row: Int) {
    while next < runs.endIndex, runs[next].row == row {
      mark(runs[next])
      next += 1
    }
  }

  mutating func upTo(row: Int) {
    while next >= runs.startIndex, runs[next].row >= row {
      mark(runs[next])
      next -= 1
    }
  }

  private mutating func mark(_ run: ObjectRegions.Run) {
    for x in Int(run.first) - left...Int(run.last) - left { nearest[x] = run.row }
  }
}
