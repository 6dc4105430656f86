internal import Core
internal import Execution
internal import Imaging
internal import Planning

/// Decoded images with their masks, and batches of patches drawn from them.
struct LabelledImages {
  struct Item {
    var sample: SplitIndex.Sample
    var image: RGBImage
    var labels: LabelMap
  }

  let items: [Item]
  let normalization: Normalization

  init(
    _ ids: [String], of split: SplitIndex, normalization: Normalization, in context: StepContext
  ) throws {
    let samples = Dictionary(uniqueKeysWithValues: split.samples.map { ($0.id, $0) })
    items = try ids.map { id in
      let sample = samples[id]!
      return Item(
        sample: sample, image: try context.image(of: sample),
        labels: try context.labels(of: sample))
    }
    self.normalization = normalization
  }

  /// A batch of patches, NHWC and NHW: position and turn of each are drawn by optimiser step and slot,
  /// so that every initialization of a replicate sees the same batches.
  func batch(
    step: Int, settings: TrainingSettings, replicate: Int, isAugmented: Bool, seed: UInt64
  ) -> (images: [Float], masks: [Float]) {
    let side = settings.patch
    var images = [Float](repeating: .nan, count: settings.batch * side * side * 3)
    var masks = [Float](repeating: .nan, count: settings.batch * side * side)
    for slot in 0..<settings.batch {
      var stream = RandomStream(
        seed: seed, purpose: "patch", UInt64(replicate), UInt64(step), UInt64(slot))
      let item = items[stream.index(below: items.count)]
      let x = stream.index(below: max(1, item.image.width - side + 1))
      let y = stream.index(below: max(1, item.image.height - side + 1))
      let turn = stream.index(below: 8)
      Patch.write(
        of: item.image, labels: item.labels, x: x, y: y, side: side,
        transform: isAugmented ? turn : 0, mean: normalization.mean,
        standardDeviation: normalization.standardDeviation, slot: slot, images: &images,
        masks: &masks)
    }
    return (images, masks)
  }
}
