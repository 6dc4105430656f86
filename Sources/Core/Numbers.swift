/// The shortest decimal that reads back as the same number; whole numbers carry no fraction.
public func shortestDecimal(_ value: Double) -> String {
  let text = value.description
  return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

/// A number with a fixed count of digits after the point, rounded half away from zero.
///
/// Locale plays no part: reports must not vary with the machine that renders them.
public func fixed(_ value: Double, digits: Int) -> String {
  guard value.isFinite else { return value.description }
  let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
  let scaled = (value.magnitude * scale).rounded()
  // Past 2^63 the digits after the point say nothing; the shortest form is honest there.
  guard scaled < 9e18 else { return shortestDecimal(value) }
  let whole = UInt64(scaled)
  let sign = value < 0 && whole > 0 ? "-" : ""
  guard digits > 0 else { return "\(sign)\(whole)" }
  var fraction = String(whole % UInt64(scale))
  fraction = String(repeating: "0", count: digits - fraction.count) + fraction
  return "\(sign)\(whole / UInt64(scale)).\(fraction)"
}
