/// How the right operand of a product is packed: panels of columns, element of depth by element, so
/// that the inner loop reads it in one stream. A panel is as wide as the registers allow, two vectors
/// of eight or four of sixteen; what is left at the end goes into panels of two vectors and one.
@frozen
public struct Panels {
  /// Columns of the matrix.
  public let columns: Int
  /// Elements that one column has.
  public let depth: Int
  /// Floats in a vector.
  public let lanes: Int
  /// Vectors of columns, the last one perhaps not full.
  public let vectors: Int
  /// Vectors of a whole panel.
  @usableFromInline let widest: Int
  /// Panels of that width.
  @usableFromInline let whole: Int

  @inlinable
  public init(columns: Int, depth: Int, lanes: Int) {
    self.columns = columns
    self.depth = depth
    self.lanes = lanes
    vectors = (columns + lanes - 1) / lanes
    widest = lanes == 16 ? 4 : 2
    whole = vectors / widest
  }

  @inlinable
  public var count: Int {
    let rest = vectors - whole * widest
    return whole + rest / 2 + rest % 2
  }

  /// Columns of all panels, padding included.
  @inlinable
  public var paddedColumns: Int { vectors * lanes }

  /// Floats that the packed matrix takes, padding included.
  @inlinable
  public var size: Int { paddedColumns * depth }

  /// Vectors that are stored for a panel's row: 1, 2 or 4.
  @inlinable
  public func vectors(in panel: Int) -> Int {
    panel < whole ? widest : panel == whole && vectors - whole * widest > 1 ? 2 : 1
  }

  /// The first column of a panel; of the one past the last, the padded number of columns.
  @inlinable
  public func start(of panel: Int) -> Int {
    if panel <= whole { return panel * widest * lanes }
    return panel == count ? paddedColumns : (whole * widest + 2) * lanes
  }

  /// Columns of the matrix that a panel holds.
  @inlinable
  public func used(in panel: Int) -> Int {
    min(vectors(in: panel) * lanes, columns - start(of: panel))
  }

  /// The panels from that on which holds a column of the matrix; none if there is no such column.
  @inlinable
  public func from(column: Int) -> Range<Int> {
    var first = 0
    while first < count, start(of: first) + used(in: first) <= column { first += 1 }
    return first..<count
  }

  /// The columns of the matrix that a stretch of panels holds.
  @inlinable
  public func columns(of panels: Range<Int>) -> Range<Int> {
    start(of: panels.lowerBound)..<min(columns, start(of: panels.upperBound))
  }

  /// Where a panel begins in the packed matrix.
  @inlinable
  public func offset(of panel: Int) -> Int { start(of: panel) * depth }
}
