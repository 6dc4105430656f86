internal import CPNG

/// PNG in memory, through libpng.
public enum PNG {
  /// The libraries behind the codec; they are part of what makes encoded bytes the same.
  public static var versions: String { String(cString: cpng_versions()) }

  /// An image as RGB of 8 bits.
  static func rgb(_ bytes: [UInt8]) throws(ImageError) -> RGBImage {
    let raster = try decode(bytes, mode: CPNG_COLOURS)
    var pixels = [UInt8](repeating: 0, count: 3 * raster.pixelCount)
    let channels = raster.channels
    // Grey has one value for the three channels; whatever follows colour is alpha.
    let offsets = channels < 3 ? (0, 0, 0) : (0, 1, 2)
    if raster.wide.isEmpty {
      for i in 0..<raster.pixelCount {
        pixels[3 * i] = raster.narrow[channels * i + offsets.0]
        pixels[3 * i + 1] = raster.narrow[channels * i + offsets.1]
        pixels[3 * i + 2] = raster.narrow[channels * i + offsets.2]
      }
    } else {
      for i in 0..<raster.pixelCount {
        pixels[3 * i] = eightBits(raster.wide[channels * i + offsets.0])
        pixels[3 * i + 1] = eightBits(raster.wide[channels * i + offsets.1])
        pixels[3 * i + 2] = eightBits(raster.wide[channels * i + offsets.2])
      }
    }
    return RGBImage(width: raster.width, height: raster.height, pixels: pixels)
  }

  /// A mask: raw grey values or palette indices.
  static func labels(_ bytes: [UInt8]) throws(ImageError) -> LabelMap {
    let raster = try decode(bytes, mode: CPNG_RAW)
    let channels = raster.channels
    if channels >= 3 {
      guard raster.wide.isEmpty else {
        throw ImageError(.unsupported, "a mask of 16-bit RGB; save it as 8- or 16-bit grey")
      }
      return try Imaging.labels(fromColours: rgb(bytes))
    }
    var map = LabelMap(width: raster.width, height: raster.height)
    if raster.wide.isEmpty {
      for i in 0..<raster.pixelCount { map.labels[i] = UInt16(raster.narrow[channels * i]) }
    } else {
      for i in 0..<raster.pixelCount { map.labels[i] = raster.wide[channels * i] }
    }
    return map
  }

  private struct Raster {
    var width: Int
    var height: Int
    var channels: Int
    /// Samples of 8 bits; empty if the file has 16.
    var narrow: [UInt8] = []
    /// Samples of 16 bits; empty if the file has fewer.
    var wide: [UInt16] = []
    var pixelCount: Int { width * height }
  }

  private static func decode(_ bytes: [UInt8], mode: Int) throws(ImageError) -> Raster {
    var image = cpng_image()
    var samples: UnsafeMutableRawPointer?
    var text = [CChar](repeating: 0, count: Int(CPNG_ERROR_SIZE))
    let status = bytes.withUnsafeBufferPointer {
      cpng_decode($0.baseAddress, $0.count, Int32(mode), &image, &samples, &text)
    }
    guard Int(status) == CPNG_OK, let samples else { throw error(status, text) }
    defer { cpng_free(samples) }
    var raster = Raster(
      width: Int(image.width), height: Int(image.height), channels: Int(image.channels))
    let count = raster.pixelCount * raster.channels
    if image.bytes_per_sample == 2 {
      let typed = samples.bindMemory(to: UInt16.self, capacity: count)
      raster.wide = [UInt16](UnsafeBufferPointer(start: typed, count: count))
    } else {
      let typed = samples.bindMemory(to: UInt8.self, capacity: count)
      raster.narrow = [UInt8](UnsafeBufferPointer(start: typed, count: count))
    }
    return raster
  }

  static func error(_ status: Int32, _ text: [CChar]) -> ImageError {
    let reason = text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    return switch Int(status) {
    case CPNG_NOT_PNG: ImageError(.unknownFormat, reason)
    case CPNG_TOO_LARGE: ImageError(.tooLarge, reason)
    case CPNG_NO_MEMORY: ImageError(.outOfMemory, reason)
    default: ImageError(.damaged, reason)
    }
  }

  /// 65535 is 255 times 257, so this rounds to the nearest.
  private static func eightBits(_ sample: UInt16) -> UInt8 {
    UInt8((UInt32(sample) + 128) / 257)
  }
}
