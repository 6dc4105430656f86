import Core
import Imaging
import Testing

@Suite("Decoding")
struct DecodingTests {
  @Test(
    "every kind of PNG, BMP and TIFF gives the colours that were written",
    arguments: Fixtures.names.filter { Fixtures.expected[$0]?.rgb != nil })
  func colours(name: String) throws {
    let expected = try #require(Fixtures.expected[name])
    let image = try ImageFile.rgb(Fixtures.bytes(name))
    #expect(image.width == expected.width && image.height == expected.height)
    #expect(image.digest == expected.rgb)
  }

  @Test(
    "grey values and palette indices are labels as they stand in the file",
    arguments: Fixtures.names.filter { Fixtures.expected[$0]?.labels != nil })
  func labels(name: String) throws {
    #expect(try ImageFile.labels(Fixtures.bytes(name)).digest == Fixtures.expected[name]?.labels)
  }

  @Test(
    "a mask in colour is refused",
    arguments: ["rgb8.png", "rgba8.png", "bmp24.bmp", "bmp32.bmp", "tiff_rgb8_lzw.tif"])
  func colouredMask(name: String) throws {
    let bytes = try Fixtures.bytes(name)
    let error = #expect(throws: ImageError.self) { try ImageFile.labels(bytes) }
    #expect(error?.code == .colouredLabels)
  }

  @Test("16 bits of RGB are no mask", arguments: ["rgb16.png", "tiff_rgb16.tif"])
  func wideMask(name: String) throws {
    let bytes = try Fixtures.bytes(name)
    let error = #expect(throws: ImageError.self) { try ImageFile.labels(bytes) }
    #expect(error?.code == .unsupported)
  }

  @Test(
    "what is neither PNG, BMP nor TIFF is named",
    arguments: [
      ([], ImageError.Code.damaged, "empty"), ([0xFF, 0xD8, 0xFF, 0xE0], .unknownFormat, "JPEG"),
      (Array("no image".utf8), .unknownFormat, "neither"),
    ] as [([UInt8], ImageError.Code, String)])
  func otherContent(bytes: [UInt8], code: ImageError.Code, word: String) {
    let error = #expect(throws: ImageError.self) { try ImageFile.rgb(bytes) }
    #expect(error?.code == code)
    #expect(error?.reason.contains(word) == true)
  }
}

@Suite("Hostile images")
struct HostileImageTests {
  /// A PNG of 100 bytes whose header claims any size.
  private func claim(width: Int, height: Int) throws -> [UInt8] {
    var bytes = try Array(Fixtures.bytes("rgb8.png").prefix(100))
    for k in 0..<4 {
      bytes[16 + k] = UInt8(width >> (24 - 8 * k) & 255)
      bytes[20 + k] = UInt8(height >> (24 - 8 * k) & 255)
    }
    return bytes
  }

  @Test(
    "a header that claims too much is refused before memory is asked for",
    arguments: [
      (40000, 40000, ImageError.Code.tooLarge), (32769, 1, .tooLarge), (32768, 32768, .tooLarge),
      (32768, 8193, .tooLarge), (32768, 8192, .damaged), (16000, 16000, .damaged),
    ])
  func claims(width: Int, height: Int, code: ImageError.Code) throws {
    let bytes = try claim(width: width, height: height)
    let error = #expect(throws: ImageError.self) { try ImageFile.rgb(bytes) }
    #expect(error?.code == code)
    if code == .tooLarge { #expect(error?.reason.contains("\(width) x \(height)") == true) }
    if code == .damaged { #expect(error?.reason == "the file is too short to hold its pixels") }
  }

  @Test("a BMP that claims too much is refused", arguments: [40000, 0x7FFF_FFFF, -40000, 0])
  func bitmapClaims(height: Int) throws {
    var bytes = try Fixtures.bytes("bmp24.bmp")
    for k in 0..<4 { bytes[22 + k] = UInt8(truncatingIfNeeded: height >> (8 * k)) }
    let error = #expect(throws: ImageError.self) { try ImageFile.rgb(bytes) }
    #expect(error?.code == (height == 0 ? .damaged : .tooLarge))
  }

  @Test(
    "a truncated file is an error at every length",
    arguments: [
      "rgb8.png", "grey1_interlaced.png", "palette8.png", "bmp24.bmp", "bmp8.bmp",
      "tiff_rgb8_lzw.tif",
      "tiff_rgb8_tiles.tif", "tiff_planar.tif",
    ])
  func truncation(name: String) throws {
    let bytes = try Fixtures.bytes(name)
    for length in 0..<bytes.count {
      #expect(throws: ImageError.self, "\(length) bytes") {
        try ImageFile.rgb(Array(bytes[..<length]))
      }
    }
  }

  @Test("a PNG with one flipped bit in its pixels is refused by its checksum")
  func flippedBit() throws {
    var bytes = try Fixtures.bytes("rgb8.png")
    bytes[60] ^= 4
    let error = #expect(throws: ImageError.self) { try ImageFile.rgb(bytes) }
    #expect(error?.code == .damaged)
  }

  /// Whatever the bytes, the answer is an image whose size fits its pixels, or an error.
  @Test("2,000 mutations of each kind neither crash nor overrun", arguments: Fixtures.names)
  func mutations(name: String) throws {
    let original = try Fixtures.bytes(name)
    var stream = RandomStream(seed: 1, purpose: "image-mutations")
    var refused = 0
    for _ in 0..<2000 {
      var bytes = original
      for _ in 0...stream.index(below: 4) {
        bytes[stream.index(below: bytes.count)] = UInt8(stream.index(below: 256))
      }
      if stream.chance(0.2) { bytes.removeLast(stream.index(below: bytes.count)) }
      do throws(ImageError) {
        let image = try ImageFile.rgb(bytes)
        #expect(image.pixels.count == 3 * image.width * image.height)
        _ = try ImageFile.labels(bytes)
      } catch {
        refused += 1
        #expect(!error.reason.isEmpty)
      }
    }
    #expect(refused > 0)
  }
}
