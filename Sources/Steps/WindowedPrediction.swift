internal import Core
internal import Imaging
internal import Networks

/// A network gave values that are not numbers: its training diverged.
struct NonFinitePrediction: Error {}

/// Predicts images larger than a window: overlapping windows, probabilities averaged.
struct WindowedPrediction {
  let network: SegmentationNetwork
  let window: Int
  let stride: Int
  let normalization: Normalization

  /// Windows that go through the network together; a memory bound, no part of the result.
  private static let batch = 8

  /// The probability of foreground for each pixel as it is stored, row-major.
  func quantized(_ image: RGBImage) throws -> [UInt8] {
    try probabilities(of: image).map(QuantizedProbability.quantize)
  }

  /// The probability of foreground for each pixel, row-major.
  func probabilities(of image: RGBImage) throws -> [Float] {
    let grid = WindowGrid(width: image.width, height: image.height, window: window, stride: stride)
    var average = WindowAverage(grid)
    var first = 0
    while first < grid.positions.count {
      let chunk = grid.positions[first..<min(first + Self.batch, grid.positions.count)]
      var images = [Float](repeating: .nan, count: chunk.count * window * window * 3)
      for (slot, position) in chunk.enumerated() {
        images.withSlot(slot, of: window * window * 3) {
          PatchSampler.copy(
            image, at: position, side: window, normalization: normalization.channels, into: $0)
        }
      }
      let logits = network.predict(
        images: images, batch: chunk.count, height: window, width: window)
      guard !logits.contains(where: { $0.isNaN }) else {
        throw NonFinitePrediction()
      }
      var probabilities = logits.map(Self.sigmoid)
      for (slot, position) in chunk.enumerated() {
        probabilities.withSlot(slot, of: window * window) {
          average.add(UnsafeBufferPointer($0), at: position)
        }
      }
      first += Self.batch
    }
    return average.probabilities
  }

  private static func sigmoid(_ logit: Float) -> Float {
    Float(1 / (1 + PortableMath.exp(-Double(logit))))
  }
}
