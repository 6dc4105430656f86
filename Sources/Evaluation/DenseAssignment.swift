/// Pairings where any row can go with any column.
enum DenseAssignment {
  /// The cheapest pairing of as many as the shorter side has.
  ///
  /// Shortest augmenting paths with potentials (Jonker and Volgenant 1987, as in SciPy's
  /// `linear_sum_assignment`).
  ///
  /// - Parameter cost: Of a row with a column; asked for again each time it is needed.
  /// - Returns: The column of each row, if it has one.
  /// - Complexity: O(*s*² *l*) for a shorter side *s* and a longer *l*, memory O(*s* + *l*).
  static func cheapest(
    rows: Int, columns: Int, cost: (_ row: Int, _ column: Int) -> Double
  ) -> [Int?] {
    guard rows > columns else { return assign(rows, columns, cost) }
    var result = [Int?](repeating: nil, count: rows)
    for (column, row) in assign(columns, rows, { cost($1, $0) }).enumerated() {
      result[row!] = column
    }
    return result
  }

  private static func assign(
    _ rows: Int, _ columns: Int, _ cost: (Int, Int) -> Double
  ) -> [Int?] {
    var holder = [Int](repeating: -1, count: columns)
    var chosen = [Int](repeating: -1, count: rows)
    var rowPotential = [Double](repeating: 0, count: rows)
    var columnPotential = [Double](repeating: 0, count: columns)
    for first in 0..<rows {
      var distance = [Double](repeating: .infinity, count: columns)
      var previous = [Int](repeating: -1, count: columns)
      var open = Array(0..<columns)
      var visited: [Int] = []
      var (row, base, end) = (first, 0.0, -1)
      while end < 0 {
        var (nearest, position) = (Double.infinity, -1)
        for (i, column) in open.enumerated() {
          let reduced = base + cost(row, column) - rowPotential[row] - columnPotential[column]
          if reduced < distance[column] {
            distance[column] = reduced
            previous[column] = row
          }
          // Of equals a free column ends the path soonest.
          if distance[column] < nearest || distance[column] == nearest && holder[column] < 0 {
            (nearest, position) = (distance[column], i)
          }
        }
        let column = open[position]
        open.swapAt(position, open.count - 1)
        open.removeLast()
        base = nearest
        if holder[column] < 0 {
          end = column
        } else {
          visited.append(column)
          row = holder[column]
        }
      }
      rowPotential[first] += base
      for column in visited {
        rowPotential[holder[column]] += base - distance[column]
        columnPotential[column] -= base - distance[column]
      }
      var column = end
      while true {
        let row = previous[column]
        holder[column] = row
        let before = chosen[row]
        chosen[row] = column
        if row == first { break }
        column = before
      }
    }
    return chosen.map { $0 }
  }
}
