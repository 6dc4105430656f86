/// Separable filters of one plane, mirrored at its edges without repeating them (OpenCV's reflect-101).
struct PlanarFilter {
  let width: Int
  let height: Int

  /// A kernel of an odd number of entries, the same or the negative from its other end.
  struct Kernel {
    /// The entry in the middle, and those after it.
    var half: [Double]
    /// 1 if symmetric, -1 if antisymmetric.
    var sign: Double

    /// - Precondition: The entries are as `sign` says.
    init(_ entries: [Double], sign: Double) {
      half = Array(entries[(entries.count / 2)...])
      self.sign = sign
    }
  }

  /// The derivative along rows (`alongRows`) or columns of OpenCV's Sobel operator.
  ///
  /// Binomial smoothing across, [-1, 1] convolved with a binomial along; not normalised.
  func sobel(_ values: [Double], size: Int, alongRows: Bool) -> [Double] {
    let derivative = Kernel(Self.binomial(size - 1, convolvedWith: [-1, 1]), sign: -1)
    let smoothing = Kernel(Self.binomial(size), sign: 1)
    return filtered(
      values, rows: alongRows ? derivative : smoothing, columns: alongRows ? smoothing : derivative)
  }

  /// Smoothing by 1/4, 1/2, 1/4 along both axes: OpenCV's Gaussian of three without a sigma.
  func blur3(_ values: [Double]) -> [Double] {
    let kernel = Kernel([0.25, 0.5, 0.25], sign: 1)
    return filtered(values, rows: kernel, columns: kernel)
  }

  /// The row of Pascal's triangle with so many entries, convolved with another kernel.
  static func binomial(_ entries: Int, convolvedWith end: [Double] = [1]) -> [Double] {
    var kernel = end
    for _ in 1..<entries {
      kernel = zip(kernel + [0], [0] + kernel).map { $0 + $1 }
    }
    return kernel
  }

  /// Correlates columns with one kernel and rows with another, row by row through one line.
  private func filtered(_ values: [Double], rows: Kernel, columns: Kernel) -> [Double] {
    let reach = rows.half.count - 1
    var line = [Double](repeating: 0, count: width + 2 * reach)
    return values.withUnsafeBufferPointer { values in
      line.withUnsafeMutableBufferPointer { line in
        let middle = line.baseAddress! + reach
        return [Double](unsafeUninitializedCapacity: width * height) { result, count in
          for y in 0..<height {
            Self.correlate(columns, into: middle, count: width) {
              values.baseAddress! + Self.mirrored(y + $0, height) * width
            }
            for i in 1..<reach + 1 {
              middle[-i] = middle[Self.mirrored(-i, width)]
              middle[width - 1 + i] = middle[Self.mirrored(width - 1 + i, width)]
            }
            Self.correlate(rows, into: result.baseAddress! + y * width, count: width) {
              UnsafePointer(middle) + $0
            }
          }
          count = width * height
        }
      }
    }
  }

  /// What a kernel makes of shifted lines, the two that share a factor together.
  @inline(__always)
  private static func correlate(
    _ kernel: Kernel, into target: UnsafeMutablePointer<Double>, count: Int,
    line: (_ shift: Int) -> UnsafePointer<Double>
  ) {
    typealias Lanes = SIMD8<Double>
    withUnsafeTemporaryAllocation(
      of: (factor: Double, after: UnsafePointer<Double>, before: UnsafePointer<Double>).self,
      capacity: kernel.half.count
    ) { taps in
      for shift in kernel.half.indices {
        taps.initializeElement(at: shift, to: (kernel.half[shift], line(shift), line(-shift)))
      }
      func lanes(_ pointer: UnsafePointer<Double>, _ x: Int) -> Lanes {
        UnsafeRawPointer(pointer + x).loadUnaligned(as: Lanes.self)
      }
      let sign = kernel.sign
      var x = 0
      while x + 8 <= count {
        var sum = taps[0].factor * lanes(taps[0].after, x)
        for tap in taps.dropFirst() {
          sum += tap.factor * (lanes(tap.after, x) + sign * lanes(tap.before, x))
        }
        UnsafeMutableRawPointer(target + x).storeBytes(of: sum, as: Lanes.self)
        x += 8
      }
      while x < count {
        var sum = taps[0].factor * taps[0].after[x]
        for tap in taps.dropFirst() { sum += tap.factor * (tap.after[x] + sign * tap.before[x]) }
        target[x] = sum
        x += 1
      }
    }
  }

  /// The index that a position beyond an edge falls back on.
  private static func mirrored(_ i: Int, _ count: Int) -> Int {
    if 0..<count ~= i { return i }
    guard count > 1 else { return 0 }
    let period = 2 * (count - 1)
    let j = ((i % period) + period) % period
    return j < count ? j : period - j
  }
}
