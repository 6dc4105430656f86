private import Core

/// A frame with a vertical number axis and horizontal positions, drawn the same in every figure.
struct Axes {
  var left: Double
  var top: Double
  var width: Double
  var height: Double
  /// The vertical axis, bottom to top.
  var range: ClosedRange<Double>

  var right: Double { left + width }
  var bottom: Double { top + height }

  /// The height of a value; values beyond the range lie on its edge.
  func y(_ value: Double) -> Double {
    let share = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
    return bottom - min(1, max(0, share)) * height
  }

  /// Horizontal rules with their values.
  func drawGrid(_ svg: inout SVG, signed: Bool = false) {
    let step = Self.step(range, wanted: height < 160 ? 4 : 6.5)
    let digits = Self.digits(step)
    var k = (range.lowerBound / step - 1e-9).rounded(.up)
    while k * step <= range.upperBound + step * 1e-9 {
      let value = k * step
      svg.line(left, y(value), right, y(value), class: "grid")
      let text =
        signed ? Wording.signed(value, digits: digits) : Wording.value(value, digits: digits)
      svg.text(text, left - 7, y(value) + 3.5, class: "tick", anchor: "end")
      k += 1
    }
    svg.line(left, bottom, right, bottom, class: "axis")
  }

  /// The horizontal position of each size on a logarithmic axis, smallest left; one size is centred.
  func logarithmic(_ sizes: [Int], inset: Double) -> [Int: Double] {
    guard let least = sizes.min(), let most = sizes.max() else { return [:] }
    let span = PortableMath.log(Double(most)) - PortableMath.log(Double(least))
    return Dictionary(
      sizes.map { size in
        let share =
          span > 0 ? (PortableMath.log(Double(size)) - PortableMath.log(Double(least))) / span : 0.5
        return (size, left + inset + share * (width - 2 * inset))
      }, uniquingKeysWith: { first, _ in first })
  }

  /// A range around values with a little air; a fixed span around a single one.
  static func range(_ values: [Double], including: [Double] = []) -> ClosedRange<Double> {
    let all = (values + including).filter(\.isFinite)
    guard let low = all.min(), let high = all.max() else { return 0...1 }
    let span = high - low
    guard span > 1e-9 else { return (low - 0.05)...(high + 0.05) }
    return (low - span * 0.07)...(high + span * 0.07)
  }

  /// The distance between rules: 1, 2 or 5 times a power of ten.
  private static func step(_ range: ClosedRange<Double>, wanted: Double) -> Double {
    let rough = (range.upperBound - range.lowerBound) / wanted
    var power = 1.0
    while power > rough { power /= 10 }
    while power * 10 <= rough { power *= 10 }
    return [1.0, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? power * 10
  }

  private static func digits(_ step: Double) -> Int {
    var digits = 0
    var scaled = step
    while digits < 8, (scaled - scaled.rounded()).magnitude > 1e-6 * scaled {
      scaled *= 10
      digits += 1
    }
    return digits
  }
}
