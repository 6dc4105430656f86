/// Makes checksums fit again: damage behind a wrong checksum never reaches the parser it is for.
enum Checksums {
  /// The chunks of a PNG, as far as they can be followed.
  static func mendPNG(_ bytes: inout [UInt8]) {
    var offset = 8
    while offset + 12 <= bytes.count {
      let length = (0..<4).reduce(0) { $0 << 8 | Int(bytes[offset + $1]) }
      let end = offset + 8 + length
      guard end + 4 <= bytes.count else { return }
      let checksum = crc32(bytes[offset + 4..<end])
      for i in 0..<4 { bytes[end + i] = UInt8(truncatingIfNeeded: checksum >> UInt32(24 - 8 * i)) }
      offset = end + 4
    }
  }

  /// The entries of a ZIP: each entry of the directory gets the checksum of what it points at.
  static func mendZIP(_ bytes: inout [UInt8]) {
    var offset = 0
    while offset + 46 <= bytes.count {
      guard bytes[offset..<offset + 4].elementsEqual([0x50, 0x4B, 1, 2]) else {
        offset += 1
        continue
      }
      let size = little(bytes, at: offset + 24, 4)
      let header = little(bytes, at: offset + 42, 4)
      offset += 46
      guard header + 30 <= bytes.count else { continue }
      let start =
        header + 30 + little(bytes, at: header + 26, 2) + little(bytes, at: header + 28, 2)
      guard start + size <= bytes.count else { continue }
      let checksum = crc32(bytes[start..<start + size])
      let field = offset - 30  // The checksum stands 16 bytes into the entry of 46.
      for i in 0..<4 { bytes[field + i] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * i)) }
    }
  }

  /// The headers of a tar, wherever the word `ustar` marks one.
  static func mendTar(_ bytes: inout [UInt8]) {
    for header in stride(from: 0, through: bytes.count - 512, by: 512) {
      guard bytes[header + 257..<header + 262].elementsEqual("ustar".utf8) else { continue }
      for i in 148..<156 { bytes[header + i] = UInt8(ascii: " ") }
      let sum = bytes[header..<header + 512].reduce(0) { $0 + Int($1) }
      let digits = String(sum, radix: 8).utf8
      let field = Array(repeatElement(UInt8(ascii: "0"), count: 6 - digits.count)) + digits + [0]
      bytes.replaceSubrange(header + 148..<header + 155, with: field)
    }
  }

  /// CRC-32 with the reflected polynomial EDB88320 (ISO 3309), bit by bit: files are small here.
  private static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc = UInt32.max
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
  }

  private static func little(_ bytes: [UInt8], at offset: Int, _ width: Int) -> Int {
    (0..<width).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
  }
}
