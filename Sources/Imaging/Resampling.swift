extension RGBImage {
  /// The image scaled by a factor: each new pixel is the mean of the area it covers.
  ///
  /// The new sides are rounded to the nearest and at least 1. Sums run in a fixed order in Float64.
  public func resampled(by factor: Double) -> RGBImage {
    resampled(
      width: scaled(width, by: factor), height: scaled(height, by: factor))
  }

  /// The image at a new size: each new pixel is the mean of the area it covers.
  public func resampled(width newWidth: Int, height newHeight: Int) -> RGBImage {
    precondition(newWidth > 0 && newHeight > 0, "an image has at least one pixel")
    if newWidth == width && newHeight == height { return self }
    let columns = coverage(of: width, by: newWidth)
    let rows = coverage(of: height, by: newHeight)
    var wide = [Double](repeating: 0, count: 3 * newWidth * height)
    for y in 0..<height {
      for (x, share) in columns.enumerated() {
        for c in 0..<3 {
          var sum = 0.0
          for (k, weight) in share.weights.enumerated() {
            sum += weight * Double(pixels[3 * (y * width + share.first + k) + c])
          }
          wide[3 * (y * newWidth + x) + c] = sum
        }
      }
    }
    var result = [UInt8](repeating: 0, count: 3 * newWidth * newHeight)
    for (y, share) in rows.enumerated() {
      for i in 0..<3 * newWidth {
        var sum = 0.0
        for (k, weight) in share.weights.enumerated() {
          sum += weight * wide[3 * newWidth * (share.first + k) + i]
        }
        result[3 * newWidth * y + i] = UInt8(min(255, max(0, (sum + 0.5).rounded(.down))))
      }
    }
    return RGBImage(width: newWidth, height: newHeight, pixels: result)
  }
}

extension LabelMap {
  /// The map scaled by a factor, each new pixel taking the label at its centre.
  public func resampled(by factor: Double) -> LabelMap {
    resampled(
      width: scaled(width, by: factor), height: scaled(height, by: factor))
  }

  /// The map at a new size, each new pixel taking the label at its centre.
  public func resampled(width newWidth: Int, height newHeight: Int) -> LabelMap {
    precondition(newWidth > 0 && newHeight > 0, "a map has at least one pixel")
    var map = LabelMap(width: newWidth, height: newHeight)
    for y in 0..<newHeight {
      // The integer form of floor((y + 0.5) * height / newHeight).
      let source = (2 * y + 1) * height / (2 * newHeight)
      for x in 0..<newWidth {
        map.labels[y * newWidth + x] =
          labels[
            source * width + (2 * x + 1) * width / (2 * newWidth)]
      }
    }
    return map
  }
}

/// Old pixels from `first` on and their shares in one new pixel; the shares sum to 1.
private struct Coverage {
  var first: Int
  var weights: [Double]
}

private func coverage(of count: Int, by newCount: Int) -> [Coverage] {
  // In units of 1/newCount of an old pixel every edge is a whole number.
  (0..<newCount).map { i in
    let (start, end) = (i * count, (i + 1) * count)
    let (first, last) = (start / newCount, (end - 1) / newCount)
    let weights = (first...last).map { k in
      Double(min(end, (k + 1) * newCount) - max(start, k * newCount)) / Double(count)
    }
    return Coverage(first: first, weights: weights)
  }
}

private func scaled(_ side: Int, by factor: Double) -> Int {
  precondition(factor > 0 && factor.isFinite, "an image is scaled by a positive factor")
  return max(1, Int((Double(side) * factor + 0.5).rounded(.down)))
}
