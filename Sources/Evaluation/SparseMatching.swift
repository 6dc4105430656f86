internal import Core

/// Pairings of rows and columns of which only some can go together.
enum SparseMatching {
  /// What may be paired, and how much that is worth.
  struct Edge: Hashable {
    var row: Int
    var column: Int
    /// In 0...1.
    var weight: Double
  }

  /// The pairing of highest total weight in which every row and column stands at most once.
  ///
  /// - Parameter edges: By row.
  /// - Returns: The indices of the chosen edges, ascending.
  /// - Complexity: O(*edges*) where objects overlap in small groups; a row's path is O(*e* log *e*) in
  ///   the edges of its connected group at worst.
  static func heaviest(rows: Int, columns: Int, edges: [Edge]) -> [Int] {
    var search = Search(rows: rows, columns: columns, edges: edges)
    for row in 0..<rows { search.assign(row) }
    return search.chosen.filter { $0 >= 0 }.sorted()
  }

  /// Successive shortest paths on costs 1 - weight, with potentials that keep them from 0 up.
  ///
  /// A row can also stay alone, at cost 1, so a path ends at a free column or at a row that gives its
  /// own up. A row once alone stays so: later rows only take more.
  private struct Search {
    private let edges: [Edge]
    /// The first edge of each row, and the end.
    private let starts: [Int]
    /// The edge of each row; -1 if it is alone.
    private(set) var chosen: [Int]
    /// The row of each column; -1 if it is free.
    private var holder: [Int]
    private var rowPotential: [Double]
    private var columnPotential: [Double]
    private var distance: [Double]
    /// The edge by which the shortest path reaches a column.
    private var arrival: [Int]
    private var isSettled: [Bool]

    init(rows: Int, columns: Int, edges: [Edge]) {
      self.edges = edges
      var starts = [Int](repeating: 0, count: rows + 1)
      for edge in edges { starts[edge.row + 1] += 1 }
      for row in 0..<rows { starts[row + 1] += starts[row] }
      self.starts = starts
      chosen = [Int](repeating: -1, count: rows)
      holder = [Int](repeating: -1, count: columns)
      rowPotential = [Double](repeating: 0, count: rows)
      columnPotential = [Double](repeating: 0, count: columns)
      distance = [Double](repeating: .infinity, count: columns)
      arrival = [Int](repeating: -1, count: columns)
      isSettled = [Bool](repeating: false, count: columns)
    }

    /// Gives a row its place, moving others along the cheapest path.
    mutating func assign(_ first: Int) {
      var queue = Heap<Candidate>()
      var reached: [Int] = []
      var settled: [(row: Int, distance: Double)] = []
      // The cheapest end so far: a row that stays alone, or a free column.
      var (alone, freeColumn, shortest) = (first, -1, Double.infinity)
      var (row, base) = (first, 0.0)
      search: while true {
        settled.append((row, base))
        let aloneCost = base + 1 - rowPotential[row]
        if aloneCost < shortest { (alone, shortest) = (row, aloneCost) }
        for i in starts[row]..<starts[row + 1] where !isSettled[edges[i].column] {
          let column = edges[i].column
          let cost = base + 1 - edges[i].weight - rowPotential[row] - columnPotential[column]
          guard cost < distance[column] else { continue }
          if distance[column] == .infinity { reached.append(column) }
          distance[column] = cost
          arrival[column] = i
          queue.insert(Candidate(cost: cost, column: column))
        }
        repeat {
          guard let next = queue.popLeast(), next.cost < shortest else { break search }
          (row, base) = (next.column, next.cost)
        } while isSettled[row]
        isSettled[row] = true
        guard holder[row] >= 0 else {
          (freeColumn, shortest) = (row, base)
          break
        }
        row = holder[row]
      }
      for (row, distance) in settled { rowPotential[row] += shortest - distance }
      for column in reached where isSettled[column] {
        columnPotential[column] -= shortest - distance[column]
      }
      move(first, alone: alone, freeColumn: freeColumn)
      for column in reached {
        (distance[column], arrival[column], isSettled[column]) = (.infinity, -1, false)
      }
    }

    /// Exchanges along the path that ends at a free column or at a row that stays alone.
    private mutating func move(_ first: Int, alone: Int, freeColumn: Int) {
      var column = freeColumn
      if column < 0 {
        guard alone != first else { return }
        column = edges[chosen[alone]].column
        chosen[alone] = -1
      }
      while true {
        let row = edges[arrival[column]].row
        let before = chosen[row]
        chosen[row] = arrival[column]
        holder[column] = row
        if row == first { return }
        column = edges[before].column
      }
    }
  }

  private struct Candidate: Comparable {
    var cost: Double
    var column: Int

    static func < (a: Self, b: Self) -> Bool {
      a.cost < b.cost || a.cost == b.cost && a.column < b.column
    }
  }
}
