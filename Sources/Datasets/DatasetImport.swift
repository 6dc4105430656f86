internal import Core
internal import Imaging

/// Decodes and checks a dataset's files.
public enum DatasetImport {
  /// Images with a shorter side than this are refused: an encoder would see nothing.
  public static let minimumSide = 8

  /// Reads every file of a dataset, hands over each sample that is sound, and returns all problems.
  ///
  /// One image is in memory at a time. Samples come in ascending order of their ids. If a problem is
  /// an error the dataset must not be used, whatever was handed over.
  ///
  /// - Parameters:
  ///   - files: The names below the root with `/` between parts, ascending.
  ///   - read: Returns a file's content; what it throws ends the import.
  ///   - readPart: Returns some bytes of a file, fewer where it ends before; absent: out of the whole.
  ///   - emit: Takes a sample; what it throws ends the import.
  public static func run(
    _ request: DatasetRequest, files: [String], read: @escaping (String) throws -> [UInt8],
    readPart: ((String, Range<Int>) throws -> [UInt8])? = nil,
    emit: (ImportedSample) throws -> Void
  ) throws -> [DatasetProblem] {
    let content = DatasetContent(
      read: read, part: readPart ?? { Array(try read($0)[clamped: $1]) })
    let reader = request.reader
    var listing = try reader.listing(of: files, in: content)
    // What the study says of the files goes before what the format takes for granted.
    listing.filePixelSize = request.layout.filePixelSize ?? listing.filePixelSize
    var problems = listing.problems
    let rows = try SampleRows(listing, request: request, read: read, problems: &problems)
    if listing.entries.isEmpty {
      let isEmpty = files.isEmpty
      problems.append(
        DatasetProblem(
          code: "dataset.empty", file: "",
          message: isEmpty ? "there are no files" : "none of the \(files.count) files is an image",
          hint: reader.rootHint))
    }
    let sizes = PixelSizes(request: request, listing: listing, problems: &problems)
    var watch = LeakageWatch()
    for entry in listing.entries {
      let before = problems.count
      let facts = rows.facts(of: entry, problems: &problems)
      if facts == nil && rows.takesOnlyRows && problems.count == before { continue }
      var sample = try Self.sample(
        entry, facts: facts, isLabelled: listing.isLabelled, with: reader, in: content,
        problems: &problems)
      let isSound = !problems[before...].contains { $0.severity == .error }
      guard isSound, let read = sample, let facts else { continue }
      watch.add(read, patient: facts.knownPatient ?? request.group.map { _ in facts.patient })
      sizes.apply(to: &sample!)
      try emit(sample!)
    }
    return problems + watch.problems(severity: request.refusesLeakage ? .error : .warning)
  }

  /// Reads one sample's files, pixel sizes as they are; `nil` if they cannot be used.
  private static func sample(
    _ entry: SampleListing.Entry, facts: SampleRows.Facts?, isLabelled: Bool,
    with reader: any DatasetFormatReader, in content: DatasetContent,
    problems: inout [DatasetProblem]
  ) throws -> ImportedSample? {
    let image = try sound(&problems) { try reader.image(entry, in: content) }
    if let size = image.map({ ($0.width, $0.height) }), min(size.0, size.1) < minimumSide {
      problems.append(
        DatasetProblem(
          code: "dataset.image-too-small", file: entry.image,
          message: "the image is \(size.0) x \(size.1) pixels; a side needs \(minimumSide)",
          hint: "remove the image"))
    }
    var labels: ObjectLabels?
    if let mask = entry.mask {
      labels = try sound(&problems) {
        try reader.labels(entry, mask: mask, of: image, in: content)
      }.flatMap { $0 }
      problems += labels?.warnings ?? []
      if let image, let labels { check(labels.map, mask, against: image, problems: &problems) }
    }
    guard let facts, let image, labels != nil || !isLabelled else { return nil }
    return ImportedSample(
      id: entry.id, split: facts.split, patient: facts.patient, stratum: facts.stratum,
      image: image, labels: labels?.map, classes: labels?.classes, pixelSize: labels?.pixelSize,
      objects: labels?.objectCount ?? 0)
  }

  private static func check(
    _ labels: LabelMap, _ file: String, against image: RGBImage,
    problems: inout [DatasetProblem]
  ) {
    if (labels.width, labels.height) != (image.width, image.height) {
      problems.append(
        DatasetProblem(
          code: "dataset.size-mismatch", file: file,
          message: "the mask is \(labels.width) x \(labels.height) pixels, its image"
            + " \(image.width) x \(image.height)",
          hint: "replace the mask by one of the image's size"))
    } else if labels.foregroundCount == 0 {
      problems.append(
        DatasetProblem(
          severity: .warning, code: "dataset.mask-empty", file: file,
          message: "the mask has no labelled pixel",
          hint: "check that the image shows no object; metrics are undefined there"))
    }
  }

  /// The value, or `nil` and a problem about the file.
  private static func sound<Value>(
    _ problems: inout [DatasetProblem], _ body: () throws -> Value
  ) throws -> Value? {
    do { return try body() } catch let error as UnsoundFile {
      problems.append(error.problem)
      return nil
    }
  }
}

/// Brings samples to the pixel size that the study asks for.
struct PixelSizes {
  private let target: Double?
  private let declared: Double?
  private let nominal: Double?

  init(request: DatasetRequest, listing: SampleListing, problems: inout [DatasetProblem]) {
    target = request.pixelSize
    declared = request.layout.filePixelSize
    nominal = listing.filePixelSize
    if target != nil && nominal == nil {
      problems.append(
        DatasetProblem(
          code: "dataset.unknown-pixel-size", file: "",
          message: "the files' pixel size is not known, so they cannot be resampled",
          hint: "set `file_pixel_size:`, or leave out `pixel_size:`"))
    }
  }

  /// The pixel size of a sample's file: the study knows best, then the file, then the format.
  func own(of stated: Double?) -> Double? { declared ?? stated ?? nominal }

  /// Resamples a sample if need be; labels take the nearest pixel and stay exact.
  func apply(to sample: inout ImportedSample) {
    let own = own(of: sample.pixelSize)
    sample.pixelSize = target ?? own
    guard let target, let own, target != own else { return }
    sample.image = sample.image.resampled(by: own / target)
    guard let old = sample.labels else { return }
    let labels = old.resampled(by: own / target)
    sample.labels = labels
    // Resampling can lose the smallest objects, and takes none apart.
    sample.objects =
      old.distinctLabels.count == sample.objects ? labels.distinctLabels.count : labels.objectCount
  }
}

extension [UInt8] {
  /// The elements of a range as far as there are any.
  fileprivate subscript(clamped range: Range<Int>) -> ArraySlice<UInt8> {
    self[range.clamped(to: indices)]
  }
}
