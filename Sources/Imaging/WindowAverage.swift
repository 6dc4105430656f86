/// The mean of what overlapping windows predict for each pixel.
public struct WindowAverage: Sendable {
  public let width: Int
  public let height: Int
  public let window: Int
  private var sums: [Double]
  private var counts: [Int32]

  public init(width: Int, height: Int, window: Int) {
    self.width = width
    self.height = height
    self.window = window
    sums = [Double](repeating: 0, count: width * height)
    counts = [Int32](repeating: 0, count: width * height)
  }

  /// An empty average over a grid's image.
  public init(_ grid: WindowGrid) {
    self.init(width: grid.width, height: grid.height, window: grid.window)
  }

  /// Adds one window's probabilities; what lies beyond the image's edge is left out.
  ///
  /// - Parameter probabilities: `[window, window]`, row-major.
  public mutating func add(
    _ probabilities: UnsafeBufferPointer<Float>, at placement: PatchSampler.Placement
  ) {
    precondition(probabilities.count == window * window, "the values do not fill the window")
    for y in 0..<min(window, height - placement.y) {
      for x in 0..<min(window, width - placement.x) {
        let i = (placement.y + y) * width + placement.x + x
        sums[i] += Double(probabilities[y * window + x])
        counts[i] += 1
      }
    }
  }

  /// The means, `[height, width]`; every pixel must have been covered.
  public var probabilities: [Float] {
    zip(sums, counts).map { sum, count in
      precondition(count > 0, "a pixel was covered by no window")
      return Float(sum / Double(count))
    }
  }

  /// The means in 8 bits, `[height, width]`.
  public var quantized: [UInt8] { probabilities.map(QuantizedProbability.quantize) }
}

/// Probabilities as they are stored: q = floor(255 p + 0.5).
public enum QuantizedProbability {
  /// The lowest value that counts as foreground.
  public static let threshold: UInt8 = 128

  /// The stored value of a probability; values outside 0...1 are clamped.
  public static func quantize(_ probability: Float) -> UInt8 {
    precondition(!probability.isNaN, "a prediction that is not a number cannot be stored")
    return UInt8((Double(min(1, max(0, probability))) * 255 + 0.5).rounded(.down))
  }

  /// 1 where a stored probability is foreground.
  public static func foreground(_ quantized: [UInt8], width: Int, height: Int) -> LabelMap {
    LabelMap(
      width: width, height: height, labels: quantized.map { $0 >= threshold ? 1 : 0 })
  }
}
