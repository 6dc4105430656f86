internal import Core

/// Regions grown from markers, lowest values first, until they meet.
public enum Watershed {
  /// Floods a mask from markers over 4-neighbours (Meyer's algorithm, as in scikit-image).
  ///
  /// A pixel takes the label of the neighbour that reached it. Pixels are visited by value, equal ones
  /// in the order in which they were reached, markers row by row.
  ///
  /// - Parameters:
  ///   - markers: `[height, width]`: a label, or 0; those outside the mask are ignored.
  ///   - values: `[height, width]`: low pixels are flooded first.
  /// - Returns: `[height, width]`: labels; 0 outside the mask and where no marker reaches.
  /// - Complexity: O(*n* log *n*) in the pixels of the mask.
  public static func grow(
    _ markers: [Int32], over values: [Double], within mask: Mask
  ) -> [Int32] {
    let (width, height) = (mask.width, mask.height)
    precondition(
      markers.count == width * height && values.count == width * height,
      "markers, values and mask differ in size")
    // A frame around the image saves looking for its edges.
    let stride = width + 2
    var labels = [Int32](repeating: -1, count: stride * (height + 2))
    for y in 0..<height {
      for x in 0..<width where mask.pixels[y * width + x] != 0 {
        labels[(y + 1) * stride + x + 1] = markers[y * width + x]
      }
    }
    flood(&labels, stride: stride, values: values, width: width)
    var result = [Int32](repeating: 0, count: width * height)
    for y in 0..<height {
      for x in 0..<width { result[y * width + x] = max(0, labels[(y + 1) * stride + x + 1]) }
    }
    return result
  }

  /// - Parameter labels: 0 where a label is wanted, -1 where none may be.
  private static func flood(
    _ labels: inout [Int32], stride: Int, values: [Double], width: Int
  ) {
    let steps = [-stride, -1, 1, stride]
    labels.withUnsafeMutableBufferPointer { labels in
      values.withUnsafeBufferPointer { values in
        var queue = Heap<Front>()
        func reach(_ i: Int, age: Int) {
          let value = values[(i / stride - 1) * width + i % stride - 1]
          queue.insert(Front(value: value, age: Int32(age), index: Int32(i)))
        }
        var age = 0
        for i in stride..<labels.count - stride where labels[i] > 0 {
          // Inside a marker nothing is left to reach.
          guard steps.contains(where: { labels[i + $0] == 0 }) else { continue }
          reach(i, age: age)
          age += 1
        }
        while let front = queue.popLeast() {
          let i = Int(front.index)
          for step in steps where labels[i + step] == 0 {
            labels[i + step] = labels[i]
            reach(i + step, age: age)
            age += 1
          }
        }
      }
    }
  }

  /// A pixel whose neighbours are to be looked at.
  private struct Front: Comparable {
    var value: Double
    var age: Int32
    var index: Int32

    static func < (a: Front, b: Front) -> Bool {
      a.value < b.value || a.value == b.value && a.age < b.age
    }
  }
}
