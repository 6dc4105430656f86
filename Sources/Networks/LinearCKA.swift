/// Linear centred kernel alignment of two representations of the same samples (Kornblith et al.
/// 2019): `‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖)` with centred columns and Frobenius norms; 1 if they agree.
///
/// - Parameters:
///   - x: `[samples, columns]`.
///   - y: `[samples, columns of its own]`.
/// - Complexity: O(*samples* x *columns of x* x *columns of y*), in Float64.
public func linearCKA(_ x: [Float], _ y: [Float], samples: Int) -> Double {
  let (a, b) = (centred(x, samples), centred(y, samples))
  return squaredProduct(a, b) / (squaredProduct(a, a) * squaredProduct(b, b)).squareRoot()
}

/// Columns with mean 0, column by column.
private func centred(_ x: [Float], _ samples: Int) -> [[Double]] {
  let columns = x.count / samples
  return (0..<columns).map { c in
    let values = (0..<samples).map { Double(x[$0 * columns + c]) }
    let mean = values.reduce(0, +) / Double(samples)
    return values.map { $0 - mean }
  }
}

private func squaredProduct(_ a: [[Double]], _ b: [[Double]]) -> Double {
  var sum = 0.0
  for left in a {
    for right in b {
      var product = 0.0
      for (u, v) in zip(left, right) { product += u * v }
      sum += product * product
    }
  }
  return sum
}
