/// The neighbourhood of a morphological operation, symmetric around its centre.
public struct StructuringElement: Hashable, Sendable {
  /// Steps from the centre, by row and column.
  public let steps: [Step]

  public struct Step: Hashable, Sendable {
    public var dx: Int
    public var dy: Int
  }

  /// An element from its rows, `#` being part of it.
  ///
  /// - Precondition: Both sides are odd, and half a turn changes nothing.
  public init(_ rows: String...) {
    var steps: [Step] = []
    for (y, row) in rows.enumerated() {
      for (x, character) in row.enumerated() where character == "#" {
        steps.append(Step(dx: x - row.count / 2, dy: y - rows.count / 2))
      }
    }
    let opposite = steps.reversed().map { Step(dx: -$0.dx, dy: -$0.dy) }
    precondition(steps == opposite, "the element is not symmetric")
    self.steps = steps
  }

  /// The pixel and its four neighbours.
  public static let cross = StructuringElement(".#.", "###", ".#.")
  /// Three by three.
  public static let square = StructuringElement("###", "###", "###")
  /// OpenCV's ellipse of five by five.
  public static let ellipse5 = StructuringElement("..#..", "#####", "#####", "#####", "..#..")
}

extension Mask {
  /// Pixels whose whole neighbourhood is foreground; outside the image nothing is missing.
  public func eroded(by element: StructuringElement) -> Mask {
    combined(by: element) { $0 & $1 }
  }

  /// Pixels with foreground in their neighbourhood.
  public func dilated(by element: StructuringElement) -> Mask {
    combined(by: element) { $0 | $1 }
  }

  /// What an element covers that fits into the foreground: erosion, then dilation.
  public func opened(by element: StructuringElement) -> Mask {
    eroded(by: element).dilated(by: element)
  }

  /// The foreground with gaps closed into which the element does not fit: dilation, then erosion.
  public func closed(by element: StructuringElement) -> Mask {
    dilated(by: element).eroded(by: element)
  }

  /// Whole rows at a time: the inner loop is over neighbouring bytes.
  @inline(__always)
  private func combined(
    by element: StructuringElement, _ operation: (UInt8, UInt8) -> UInt8
  ) -> Mask {
    var result = self
    let (width, height) = (width, height)
    pixels.withUnsafeBufferPointer { source in
      result.pixels.withUnsafeMutableBufferPointer { target in
        for y in 0..<height {
          for step in element.steps where 0..<height ~= y + step.dy {
            // Pointers to the rows, since an index that may overflow keeps the loop from SIMD.
            let from = source.baseAddress! + (y + step.dy) * width + step.dx
            let to = target.baseAddress! + y * width
            let first = max(0, -step.dx)
            for x in first..<max(first, min(width, width - step.dx)) {
              to[x] = operation(to[x], from[x])
            }
          }
        }
      }
    }
    return result
  }
}
