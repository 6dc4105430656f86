internal import CPNG

extension PNG {
  /// RGB of 8 bits; equal images give equal bytes with equal `versions`.
  public static func encode(_ image: RGBImage) -> [UInt8] {
    encode(
      image.pixels, width: image.width, height: image.height, channels: 3, bytesPerSample: 1)
  }

  /// Grey of 8 bits, such as quantised probabilities.
  ///
  /// - Parameter grey: `[height, width]`, row-major.
  public static func encode(grey: [UInt8], width: Int, height: Int) -> [UInt8] {
    encode(grey, width: width, height: height, channels: 1, bytesPerSample: 1)
  }

  /// Grey of 16 bits where the pixel is the label.
  public static func encode(_ map: LabelMap) -> [UInt8] {
    encode(map.labels, width: map.width, height: map.height, channels: 1, bytesPerSample: 2)
  }

  private static func encode<Sample>(
    _ samples: [Sample], width: Int, height: Int, channels: Int32, bytesPerSample: Int32
  ) -> [UInt8] {
    precondition(
      samples.count == width * height * Int(channels), "the samples do not fill the image")
    precondition(
      1...ImageFile.maximumSide ~= width && 1...ImageFile.maximumSide ~= height,
      "a PNG of \(width) x \(height) pixels is outside the limits")
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    var text = [CChar](repeating: 0, count: Int(CPNG_ERROR_SIZE))
    let status = samples.withUnsafeBytes {
      cpng_encode(
        $0.baseAddress, UInt32(width), UInt32(height), channels, bytesPerSample, &bytes, &count,
        &text)
    }
    // With valid sizes only memory can run out, and then nothing sensible can follow.
    guard Int(status) == CPNG_OK, let bytes else {
      fatalError("cannot encode a PNG: \(error(status, text))")
    }
    defer { cpng_free(bytes) }
    return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  }
}
