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
  ///
  /// - Complexity: O(*width* x *height*): two passes with union by lowest root.
  public init(of map: LabelMap, connectivity: Connectivity) {
    self.init(
      width: map.width, height: map.height, connectivity: connectivity,
      isForeground: map.labels.map { $0 != 0 })
  }

  /// Regions of true pixels.
  public init(width: Int, height: Int, connectivity: Connectivity, isForeground: [Bool]) {
    precondition(isForeground.count == width * height, "the mask does not fill the image")
    var provisional = [Int32](repeating: 0, count: width * height)
    var parent: [Int32] = [0]
    func root(_ label: Int32) -> Int32 {
      var label = label
      while parent[Int(label)] != label {
        parent[Int(label)] = parent[Int(parent[Int(label)])]
        label = parent[Int(label)]
      }
      return label
    }
    // Neighbours that were visited before: left, above, above left, above right.
    let steps = [(-1, 0), (0, -1), (-1, -1), (1, -1)].prefix(connectivity == .four ? 2 : 4)
    for y in 0..<height {
      for x in 0..<width where isForeground[y * width + x] {
        var label: Int32 = 0
        for (dx, dy) in steps {
          let (nx, ny) = (x + dx, y + dy)
          guard nx >= 0, nx < width, ny >= 0 else { continue }
          let neighbour = provisional[ny * width + nx]
          guard neighbour != 0 else { continue }
          let other = root(neighbour)
          if label == 0 {
            label = other
          } else if other != label {
            let (low, high) = (min(label, other), max(label, other))
            parent[Int(high)] = low
            label = low
          }
        }
        if label == 0 {
          label = Int32(parent.count)
          parent.append(label)
        }
        provisional[y * width + x] = label
      }
    }
    var number = [Int32](repeating: 0, count: parent.count)
    var found: Int32 = 0
    for i in 0..<provisional.count where provisional[i] != 0 {
      let label = Int(root(provisional[i]))
      if number[label] == 0 {
        found += 1
        number[label] = found
      }
      provisional[i] = number[label]
    }
    self.width = width
    self.height = height
    self.labels = provisional
    self.count = Int(found)
  }
}
