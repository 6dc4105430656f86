internal import Core
internal import Evaluation
internal import Execution
internal import Imaging
internal import Learning
internal import ManifestModel
internal import Networks

/// A U-Net that learns foreground from background.
struct MaskTraining: TrainingTask {
  private let unet: SegmentationNetwork
  private let images: TrainingImages

  var network: any TrainableNetwork { unet }

  init(_ network: SegmentationNetwork, _ images: TrainingImages) {
    (unet, self.images) = (network, images)
  }

  /// The network of a step, before its encoder's weights are read.
  static func network(
    _ context: StepContext, _ settings: TrainingSettings, replicate: Int
  ) -> SegmentationNetwork {
    SegmentationNetwork(
      encoder: context.encoder, encoderWidth: settings.width, classes: 1,
      loss: SegmentationLoss(Loss(rawValue: context.text("training.loss"))!)!,
      optimiser: settings.rule, freezesEncoder: settings.freezesEncoder,
      firstValues: context.action.inputs["encoder"] == nil ? .all : .decoder,
      seed: context.action.seed, replicate: UInt64(replicate), threads: context.threads)
  }

  func train(step: Int, learningRate: Double) throws(NonFinite) -> Double {
    let (pixels, labels) = images.batch(step: step)
    let side = images.settings.patch
    return try unet.trainStep(
      images: pixels, masks: labels.flatMap { Self.mask($0.labels) }, batch: labels.count,
      height: side, width: side, learningRate: learningRate)
  }

  func holdoutLoss() -> Double {
    let side = images.settings.patch
    return images.meanOverWindows { image, patch in
      unet.evaluateLoss(
        images: image, masks: Self.mask(patch.labels), batch: 1, height: side, width: side)
    }
  }

  func holdoutQuality() throws -> Double {
    let side = images.settings.patch
    let prediction = WindowedPrediction(
      network: unet, window: side, stride: side, normalization: images.holdout.normalization)
    return try images.meanOverImages { item in
      let probabilities = try prediction.probabilities(of: item.image)
      let counts = PixelCounts(
        truth: item.labels.labels.map { $0 != 0 }, prediction: probabilities.map { $0 >= 0.5 })
      return Overlap.dice(counts).value
    }
  }

  /// 1 where there is any label, 0 elsewhere.
  private static func mask(_ labels: LabelMap) -> [Float] {
    labels.labels.map { $0 == 0 ? 0 : 1 }
  }
}
