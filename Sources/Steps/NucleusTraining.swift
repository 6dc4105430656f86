internal import Core
internal import Evaluation
internal import Execution
internal import Imaging
internal import Learning
internal import ManifestModel
internal import Networks
internal import Planning

/// A HoVer-Net that learns nuclei, distances to their centres and types.
///
/// Distances are those of the patch's own nuclei, as the published code computes them after its crop: a
/// nucleus that the patch cuts has the centre of what is left.
struct NucleusTraining: TrainingTask {
  private let hovernet: NucleusNetwork
  private let images: TrainingImages
  private let metric: SelectionMetric?

  var network: any TrainableNetwork { hovernet }

  init(
    _ network: NucleusNetwork, _ context: StepContext, _ images: TrainingImages, split: SplitIndex
  ) throws {
    if context.types > 0, split.classes?.count != context.types {
      throw StepFailure(
        "data.other-types",
        "the model tells \(context.types) types of nuclei apart and the dataset has "
          + "\(split.classes?.count ?? 0)",
        hint: split.classes.map { "set `types: \($0.count)`" } ?? "remove `types`")
    }
    var images = images
    images.training = try images.training.withObjects()
    images.holdout = try images.holdout.withObjects()
    self.images = images
    metric = SelectionMetric(rawValue: context.text("selection.metric"))
    hovernet = network
  }

  /// The network of a step, before its encoder's weights are read.
  static func network(
    _ context: StepContext, _ settings: TrainingSettings, replicate: Int
  ) -> NucleusNetwork {
    NucleusNetwork(
      encoder: context.residualEncoder, encoderWidth: settings.width, types: context.types,
      loss: HoVerNetLoss(Loss(rawValue: context.text("training.loss"))!)!,
      optimiser: settings.rule, freezesEncoder: settings.freezesEncoder,
      firstValues: context.action.inputs["encoder"] == nil ? .all : .decoder,
      seed: context.action.seed, replicate: UInt64(replicate), threads: context.threads)
  }

  func train(step: Int, learningRate: Double) throws(NonFinite) -> Double {
    let (pixels, labels) = images.batch(step: step)
    let side = images.settings.patch
    return try hovernet.trainStep(
      images: pixels, targets: targets(labels, from: images.training), batch: labels.count,
      height: side, width: side, learningRate: learningRate)
  }

  func holdoutLoss() -> Double {
    let side = images.settings.patch
    return images.meanOverWindows { image, patch in
      hovernet.evaluateLoss(
        images: image, targets: targets([patch], from: images.holdout), batch: 1, height: side,
        width: side)
    }
  }

  func holdoutQuality() throws -> Double {
    let side = images.settings.patch
    let prediction = NucleusPrediction(
      network: hovernet, window: side, stride: max(1, side / 2),
      normalization: images.holdout.normalization)
    return try images.meanOverImages { item in
      guard let found = try prediction.nuclei(of: item.image) else {
        throw StepFailure.tooManyObjects(in: item.sample.id)
      }
      let table = OverlapTable(truth: item.labels, prediction: found.instances)
      return metric == .pq
        ? PanopticQuality(table).quality().value : Overlap.dice(table.pixels).value
    }
  }

  private func targets(
    _ patches: [LabelledImages.PatchLabels], from source: LabelledImages
  ) -> HoVerNetLoss.Targets {
    var targets = HoVerNetLoss.Targets(nuclei: [], distances: [])
    for patch in patches {
      let maps = HoVerNetTargets(
        of: patch.labels, width: patch.labels.width, height: patch.labels.height,
        isMirrored: patch.isMirrored)
      targets.nuclei += maps.nuclei.map(Float.init)
      targets.distances += maps.distances
      guard hovernet.types > 0 else { continue }
      let classes = source.items[patch.item].sample.objectClasses ?? []
      targets.types += patch.labels.labels.map { $0 == 0 ? 0 : Float(classes[Int($0) - 1]) }
    }
    return targets
  }
}
