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
  /// The names of the object classes 1, 2, ...; `nil` if there are none.
  var classes: [String]?
  private var splits: [String: [SplitIndex.Sample]] = [:]

  init(classes: [String]? = nil) { self.classes = classes }

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
        objects: sample.labels == nil ? nil : sample.objects, objectClasses: sample.classes))
  }

  /// Writes the outputs, splits and samples in order of name.
  func finish(_ context: StepContext) throws {
    for (split, samples) in splits.sorted(by: { $0.key < $1.key }) {
      let index = SplitIndex(
        split: split,
        samples: samples.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) },
        classes: classes)
      try context.write(output: "split/\(split)", JSON.encode(index))
      try context.write(output: "images/\(split)", JSON.encode(index.withoutLabels))
    }
  }
}

extension SplitWriter {
  /// One line for each split: how many images, patients, objects and classes, and how large.
  var summary: [String] {
    splits.sorted { $0.key < $1.key }.map { split, samples in
      let sizes = Set(samples.map { "\($0.width) x \($0.height)" }).sorted()
      let pixels = Set(samples.compactMap(\.pixelSize)).sorted().map { shortestDecimal($0) }
      var parts = [
        "\(samples.count) images", "\(Set(samples.map(\.patient)).count) patients",
        sizes.prefix(4).joined(separator: ", ")
          + (sizes.count > 4 ? " and \(sizes.count - 4) other sizes" : "") + " pixels",
        pixels.isEmpty
          ? "pixel size not known"
          : pixels.count > 3
            ? "\(pixels[0]) to \(pixels[pixels.count - 1]) µm a pixel"
            : pixels.joined(separator: ", ") + " µm a pixel",
      ]
      if samples.contains(where: { $0.objects != nil }) {
        parts.append("\(samples.reduce(0) { $0 + ($1.objects ?? 0) }) objects")
      }
      for (number, name) in (classes ?? []).enumerated() {
        let count = samples.reduce(0) { sum, sample in
          sum + (sample.objectClasses ?? []).count { $0 == number + 1 }
        }
        parts.append("\(count) \(name)")
      }
      return "\(split): " + parts.joined(separator: "; ")
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
