private import Core

/// A drawing under construction: elements in order, coordinates in user units from the top left.
struct SVG {
  let width: Double
  let height: Double
  /// What the drawing shows, for those who cannot see it.
  let title: String
  private var body = ""

  init(width: Double, height: Double, title: String) {
    self.width = width
    self.height = height
    self.title = title
  }

  /// The drawing inside a page, whose style sheet it takes its colours from.
  var inline: String { document(head: "") }

  /// The drawing as a file of its own, with its own style sheet.
  var file: String {
    let sheet = Markup.element("style", [:], StyleSheet.variables + StyleSheet.drawing)
    return document(head: sheet, namespace: "http://www.w3.org/2000/svg") + "\n"
  }

  private func document(head: String, namespace: String = "") -> String {
    Markup.element(
      "svg",
      [
        "xmlns": namespace, "viewBox": "0 0 \(Self.number(width)) \(Self.number(height))",
        "class": "plot", "role": "img", "aria-label": title,
      ], Markup.text("title", [:], title) + head + body)
  }

  /// A straight line between two points.
  mutating func line(
    _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class style: String
  ) {
    body += Markup.empty(
      "line",
      [
        "class": style, "x1": Self.number(x1), "y1": Self.number(y1), "x2": Self.number(x2),
        "y2": Self.number(y2),
      ])
  }

  /// A line through points; fewer than two draw nothing.
  mutating func polyline(_ points: [(x: Double, y: Double)], class style: String) {
    guard points.count > 1 else { return }
    let text = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
    body += Markup.empty("polyline", ["class": style, "points": text])
  }

  /// A rectangle by its upper left corner.
  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, class style: String
  ) {
    body += Markup.empty(
      "rect",
      [
        "class": style, "x": Self.number(x), "y": Self.number(y), "width": Self.number(width),
        "height": Self.number(height),
      ])
  }

  /// Text by its anchor on the baseline, turned clockwise about it in degrees.
  mutating func text(
    _ text: String, _ x: Double, _ y: Double, class style: String, anchor: String = "",
    rotation: Double? = nil
  ) {
    let turn = rotation.map {
      "rotate(\(Self.number($0)) \(Self.number(x)) \(Self.number(y)))"
    }
    body += Markup.text(
      "text",
      [
        "class": style, "x": Self.number(x), "y": Self.number(y), "text-anchor": anchor,
        "transform": turn ?? "",
      ], text)
  }

  /// A shape about its centre.
  mutating func marker(
    _ shape: Marker, _ x: Double, _ y: Double, radius: Double, class style: String
  ) {
    body += shape.element(x, y, radius: radius, class: style)
  }

  /// Two digits after the point are finer than any screen at these sizes.
  static func number(_ value: Double) -> String {
    shortestDecimal((value * 100).rounded() / 100 + 0)
  }
}

/// Shapes that tell series apart without colour.
enum Marker: CaseIterable {
  case circle, square, triangle, diamond, nabla, cross

  /// The shape's element about a centre.
  func element(_ x: Double, _ y: Double, radius r: Double, class style: String) -> String {
    func polygon(_ corners: [(Double, Double)]) -> String {
      let points = corners.map { "\(SVG.number(x + $0.0 * r)),\(SVG.number(y + $0.1 * r))" }
      return Markup.empty("polygon", ["class": style, "points": points.joined(separator: " ")])
    }
    // Scaled so that the shapes look equally large.
    return switch self {
    case .circle:
      Markup.empty(
        "circle",
        [
          "class": style, "cx": SVG.number(x), "cy": SVG.number(y), "r": SVG.number(r),
        ])
    case .square: polygon([(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)])
    case .triangle: polygon([(0, -1.25), (1.1, 0.8), (-1.1, 0.8)])
    case .diamond: polygon([(0, -1.3), (1.15, 0), (0, 1.3), (-1.15, 0)])
    case .nabla: polygon([(0, 1.25), (1.1, -0.8), (-1.1, -0.8)])
    case .cross:
      polygon([
        (-0.4, -1.2), (0.4, -1.2), (0.4, -0.4), (1.2, -0.4), (1.2, 0.4), (0.4, 0.4), (0.4, 1.2),
        (-0.4, 1.2), (-0.4, 0.4), (-1.2, 0.4), (-1.2, -0.4), (-0.4, -0.4),
      ])
    }
  }
}
