internal import Archives
internal import Core
internal import Datasets
internal import Execution
internal import Imaging
internal import Planning
internal import Storage

/// Gathers the samples of a dataset split by split and gives the outputs `images/` and `split/`.
///
/// Pixels are stored as NPY arrays: deterministic bytes that any tool reads without decoding.
struct SplitWriter {
  private var splits: [String: [SplitIndex.Sample]] = [:]

  mutating func add(_ sample: ImportedSample, in context: StepContext) throws {
    let image = try context.store(
      sample.id,
      NPY.encode(sample.image.pixels, shape: [sample.image.height, sample.image.width, 3]))
    let labels = try sample.labels.map { labels in
      try context.store(
        sample.id, NPY.encode(labels.labels, shape: [labels.height, labels.width]))
    }
    splits[sample.split, default: []].append(
      .init(
        id: sample.id, patient: sample.patient, width: sample.image.width,
        height: sample.image.height, pixelSize: sample.pixelSize, image: image.digest,
        stratum: sample.stratum, labels: labels?.digest,
        objects: sample.labels == nil ? nil : sample.objects))
  }

  /// Writes the outputs, splits and samples in order of name.
  func finish(_ context: StepContext) throws {
    for (split, samples) in splits.sorted(by: { $0.key < $1.key }) {
      let index = SplitIndex(
        split: split,
        samples: samples.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) })
      try context.write(output: "split/\(split)", JSON.encode(index))
      try context.write(output: "images/\(split)", JSON.encode(index.withoutLabels))
    }
  }
}

extension StepContext {
  /// The samples behind an input `split` or `images`.
  func split(input name: String) throws -> SplitIndex {
    try JSON.decode(SplitIndex.self, from: read(input: name))
  }

  /// The pixels of a sample.
  func image(of sample: SplitIndex.Sample) throws -> RGBImage {
    RGBImage(
      width: sample.width, height: sample.height,
      pixels: try NPY.bytes(of: read(object: sample.image)))
  }

  /// The labels of a sample that has them.
  func labels(of sample: SplitIndex.Sample) throws -> LabelMap {
    guard let digest = sample.labels else {
      throw StepFailure(
        "data.no-labels", "image \(sample.id) has no labels", hint: "use a labelled dataset")
    }
    return LabelMap(
      width: sample.width, height: sample.height, labels: try NPY.words(of: read(object: digest)))
  }
}
