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
    // A frame around the image saves looking for its edges; -1 is where no label may be.
    let frame = Frame(width: width, height: height)
    var labels = frame.framed(markers, around: -1)
    labels.withUnsafeMutableBufferPointer { labels in
      for y in 0..<height {
        for x in 0..<width where mask.pixels[y * width + x] == 0 { labels[frame[x, y]] = -1 }
      }
    }
    flood(&labels, over: frame.framed(values, around: 0), stride: frame.stride)
    return [Int32](unsafeUninitializedCapacity: width * height) { result, count in
      for y in 0..<height {
        for x in 0..<width { result[y * width + x] = max(0, labels[frame[x, y]]) }
      }
      count = width * height
    }
  }

  /// - Parameter labels: 0 where a label is wanted.
  private static func flood(_ labels: inout [Int32], over values: [Double], stride: Int) {
    labels.withUnsafeMutableBufferPointer { labels in
      values.withUnsafeBufferPointer { values in
        var queue = Heap<Front>()
        var age: Int32 = 0
        /// A labelled pixel with nothing open beside it has nothing to pass on.
        func reach(_ i: Int) {
          guard
            labels[i - stride] == 0 || labels[i - 1] == 0 || labels[i + 1] == 0
              || labels[i + stride] == 0
          else { return }
          queue.insert(Front(value: values[i], age: age, index: Int32(i)))
          age += 1
        }
        for i in stride..<labels.count - stride where labels[i] > 0 { reach(i) }
        while let front = queue.popLeast() {
          let i = Int(front.index)
          func grow(_ neighbour: Int) {
            guard labels[neighbour] == 0 else { return }
            labels[neighbour] = labels[i]
            reach(neighbour)
          }
          grow(i - stride)
          grow(i - 1)
          grow(i + 1)
          grow(i + stride)
        }
      }
    }
  }

  /// An image with one pixel more on each side.
  private struct Frame {
    var width: Int
    var height: Int
    var stride: Int { width + 2 }

    subscript(x: Int, y: Int) -> Int { (y + 1) * stride + x + 1 }

    func framed<Value: BitwiseCopyable>(_ values: [Value], around outside: Value) -> [Value] {
      let count = stride * (height + 2)
      return values.withUnsafeBufferPointer { values in
        [Value](unsafeUninitializedCapacity: count) { result, initialized in
          let target = result.baseAddress!
          target.initialize(repeating: outside, count: stride)
          for y in 0..<height {
            target[self[0, y] - 1] = outside
            target[self[width, y]] = outside
            guard width > 0 else { continue }
            (target + self[0, y]).initialize(from: values.baseAddress! + y * width, count: width)
          }
          (target + (height + 1) * stride).initialize(repeating: outside, count: stride)
          initialized = count
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
