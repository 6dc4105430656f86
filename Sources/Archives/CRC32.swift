/// The checksum of ZIP entries: CRC-32 with the reflected polynomial EDB88320 (ISO 3309).
enum CRC32 {
  // Eight tables take eight bytes a turn (Kounavis and Berry 2005): weight files are large.
  private static let tables: [[UInt32]] = {
    var tables = [[UInt32]](repeating: [UInt32](repeating: 0, count: 256), count: 8)
    for i in 0..<256 {
      var value = UInt32(i)
      for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
      tables[0][i] = value
    }
    for i in 0..<256 {
      for k in 1..<8 {
        let below = tables[k - 1][i]
        tables[k][i] = below >> 8 ^ tables[0][Int(below & 0xFF)]
      }
    }
    return tables
  }()

  /// The checksum of a part of some bytes.
  static func checksum(of bytes: [UInt8], in range: Range<Int>) -> UInt32 {
    let flat = tables.flatMap(\.self)
    return bytes.withUnsafeBufferPointer { all in
      flat.withUnsafeBufferPointer { table in
        var crc = UInt32.max
        var i = range.lowerBound
        while range.upperBound - i >= 8 {
          crc ^=
            UInt32(all[i]) | UInt32(all[i + 1]) << 8 | UInt32(all[i + 2]) << 16
            | UInt32(all[i + 3]) << 24
          let low = table[1792 + Int(crc & 0xFF)] ^ table[1536 + Int(crc >> 8 & 0xFF)]
          let middle = table[1280 + Int(crc >> 16 & 0xFF)] ^ table[1024 + Int(crc >> 24)]
          let high = table[768 + Int(all[i + 4])] ^ table[512 + Int(all[i + 5])]
          crc = low ^ middle ^ high ^ table[256 + Int(all[i + 6])] ^ table[Int(all[i + 7])]
          i += 8
        }
        while i < range.upperBound {
          crc = crc >> 8 ^ table[Int((crc ^ UInt32(all[i])) & 0xFF)]
          i += 1
        }
        return ~crc
      }
    }
  }
}
