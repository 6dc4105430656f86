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

  /// - Parameter stride: The distance between windows, at most the window.
  public init(width: Int, height: Int, window: Int, stride: Int) {
    precondition(width > 0 && height > 0 && window > 0, "there is nothing to cover")
    precondition(1...window ~= stride, "windows further apart than they are wide leave gaps")
    self.width = width
    self.height = height
    self.window = window
    let columns = Self.starts(length: width, window: window, stride: stride)
    let rows = Self.starts(length: height, window: window, stride: stride)
    positions = rows.flatMap { y in columns.map { x in PatchSampler.Placement(x: x, y: y) } }
  }

  private static func starts(length: Int, window: Int, stride: Int) -> [Int] {
    guard length > window else { return [0] }
    let last = length - window
    var starts = Array(Swift.stride(from: 0, to: last, by: stride))
    starts.append(last)
    return starts
  }
}
