/// Several byte strings in one: what a checkpoint file holds.
enum Sections {
  static func encode(_ sections: [[UInt8]]) -> [UInt8] {
    sections.flatMap { section in
      withUnsafeBytes(of: UInt64(section.count).littleEndian) { Array($0) } + section
    }
  }

  /// `nil` for bytes that are not sections.
  static func decode(_ bytes: [UInt8]) -> [[UInt8]]? {
    var sections: [[UInt8]] = []
    var offset = 0
    while offset < bytes.count {
      guard bytes.count - offset >= 8 else { return nil }
      let count = bytes[offset..<offset + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      offset += 8
      guard count <= UInt64(bytes.count - offset) else { return nil }
      sections.append(Array(bytes[offset..<offset + Int(count)]))
      offset += Int(count)
    }
    return sections
  }
}
