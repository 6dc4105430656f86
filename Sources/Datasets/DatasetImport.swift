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
  ///   - emit: Takes a sample; what it throws ends the import.
  public static func run(
    _ request: DatasetRequest, files: [String], read: (String) throws -> [UInt8],
    emit: (ImportedSample) throws -> Void
  ) throws -> [DatasetProblem] {
    let listing =
      switch request.format {
      case .glas: GlasFormat.listing(of: files)
      case .imageMaskFolder, .imageFolder: FolderFormat.listing(of: files, request: request)
      }
    var problems = listing.problems
    let rows = try SampleRows(listing, request: request, read: read, problems: &problems)
    if request.pixelSize != nil && listing.filePixelSize == nil {
      problems.append(
        DatasetProblem(
          code: "dataset.unknown-pixel-size", file: "",
          message: "the files' pixel size is not known, so they cannot be resampled",
          hint: "set `file_pixel_size:`, or leave out `pixel_size:`"))
    }
    if listing.entries.isEmpty {
      let isEmpty = files.isEmpty
      problems.append(
        DatasetProblem(
          code: "dataset.empty", file: "",
          message: isEmpty ? "there are no files" : "none of the \(files.count) files is an image",
          hint: request.format == .glas
            ? "let the root be the folder that holds `train_1.bmp`"
            : "let the root be the folder that holds `\(request.layout.images)`"))
    }
    for entry in listing.entries {
      let facts = rows.facts(of: entry, problems: &problems)
      let before = problems.count
      let sample = try Self.sample(
        entry, facts: facts, listing: listing, request: request, read: read, problems: &problems)
      let isSound = !problems[before...].contains { $0.severity == .error }
      if let sample, isSound { try emit(sample) }
    }
    return problems
  }

  /// Reads one sample's files; `nil` if they cannot be used.
  private static func sample(
    _ entry: SampleListing.Entry, facts: SampleRows.Facts?, listing: SampleListing,
    request: DatasetRequest, read: (String) throws -> [UInt8], problems: inout [DatasetProblem]
  ) throws -> ImportedSample? {
    var image = decode(try read(entry.image), ImageFile.rgb).orReport(entry.image, &problems)
    if let size = image.map({ ($0.width, $0.height) }), min(size.0, size.1) < minimumSide {
      problems.append(
        DatasetProblem(
          code: "dataset.image-too-small", file: entry.image,
          message: "the image is \(size.0) x \(size.1) pixels; a side needs \(minimumSide)",
          hint: "remove the image"))
    }
    var labels: LabelMap?
    if let mask = entry.mask {
      labels = decode(try read(mask), ImageFile.labels).orReport(mask, &problems)
      if let image, let labels { check(labels, mask, against: image, problems: &problems) }
    }
    guard let facts, image != nil, labels != nil || !listing.isLabelled else { return nil }
    if let target = request.pixelSize, let own = listing.filePixelSize {
      image = image?.resampled(by: own / target)
      labels = labels?.resampled(by: own / target)
    }
    guard let image else { return nil }
    return ImportedSample(
      id: entry.id, split: facts.split, patient: facts.patient, stratum: facts.stratum,
      image: image, labels: labels, pixelSize: request.pixelSize ?? listing.filePixelSize,
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

  private static func decode<Value>(
    _ bytes: [UInt8], _ decoder: ([UInt8]) throws(ImageError) -> Value
  ) -> Result<Value, ImageError> {
    do throws(ImageError) { return .success(try decoder(bytes)) } catch { return .failure(error) }
  }
}

extension Result where Failure == ImageError {
  /// The value, or a problem about the file.
  fileprivate func orReport(_ file: String, _ problems: inout [DatasetProblem]) -> Success? {
    switch self {
    case .success(let value): return value
    case .failure(let error):
      let hint =
        error.code == .colouredLabels
        ? "save the mask as 8- or 16-bit grey, the value being the label"
        : "replace the file by a sound copy in PNG or 24-bit BMP"
      problems.append(
        DatasetProblem(
          code: "dataset.unreadable", file: file,
          message: "the image cannot be read: \(error.reason)", hint: hint))
      return nil
    }
  }
}
