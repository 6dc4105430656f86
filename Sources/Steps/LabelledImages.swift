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
    let area = side * side
    var images = [Float](repeating: .nan, count: settings.batch * area * 3)
    var masks = [Float](repeating: .nan, count: settings.batch * area)
    for slot in 0..<settings.batch {
      var stream = RandomStream(
        seed: seed, purpose: "patch", UInt64(replicate), UInt64(step), UInt64(slot))
      let item = items[stream.index(below: items.count)]
      let placement = PatchSampler.draw(
        width: item.image.width, height: item.image.height, side: side, isTurned: isAugmented,
        stream: &stream)
      images.withSlot(slot, of: area * 3) {
        PatchSampler.copy(
          item.image, at: placement, side: side, normalization: normalization.channels, into: $0)
      }
      masks.withSlot(slot, of: area) {
        PatchSampler.copy(item.labels, at: placement, side: side, into: $0)
      }
    }
    return (images, masks)
  }
}

extension [Float] {
  /// Lends one of the equal parts of a batch to be written.
  mutating func withSlot(
    _ slot: Int, of count: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    withUnsafeMutableBufferPointer {
      body(UnsafeMutableBufferPointer(rebasing: $0[slot * count..<(slot + 1) * count]))
    }
  }
}
