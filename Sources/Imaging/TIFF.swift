internal import CTIFF

/// TIFF in memory, through libtiff: the first image of a file, in strips or tiles.
///
/// Grey, palettes and RGB of up to 8 bits, grey and RGB of 16, grey masks of 32; every codec that
/// libtiff was built with. Alpha is dropped and resolution tags are not read.
enum TIFF {
  /// An image as RGB of 8 bits.
  static func rgb(_ bytes: [UInt8]) throws(ImageError) -> RGBImage {
    let raster = try decode(bytes, mode: CTIFF_COLOURS)
    defer { ctiff_free(raster.samples) }
    let narrow: [UInt8]
    if raster.bytesPerSample == 2 {
      // 65535 is 255 times 257, so this rounds to the nearest.
      narrow = raster.array(of: UInt16.self).map { UInt8((UInt32($0) + 128) / 257) }
    } else {
      narrow = raster.array(of: UInt8.self)
    }
    guard raster.channels == 1 else {
      return RGBImage(width: raster.width, height: raster.height, pixels: narrow)
    }
    var pixels = [UInt8](repeating: 0, count: 3 * narrow.count)
    for (i, value) in narrow.enumerated() {
      for channel in 0..<3 { pixels[3 * i + channel] = value }
    }
    return RGBImage(width: raster.width, height: raster.height, pixels: pixels)
  }

  /// A mask: raw grey values or palette indices.
  static func labels(_ bytes: [UInt8]) throws(ImageError) -> LabelMap {
    let raster = try decode(bytes, mode: CTIFF_RAW)
    defer { ctiff_free(raster.samples) }
    let (width, height) = (raster.width, raster.height)
    if raster.channels == 3 {
      guard raster.bytesPerSample == 1 else {
        throw ImageError(.unsupported, "a mask of 16-bit RGB; save it as 8- or 16-bit grey")
      }
      return try Imaging.labels(
        fromColours: RGBImage(
          width: width, height: height, pixels: raster.array(of: UInt8.self)))
    }
    switch raster.bytesPerSample {
    case 1:
      return LabelMap(
        width: width, height: height, labels: raster.array(of: UInt8.self).map { UInt16($0) })
    case 2:
      return LabelMap(width: width, height: height, labels: raster.array(of: UInt16.self))
    default:
      let wide = raster.array(of: UInt32.self)
      guard let highest = wide.max(), highest <= UInt32(UInt16.max) else {
        throw ImageError(.unsupported, "a label above 65535; number the objects from 1")
      }
      return LabelMap(
        width: width, height: height, labels: wide.map { UInt16(truncatingIfNeeded: $0) })
    }
  }

  /// Samples that libtiff decoded and C's allocator owns.
  private struct Raster {
    var width: Int
    var height: Int
    var channels: Int
    var bytesPerSample: Int
    var samples: UnsafeMutableRawPointer

    func array<Sample>(of: Sample.Type) -> [Sample] {
      let count = width * height * channels
      let typed = samples.bindMemory(to: Sample.self, capacity: count)
      return [Sample](UnsafeBufferPointer(start: typed, count: count))
    }
  }

  private static func decode(_ bytes: [UInt8], mode: Int) throws(ImageError) -> Raster {
    var image = ctiff_image()
    var samples: UnsafeMutableRawPointer?
    var text = [CChar](repeating: 0, count: Int(CTIFF_ERROR_SIZE))
    let status = bytes.withUnsafeBufferPointer {
      ctiff_decode($0.baseAddress, $0.count, Int32(mode), &image, &samples, &text)
    }
    guard Int(status) == CTIFF_OK, let samples else { throw error(status, text) }
    return Raster(
      width: Int(image.width), height: Int(image.height), channels: Int(image.channels),
      bytesPerSample: Int(image.bytes_per_sample), samples: samples)
  }

  private static func error(_ status: Int32, _ text: [CChar]) -> ImageError {
    let reason = text.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    return switch Int(status) {
    case CTIFF_TOO_LARGE: ImageError(.tooLarge, reason)
    case CTIFF_NO_MEMORY: ImageError(.outOfMemory, reason)
    case CTIFF_UNSUPPORTED: ImageError(.unsupported, reason)
    default: ImageError(.damaged, reason)
    }
  }
}
