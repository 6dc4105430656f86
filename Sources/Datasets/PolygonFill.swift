internal import Imaging

/// Fills polygons into label maps.
enum PolygonFill {
  /// Sets the pixels whose centre, (x + 0.5, y + 0.5), is inside a polygon by the even-odd rule.
  ///
  /// A centre on an edge is inside if the edge is to its left, so that polygons which share an edge share
  /// no pixel and leave none out. What lies outside the map is cut off.
  ///
  /// - Complexity: O(rows of the polygon x its corners).
  static func fill(_ polygon: [SIMD2<Double>], with label: UInt16, in map: inout LabelMap) {
    guard polygon.count >= 3 else { return }
    let lowest = polygon.map(\.y).min() ?? 0
    let highest = polygon.map(\.y).max() ?? 0
    let first = Int(max(0, (lowest - 0.5).rounded(.down)))
    let last = Int(min(Double(map.height - 1), (highest + 0.5).rounded(.up)))
    guard first <= last else { return }
    for row in first...last {
      let y = Double(row) + 0.5
      var crossings: [Double] = []
      for (i, end) in polygon.enumerated() {
        let start = polygon[i == 0 ? polygon.count - 1 : i - 1]
        // Half open, so that a corner on the line counts once.
        guard (start.y <= y) != (end.y <= y) else { continue }
        crossings.append(start.x + (y - start.y) / (end.y - start.y) * (end.x - start.x))
      }
      crossings.sort()
      for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
        // Columns whose centre is at or after the one crossing and before the other.
        let left = max(0, (crossings[pair] - 0.5).rounded(.up))
        let right = min(Double(map.width), (crossings[pair + 1] - 0.5).rounded(.up))
        guard left < right else { continue }
        for column in Int(left)..<Int(right) { map[column, row] = label }
      }
    }
  }
}
