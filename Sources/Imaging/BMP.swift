/// Windows bitmaps: 1, 4 and 8 bits with a palette, 24 and 32 bits; uncompressed, either row order.
enum BMP {
  static func rgb(_ bytes: [UInt8]) throws(ImageError) -> RGBImage {
    let header = try Header(bytes)
    var pixels = [UInt8](repeating: 0, count: 3 * header.width * header.height)
    for y in 0..<header.height {
      let row = header.offset(ofRow: y)
      for x in 0..<header.width {
        let target = 3 * (y * header.width + x)
        let source: Int
        if header.bits >= 24 {
          source = row + x * header.bits / 8
        } else {
          source =
            header.paletteOffset + header.paletteStride * header.index(x, row: row, in: bytes)
          guard source + 3 <= header.paletteEnd else {
            throw ImageError(.damaged, "a pixel points past the end of the palette")
          }
        }
        // Blue comes first in the file.
        pixels[target] = bytes[source + 2]
        pixels[target + 1] = bytes[source + 1]
        pixels[target + 2] = bytes[source]
      }
    }
    return RGBImage(width: header.width, height: header.height, pixels: pixels)
  }

  /// The palette's index is the label; GlaS annotations are such files.
  static func labels(_ bytes: [UInt8]) throws(ImageError) -> LabelMap {
    let header = try Header(bytes)
    guard header.bits <= 8 else { return try Imaging.labels(fromColours: rgb(bytes)) }
    var map = LabelMap(width: header.width, height: header.height)
    for y in 0..<header.height {
      let row = header.offset(ofRow: y)
      for x in 0..<header.width {
        map.labels[y * header.width + x] = UInt16(header.index(x, row: row, in: bytes))
      }
    }
    return map
  }

  /// What the two headers say, checked against the file's length before anything is allocated.
  private struct Header {
    var width: Int
    var height: Int
    var isTopDown: Bool
    var bits: Int
    var pixelOffset: Int
    /// Rows are padded to 4 bytes.
    var rowStride: Int
    var paletteOffset: Int
    var paletteStride: Int
    var paletteEnd: Int

    init(_ bytes: [UInt8]) throws(ImageError) {
      guard bytes.count >= 26 else { throw ImageError(.damaged, "the file ends too early") }
      func word(_ at: Int) -> Int { Int(bytes[at]) | Int(bytes[at + 1]) << 8 }
      func long(_ at: Int) -> Int { word(at) | word(at + 2) << 16 }
      func signed(_ at: Int) -> Int { Int(Int32(truncatingIfNeeded: long(at))) }
      let size = long(14)
      let compression: Int
      if size == 12 {
        (width, height) = (word(18), word(20))
        (isTopDown, bits, compression) = (false, word(24), 0)
      } else {
        guard [40, 52, 56, 64, 108, 124].contains(size) else {
          throw ImageError(.unsupported, "a BMP header of \(size) bytes is of no known version")
        }
        guard bytes.count >= 14 + size else {
          throw ImageError(.damaged, "the file ends too early")
        }
        (width, height) = (signed(18), signed(22).magnitudeAsInt)
        (isTopDown, bits, compression) = (signed(22) < 0, word(28), long(30))
      }
      guard width > 0, height > 0 else {
        throw ImageError(.damaged, "the header says \(width) x \(height) pixels")
      }
      guard
        width <= ImageFile.maximumSide, height <= ImageFile.maximumSide,
        width * height <= ImageFile.maximumPixels
      else {
        throw ImageError(
          .tooLarge,
          "the header says \(width) x \(height) pixels; the limits are \(ImageFile.maximumSide) a"
            + " side and \(ImageFile.maximumPixels) in all")
      }
      guard [1, 4, 8, 24, 32].contains(bits) else {
        throw ImageError(.unsupported, "a BMP of \(bits) bits a pixel; 1, 4, 8, 24 and 32 are read")
      }
      // With 40 bytes of header the channel masks follow it; later versions contain them.
      let hasMasks = bits == 32 && (compression == 3 || compression == 6)
      guard compression == 0 || hasMasks else {
        throw ImageError(.unsupported, "a compressed BMP (method \(compression)); save it plain")
      }
      if hasMasks {
        guard bytes.count >= 66, long(54) == 0xFF0000, long(58) == 0xFF00, long(62) == 0xFF else {
          throw ImageError(.unsupported, "a 32-bit BMP with an unusual order of channels")
        }
      }
      pixelOffset = long(10)
      rowStride = (width * bits + 31) / 32 * 4
      guard pixelOffset >= 14 + size, pixelOffset + rowStride * height <= bytes.count else {
        throw ImageError(
          .damaged,
          "the file has \(bytes.count) bytes; its header needs \(pixelOffset + rowStride * height)")
      }
      paletteOffset = 14 + size
      paletteStride = size == 12 ? 3 : 4
      let declared = size == 12 ? 0 : long(46)
      let capacity = bits <= 8 ? 1 << bits : 0
      let colours = declared == 0 ? capacity : min(declared, capacity)
      paletteEnd = min(paletteOffset + paletteStride * colours, pixelOffset)
    }

    func offset(ofRow y: Int) -> Int {
      pixelOffset + rowStride * (isTopDown ? y : height - 1 - y)
    }

    /// The palette's index at a column; the leftmost pixel is in a byte's high bits.
    func index(_ x: Int, row: Int, in bytes: [UInt8]) -> Int {
      switch bits {
      case 8: Int(bytes[row + x])
      case 4: Int(bytes[row + x / 2] >> (x % 2 == 0 ? 4 : 0) & 15)
      default: Int(bytes[row + x / 8] >> (7 - x % 8) & 1)
      }
    }
  }
}

extension Int {
  fileprivate var magnitudeAsInt: Int { Int(magnitude) }
}
