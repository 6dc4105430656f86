/// The shortest decimal that reads back as the same number; whole numbers carry no fraction.
public func shortestDecimal(_ value: Double) -> String {
  let text = value.description
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// A number with a fixed count of digits after the point, rounded half away from zero.
///
/// Locale plays no part: reports must not vary with the machine that renders them. The number that is
/// there is rounded, not the one that was meant: 1.115 lies below its tie and gives 1.11. A number
/// that fills more than 18 digits comes back in its shortest form.
public func fixed(_ value: Double, digits: Int) -> String {
  guard value.isFinite else { return value.description }
  let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
  let scaled = value.magnitude * scale
  // Past 2^63 the digits after the point say nothing; the shortest form is honest there.
  guard scaled < 9e18, scale < 9e18 else { return shortestDecimal(value) }
  // The product may have been rounded up to a tie; what it lost says on which side the number lies.
  let lost = (-scaled).addingProduct(value.magnitude, scale)
  let fraction = scaled - scaled.rounded(.down)
  let up = fraction > 0.5 || (fraction == 0.5 && lost >= 0)
  let whole = UInt64(scaled.rounded(.down)) + (up ? 1 : 0)
  let sign = value < 0 && whole > 0 ? "-" : ""
  guard digits > 0 else { return "\(sign)\(whole)" }
  let decimals = String(whole % UInt64(scale))
  let zeros = String(repeating: "0", count: digits - decimals.count)
  return "\(sign)\(whole / UInt64(scale)).\(zeros)\(decimals)"
}
