internal import Core
internal import Execution
internal import Imaging
internal import ManifestModel
internal import Planning

/// Decoded images with their masks, and batches of patches drawn from them.
struct LabelledImages {
  struct Item {
    var sample: SplitIndex.Sample
    var image: RGBImage
    var labels: LabelMap
  }

  /// The labels of one patch, and the image that it comes from.
  struct PatchLabels {
    var item: Int
    var labels: LabelMap
    /// Whether an object may be in two places, because the image was reflected at its edges.
    var isMirrored: Bool
  }

  private(set) var items: [Item]
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

  /// The same images with each object under a label of its own.
  func withObjects() throws -> LabelledImages {
    var copy = self
    copy.items = try items.map { item in
      guard item.sample.objectClasses == nil else { return item }
      var item = item
      item.labels = try item.labels.separated(of: item.sample)
      return item
    }
    return copy
  }

  /// A batch of patches, NHWC, and their labels: where each comes from is drawn by optimiser step and
  /// slot, so that every initialization of a replicate sees the same batches.
  func batch(
    step: Int, settings: TrainingSettings, replicate: Int, seed: UInt64
  ) -> (images: [Float], labels: [PatchLabels]) {
    let side = settings.patch
    var images = [Float](repeating: .nan, count: settings.batch * side * side * 3)
    let labels = (0..<settings.batch).map { slot in
      var stream = RandomStream(
        seed: seed, purpose: "patch", UInt64(replicate), UInt64(step), UInt64(slot))
      let item = stream.index(below: items.count)
      return images.withSlot(slot, of: side * side * 3) {
        patch(of: item, side: side, settings.augmentation, stream: &stream, into: $0)
      }
    }
    return (images, labels)
  }

  /// A patch at a place, as it is.
  func patch(
    of item: Int, at placement: PatchSampler.Placement, side: Int
  ) -> (image: [Float], labels: PatchLabels) {
    var image = [Float](repeating: .nan, count: side * side * 3)
    let labels = image.withSlot(0, of: side * side * 3) {
      copy(item, at: placement, side: side, into: $0)
    }
    return (image, labels)
  }

  private func patch(
    of item: Int, side: Int, _ augmentation: Augmentation, stream: inout RandomStream,
    into buffer: UnsafeMutableBufferPointer<Float>
  ) -> PatchLabels {
    let (image, labels) = (items[item].image, items[item].labels)
    switch augmentation {
    case .none, .geometric:
      let placement = PatchSampler.draw(
        width: image.width, height: image.height, side: side, isTurned: augmentation == .geometric,
        stream: &stream)
      return copy(item, at: placement, side: side, into: buffer)
    case .hovernet:
      let draw = HoVerNetAugmentation(
        width: image.width, height: image.height, side: side, stream: &stream)
      draw.copy(image, normalization: normalization.channels, into: buffer)
      return PatchLabels(item: item, labels: draw.labels(of: labels), isMirrored: draw.isMirrored)
    }
  }

  private func copy(
    _ item: Int, at placement: PatchSampler.Placement, side: Int,
    into buffer: UnsafeMutableBufferPointer<Float>
  ) -> PatchLabels {
    let (image, labels) = (items[item].image, items[item].labels)
    PatchSampler.copy(
      image, at: placement, side: side, normalization: normalization.channels, into: buffer)
    return PatchLabels(
      item: item, labels: PatchSampler.labels(of: labels, at: placement, side: side),
      isMirrored: image.width < side || image.height < side)
  }
}

extension LabelMap {
  /// Each object under a label of its own, by the rule of `objects`.
  func separated(of sample: SplitIndex.Sample) throws -> LabelMap {
    guard let objects else { throw StepFailure.tooManyObjects(in: sample.id) }
    return objects
  }
}

extension StepFailure {
  /// A label map holds no more objects than 16 bits count.
  static func tooManyObjects(in image: String) -> StepFailure {
    StepFailure(
      "measure.too-many-objects", "image \(image) falls into more than 65,535 objects",
      hint: "raise `minimum_size`, or cut the image into smaller ones")
  }
}

extension [Float] {
  /// Lends one of the equal parts of a batch to be written.
  mutating func withSlot<Result>(
    _ slot: Int, of count: Int, _ body: (UnsafeMutableBufferPointer<Float>) -> Result
  ) -> Result {
    withUnsafeMutableBufferPointer {
      body(UnsafeMutableBufferPointer(rebasing: $0[slot * count..<(slot + 1) * count]))
    }
  }
}
