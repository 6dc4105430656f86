/// The windows that cover an image for prediction.
public struct WindowGrid: Hashable, Sendable {
  public let width: Int
  public let height: Int
  /// The side of the square windows.
  public let window: Int
  /// Upper left corners, row by row; the last of a row or column is flush with the image's edge.
  ///
  /// Along a side that is shorter than the window there is one position, 0, and
  /// `PatchSampler.copy` pads the rest by reflection.
  public let positions: [PatchSampler.Placement]
  private let columns: [Int]
  private let rows: [Int]

  /// - Parameter stride: The distance between windows, at most the window.
  public init(width: Int, height: Int, window: Int, stride: Int) {
    precondition(width > 0 && height > 0 && window > 0, "there is nothing to cover")
    precondition(1...window ~= stride, "windows further apart than they are wide leave gaps")
    self.width = width
    self.height = height
    self.window = window
    columns = Self.starts(length: width, window: window, stride: stride)
    rows = Self.starts(length: height, window: window, stride: stride)
    positions = rows.flatMap { [columns] y in
      columns.map { x in PatchSampler.Placement(x: x, y: y) }
    }
  }

  /// The part of the image that lies nearer to the middle of a window than of any other: windows meet
  /// halfway through their overlap, so that each pixel belongs to one.
  ///
  /// - Parameter index: Of a window in `positions`.
  public func middle(of index: Int) -> (columns: Range<Int>, rows: Range<Int>) {
    (
      own(columns, index % columns.count, length: width),
      own(rows, index / columns.count, length: height)
    )
  }

  private func own(_ starts: [Int], _ i: Int, length: Int) -> Range<Int> {
    func border(after j: Int) -> Int { (starts[j] + window + starts[j + 1]) / 2 }
    return (i == 0 ? 0 : border(after: i - 1))..<(i + 1 == starts.count ? length : border(after: i))
  }

  private static func starts(length: Int, window: Int, stride: Int) -> [Int] {
    guard length > window else { return [0] }
    let last = length - window
    var starts = Array(Swift.stride(from: 0, to: last, by: stride))
    starts.append(last)
    return starts
  }
}
