/// Separable filters of one plane, mirrored at its edges without repeating them (OpenCV's reflect-101).
struct PlanarFilter {
  let width: Int
  let height: Int

  /// The derivative along rows (`alongRows`) or columns of OpenCV's Sobel operator.
  ///
  /// Binomial smoothing across, [-1, 1] convolved with a binomial along; not normalised.
  func sobel(_ values: [Double], size: Int, alongRows: Bool) -> [Double] {
    let derivative = Self.binomial(size - 1, convolvedWith: [-1, 1])
    let smoothing = Self.binomial(size)
    return alongRows
      ? columns(rows(values, derivative, sign: -1), smoothing, sign: 1)
      : columns(rows(values, smoothing, sign: 1), derivative, sign: -1)
  }

  /// Smoothing by 1/4, 1/2, 1/4 along both axes: OpenCV's Gaussian of three without a sigma.
  func blur3(_ values: [Double]) -> [Double] {
    columns(rows(values, [0.25, 0.5, 0.25], sign: 1), [0.25, 0.5, 0.25], sign: 1)
  }

  /// The row of Pascal's triangle with so many entries, convolved with another kernel.
  static func binomial(_ entries: Int, convolvedWith end: [Double] = [1]) -> [Double] {
    var kernel = end
    for _ in 1..<entries {
      kernel = zip(kernel + [0], [0] + kernel).map { $0 + $1 }
    }
    return kernel
  }

  /// Correlates every row with a kernel of an odd number of entries.
  ///
  /// - Parameter sign: 1 for a symmetric kernel, -1 for an antisymmetric one.
  private func rows(_ values: [Double], _ kernel: [Double], sign: Double) -> [Double] {
    let reach = kernel.count / 2
    var result = [Double](repeating: 0, count: values.count)
    var padded = [Double](repeating: 0, count: width + 2 * reach)
    for y in 0..<height {
      for i in padded.indices {
        padded[i] = values[y * width + Self.mirrored(i - reach, width)]
      }
      padded.withUnsafeBufferPointer { padded in
        result.withUnsafeMutableBufferPointer { result in
          Self.accumulate(
            kernel, sign: sign, into: result.baseAddress! + y * width, count: width
          ) { padded.baseAddress! + reach + $0 }
        }
      }
    }
    return result
  }

  /// Correlates every column with a kernel of an odd number of entries.
  private func columns(_ values: [Double], _ kernel: [Double], sign: Double) -> [Double] {
    var result = [Double](repeating: 0, count: values.count)
    values.withUnsafeBufferPointer { values in
      result.withUnsafeMutableBufferPointer { result in
        for y in 0..<height {
          Self.accumulate(
            kernel, sign: sign, into: result.baseAddress! + y * width, count: width
          ) { values.baseAddress! + Self.mirrored(y + $0, height) * width }
        }
      }
    }
    return result
  }

  /// Adds what a kernel makes of shifted lines, the two that share a factor together.
  private static func accumulate(
    _ kernel: [Double], sign: Double, into target: UnsafeMutablePointer<Double>, count: Int,
    line: (_ shift: Int) -> UnsafePointer<Double>
  ) {
    let reach = kernel.count / 2
    let middle = kernel[reach]
    let centre = line(0)
    for x in 0..<count { target[x] = middle * centre[x] }
    for shift in 1...reach {
      let (factor, after, before) = (kernel[reach + shift], line(shift), line(-shift))
      if sign > 0 {
        for x in 0..<count { target[x] += factor * (after[x] + before[x]) }
      } else {
        for x in 0..<count { target[x] += factor * (after[x] - before[x]) }
      }
    }
  }

  /// The index that a position beyond an edge falls back on.
  private static func mirrored(_ i: Int, _ count: Int) -> Int {
    guard count > 1 else { return 0 }
    let period = 2 * (count - 1)
    let j = ((i % period) + period) % period
    return j < count ? j : period - j
  }
}
