internal import Imaging
internal import Learning
internal import Networks

/// What one kind of network learns from and is judged by: all that a training loop needs to know of it.
protocol TrainingTask {
  var network: any TrainableNetwork { get }
  /// Takes one optimiser step on the batch that belongs to it and returns the loss before it.
  func train(step: Int, learningRate: Double) throws(NonFinite) -> Double
  /// The mean loss of the hold-out's windows.
  func holdoutLoss() -> Double
  /// The mean of a metric of the hold-out's images, the higher the better; images where it is undefined
  /// say nothing.
  ///
  /// - Throws: `NonFinitePrediction`.
  func holdoutQuality() throws -> Double
}

/// The images of one cell and how they are drawn.
struct TrainingImages {
  var training: LabelledImages
  var holdout: LabelledImages
  var settings: TrainingSettings
  var replicate: Int
  var seed: UInt64

  /// The batch of an optimiser step, counted from 0.
  func batch(step: Int) -> (images: [Float], labels: [LabelledImages.PatchLabels]) {
    training.batch(step: step, settings: settings, replicate: replicate, seed: seed)
  }

  /// The mean of a loss over the windows of the hold-out.
  func meanOverWindows(
    _ loss: (_ image: [Float], _ labels: LabelledImages.PatchLabels) -> Double
  ) -> Double {
    let side = settings.patch
    var sum = 0.0
    var count = 0
    for (index, item) in holdout.items.enumerated() {
      let grid = WindowGrid(
        width: item.image.width, height: item.image.height, window: side, stride: side)
      for position in grid.positions {
        let (image, labels) = holdout.patch(of: index, at: position, side: side)
        sum += loss(image, labels)
        count += 1
      }
    }
    return sum / Double(max(1, count))
  }

  /// The mean of a metric over the images of the hold-out where it is defined.
  func meanOverImages(_ metric: (LabelledImages.Item) throws -> Double?) rethrows -> Double {
    let values = try holdout.items.compactMap(metric)
    return values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }
}
