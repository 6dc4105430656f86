internal import Imaging

/// An image as its file has it, before a study resamples it.
public struct OriginalImage: Hashable, Sendable {
  public var width: Int
  public var height: Int
  /// Micrometres; `nil` where nobody knows.
  public var pixelSize: Double?

  public init(width: Int, height: Int, pixelSize: Double?) {
    self.width = width
    self.height = height
    self.pixelSize = pixelSize
  }
}

extension DatasetImport {
  /// The files' own sizes of some samples, by id; those that cannot be read are left out.
  ///
  /// An import keeps what it made alone, so that sizes of files are in no step's outputs; who wants
  /// to go back to the files reads them again.
  ///
  /// - Parameters: As of `run`.
  public static func originals(
    of ids: Set<String>, _ request: DatasetRequest, files: [String],
    read: @escaping (String) throws -> [UInt8],
    readPart: @escaping (String, Range<Int>) throws -> [UInt8]
  ) throws -> [String: OriginalImage] {
    let content = DatasetContent(read: read, part: readPart)
    let reader = request.reader
    var listing = try reader.listing(of: files, in: content)
    listing.filePixelSize = request.layout.filePixelSize ?? listing.filePixelSize
    // What was wrong with the files, the import has said.
    var problems: [DatasetProblem] = []
    let sizes = PixelSizes(request: request, listing: listing, problems: &problems)
    var originals: [String: OriginalImage] = [:]
    for entry in listing.entries where ids.contains(entry.id) {
      do {
        let image = try reader.image(entry, in: content)
        // Some formats state the pixel size where they outline objects.
        let stated =
          request.layout.filePixelSize == nil
          ? try entry.mask.flatMap { try reader.labels(entry, mask: $0, of: image, in: content) }
          : nil
        originals[entry.id] = OriginalImage(
          width: image.width, height: image.height, pixelSize: sizes.own(of: stated?.pixelSize))
      } catch is UnsoundFile {
        continue
      }
    }
    return originals
  }
}
