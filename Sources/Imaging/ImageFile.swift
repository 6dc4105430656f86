/// Reads images and label masks from bytes, by what the content is and not by a file's name.
public enum ImageFile {
  /// The largest width and height that is read.
  public static let maximumSide = 32768
  /// The largest number of pixels that is read.
  public static let maximumPixels = 1 << 28

  /// A colour image; grey becomes RGB, 16 bits are rounded to 8, alpha is dropped, gamma is ignored.
  public static func rgb(_ bytes: [UInt8]) throws(ImageError) -> RGBImage {
    switch try format(of: bytes) {
    case .png: try PNG.rgb(bytes)
    case .bmp: try BMP.rgb(bytes)
    case .tiff: try TIFF.rgb(bytes)
    }
  }

  /// A label mask: a grey value or a palette's index is the label.
  ///
  /// Masks saved as RGB or RGBA are read where every pixel is grey; other colours are an error,
  /// because nothing says which label a colour means.
  public static func labels(_ bytes: [UInt8]) throws(ImageError) -> LabelMap {
    switch try format(of: bytes) {
    case .png: try PNG.labels(bytes)
    case .bmp: try BMP.labels(bytes)
    case .tiff: try TIFF.labels(bytes)
    }
  }

  private enum Format { case png, bmp, tiff }

  private static func format(of bytes: [UInt8]) throws(ImageError) -> Format {
    if bytes.isEmpty { throw ImageError(.damaged, "the file is empty") }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return .png }
    if bytes.starts(with: [0x42, 0x4D]) { return .bmp }
    let tiffs: [[UInt8]] = [
      [0x49, 0x49, 0x2A, 0x00], [0x4D, 0x4D, 0x00, 0x2A],
      [0x49, 0x49, 0x2B, 0x00], [0x4D, 0x4D, 0x00, 0x2B],
    ]
    if tiffs.contains(where: { bytes.starts(with: $0) }) { return .tiff }
    let others: [(name: String, start: [UInt8])] = [
      ("a JPEG", [0xFF, 0xD8, 0xFF]), ("a GIF", [0x47, 0x49, 0x46, 0x38]),
      ("a JPEG 2000", [0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50]),
    ]
    if let other = others.first(where: { bytes.starts(with: $0.start) }) {
      throw ImageError(.unknownFormat, "the content is \(other.name); PNG, BMP and TIFF are read")
    }
    throw ImageError(.unknownFormat, "the content is neither PNG, BMP nor TIFF")
  }
}

/// Turns grey-valued RGB samples into labels.
func labels(
  fromColours colours: RGBImage
) throws(ImageError) -> LabelMap {
  var map = LabelMap(width: colours.width, height: colours.height)
  for i in 0..<map.labels.count {
    let value = colours.pixels[3 * i]
    guard value == colours.pixels[3 * i + 1], value == colours.pixels[3 * i + 2] else {
      throw ImageError(
        .colouredLabels,
        "the mask is in colour (first at column \(i % map.width), row \(i / map.width)), so a pixel"
          + " names no label")
    }
    map.labels[i] = UInt16(value)
  }
  return map
}
