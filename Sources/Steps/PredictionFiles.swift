public import Core
internal import Imaging

/// Writes predicted objects into files that other programs open: `IMAGE.png` and `IMAGE.geojson`.
///
/// Both are on the pixels of the image file. The map takes the nearest predicted pixel, and the
/// outlines are those of the same pixels scaled: filled by the centres of pixels they give the map.
public struct PredictionFiles: Sendable {
  public enum Format: String, CaseIterable, Sendable {
    /// 16-bit grey; the pixel is the object's number, 0 background.
    case png
    /// QuPath's GeoJSON.
    case geojson
  }

  /// A file that was written.
  public struct Written: Hashable, Sendable {
    public var image: String
    public var format: Format
    public var objects: Int
    public var path: Path
    public var bytes: Int
  }

  let directory: Path
  let formats: [Format]
  let style: ObjectStyle
  let files: any FileSystem

  public init(
    in directory: Path, formats: [Format], style: ObjectStyle, files: any FileSystem
  ) {
    self.directory = directory
    self.formats = formats
    self.style = style
    self.files = files
  }

  /// Writes the files of one image, replacing those of an earlier time.
  public func write(_ objects: PredictedObjects) throws(FileError) -> [Written] {
    var written: [Written] = []
    for format in formats {
      let bytes = encode(objects, as: format)
      let path = directory / "\(objects.image).\(format.rawValue)"
      try files.createDirectory(path.parent)
      try files.write(bytes, to: path)
      written.append(
        Written(
          image: objects.image, format: format, objects: objects.count, path: path,
          bytes: bytes.count))
    }
    return written
  }

  private func encode(_ objects: PredictedObjects, as format: Format) -> [UInt8] {
    switch format {
    case .png: PNG.encode(objects.originalMap)
    case .geojson:
      QuPathGeoJSON.encode(objects.features(style), as: style.kind, at: objects.placement)
    }
  }
}
