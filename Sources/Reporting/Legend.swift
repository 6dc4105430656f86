/// The colours and shapes of the initializations: the same in every figure of a report.
struct Legend {
  /// How one series is drawn: a class of the style sheet and a shape.
  struct Style {
    var series: String
    var marker: Marker
  }

  /// In the order in which experiments name them.
  let names: [String]

  init(_ report: StudyReport) {
    var seen: Set<String> = []
    names =
      (report.experiments.flatMap(\.initializations) + report.pretraining.map(\.initialization))
      .filter { seen.insert($0).inserted }
  }

  /// Six styles that people of every colour vision can tell apart; further series start over.
  func style(_ name: String) -> Style {
    let index = (names.firstIndex(of: name) ?? 0) % Marker.allCases.count
    return Style(series: "s\(index)", marker: Marker.allCases[index])
  }

  /// The height that the entries take at a width.
  static func height(_ names: [String], width: Double) -> Double {
    Double(layout(names, width: width).last?.row ?? 0) * rowHeight + rowHeight
  }

  /// Draws the entries in rows from a corner.
  func draw(_ names: [String], _ svg: inout SVG, x: Double, y: Double, width: Double) {
    for (name, place) in zip(names, Self.layout(names, width: width)) {
      let style = style(name)
      let baseline = y + Double(place.row) * Self.rowHeight + 10
      svg.line(
        x + place.x, baseline - 4, x + place.x + 18, baseline - 4, class: "line \(style.series)")
      svg.marker(
        style.marker, x + place.x + 9, baseline - 4, radius: 3.6, class: "dot \(style.series)")
      svg.text(name, x + place.x + 23, baseline, class: "label")
    }
  }

  private static let rowHeight = 16.0

  private static func layout(_ names: [String], width: Double) -> [(x: Double, row: Int)] {
    var x = 0.0
    var row = 0
    return names.map { name in
      // Characters of the label's font are 5.9 units wide on average; 40 for the sample and air.
      let needed = 40 + 5.9 * Double(name.count)
      if x > 0, x + needed > width {
        x = 0
        row += 1
      }
      defer { x += needed }
      return (x, row)
    }
  }
}
