internal import Core
internal import Imaging
internal import Networks

/// Predicts images larger than a window: overlapping windows, probabilities averaged.
struct WindowedPrediction {
  let network: SegmentationNetwork
  let window: Int
  let stride: Int
  let normalization: Normalization

  /// Windows that go through the network together; a memory bound, no part of the result.
  private static let batch = 8

  /// The probability of foreground for each pixel, row-major.
  func probabilities(of image: RGBImage) -> [Float] {
    let grid = WindowGrid(width: image.width, height: image.height, window: window, stride: stride)
    var average = WindowAverage(grid)
    let positions = grid.positions
    var first = 0
    while first < positions.count {
      let chunk = positions[first..<min(first + Self.batch, positions.count)]
      let logits = network.predict(
        images: grid.windows(
          Array(chunk), of: image, mean: normalization.mean,
          standardDeviation: normalization.standardDeviation),
        batch: chunk.count, height: window, width: window)
      let area = window * window
      for (i, position) in chunk.enumerated() {
        average.add(logits[i * area..<(i + 1) * area].map(Self.sigmoid), at: position)
      }
      first += Self.batch
    }
    return average.values
  }

  private static func sigmoid(_ logit: Float) -> Float {
    Float(1 / (1 + PortableMath.exp(-Double(logit))))
  }
}
