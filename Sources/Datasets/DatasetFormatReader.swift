internal import Core
internal import Imaging

/// How the files of one format become samples; one conforming type for each format.
protocol DatasetFormatReader {
  /// The names of the object classes 1, 2, ...; `nil` if the format has none.
  var classes: [String]? { get }
  /// What to point the root at, for a folder that holds none of the format's images.
  var rootHint: String { get }
  /// Sorts the files into samples.
  func listing(of files: [String], in content: DatasetContent) throws -> SampleListing
  /// A sample's pixels.
  func image(_ entry: SampleListing.Entry, in content: DatasetContent) throws -> RGBImage
  /// A sample's objects; not called for unlabelled formats.
  ///
  /// - Parameter image: `nil` if the image could not be read.
  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels?
}

extension DatasetFormatReader {
  var classes: [String]? { nil }

  func image(_ entry: SampleListing.Entry, in content: DatasetContent) throws -> RGBImage {
    try content.image(entry.image)
  }
}

/// The files of a dataset, by their names relative to the root.
struct DatasetContent {
  /// A file's whole content; what it throws ends the import.
  let read: (String) throws -> [UInt8]
  /// Some bytes of a file that may be too large to hold.
  let part: (String, Range<Int>) throws -> [UInt8]

  /// A file decoded as an image.
  func image(_ file: String) throws -> RGBImage {
    let bytes = try read(file)
    do throws(ImageError) { return try ImageFile.rgb(bytes) } catch {
      throw UnsoundFile(error, file)
    }
  }

  /// A file decoded as a map of raw values.
  func mask(_ file: String) throws -> LabelMap {
    let bytes = try read(file)
    do throws(ImageError) { return try ImageFile.labels(bytes) } catch {
      throw UnsoundFile(error, file)
    }
  }
}

/// One file's content is not what its format says; the import goes on with the next sample.
struct UnsoundFile: Error {
  var problem: DatasetProblem

  init(_ file: String, _ message: String, code: Diagnostic.Code = "dataset.unsound", hint: String) {
    problem = DatasetProblem(code: code, file: file, message: message, hint: hint)
  }

  init(_ error: ImageError, _ file: String) {
    problem = DatasetProblem(
      code: "dataset.unreadable", file: file,
      message: "the image cannot be read: \(error.reason)",
      hint: error.code == .colouredLabels
        ? "save the mask as 8- or 16-bit grey, the value being the label"
        : "replace the file by a sound copy in PNG, TIFF or 24-bit BMP")
  }
}
