import Tiles

@testable import TensorKernels

/// Reproducible values in [-1, 1).
func values(_ count: Int, salt: UInt64 = 0) -> [Float] {
  var state = salt &* 0x9E37_79B9_7F4A_7C15 &+ 12345
  return (0..<count).map { _ in
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) * 0x1p-23 - 1
  }
}

/// Distinct values at least 0.01 apart, in a scattered order.
func distinctValues(_ count: Int) -> [Float] {
  (0..<count).map { Float(($0 * 7919) % count) * 0.01 - 1 }
}

/// The largest distance, relative to the largest reference value.
func distance(_ values: some Sequence<Float>, _ reference: [Double]) -> Double {
  let scale = reference.reduce(1e-3) { max($0, $1.magnitude) }
  return zip(values, reference).reduce(0) {
    // A NaN must not hide: max(NaN, x) may be x.
    let d = (Double($1.0) - $1.1).magnitude
    return d.isNaN ? .infinity : max($0, d)
  } / scale
}

extension ConvolutionShape {
  /// The largest error of one value that is rounding: Winograd's larger tiles round twice as much.
  var tolerance: Double { usesWinograd && WinogradTiling(self).size == .six ? 2e-5 : 1e-5 }
}

/// The length of the difference, relative to the reference's.
func relativeError(_ values: some Sequence<Float>, _ reference: [Double]) -> Double {
  let square = zip(values, reference).reduce(0) {
    $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1)
  }
  return (square / reference.reduce(0) { $0 + $1 * $1 }).squareRoot()
}

extension BufferPool {
  /// A buffer that holds some values.
  func take(copying values: [Float]) -> Buffer {
    let buffer = take(values.count)
    for (i, value) in values.enumerated() { buffer.pointer[i] = value }
    return buffer
  }
}

extension Buffer {
  /// The values as an array.
  var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}
