@testable import Archives

/// Writes pickles opcode by opcode.
enum Opcodes {
  static let mark: [UInt8] = [0x28]
  static let stop: [UInt8] = [0x2e]
  static let reduce: [UInt8] = [0x52]
  static let newObject: [UInt8] = [0x81]
  static let build: [UInt8] = [0x62]
  static let tuple: [UInt8] = [0x74]
  static let emptyTuple: [UInt8] = [0x29]
  static let emptyDictionary: [UInt8] = [0x7d]
  static let emptyList: [UInt8] = [0x5d]
  static let setItem: [UInt8] = [0x73]
  static let setItems: [UInt8] = [0x75]
  static let persistentID: [UInt8] = [0x51]
  static let none: [UInt8] = [0x4e]
  static let no: [UInt8] = [0x89]

  static func text(_ text: String) -> [UInt8] {
    [0x58] + little(text.utf8.count, 4) + Array(text.utf8)
  }
  static func integer(_ value: Int) -> [UInt8] {
    value == Int(Int32(truncatingIfNeeded: value))
      ? [0x4a] + little(value, 4) : [0x8a, 8] + little(value, 8)
  }
  static func global(_ module: String, _ name: String) -> [UInt8] {
    [0x63] + Array("\(module)\n\(name)\n".utf8)
  }
  static func tuple(_ items: [[UInt8]]) -> [UInt8] { mark + items.flatMap(\.self) + tuple }
  static func integers(_ values: [Int]) -> [UInt8] { tuple(values.map(integer)) }
  static func call(_ module: String, _ name: String, _ arguments: [[UInt8]]) -> [UInt8] {
    global(module, name) + tuple(arguments) + reduce
  }

  static func storage(_ type: String, key: String, count: Int) -> [UInt8] {
    tuple([text("storage"), global("torch", type), text(key), text("cpu"), integer(count)])
      + persistentID
  }
  static func tensor(
    _ storage: [UInt8], offset: Int = 0, shape: [Int], strides: [Int]
  ) -> [UInt8] {
    call(
      "torch._utils", "_rebuild_tensor_v2",
      [
        storage, integer(offset), integers(shape), integers(strides), no,
        call("collections", "OrderedDict", []),
      ])
  }
  /// A whole pickle of a dictionary.
  static func dictionary(_ entries: [(String, [UInt8])]) -> [UInt8] {
    [0x80, 2] + emptyDictionary + mark + entries.flatMap { text($0.0) + $0.1 } + setItems + stop
  }
}

/// Writes ZIP files as PyTorch does, and some as nobody should.
struct ZipBuilder {
  struct Entry {
    var name: String
    var content: [UInt8]
    var method = 0
    var flags = 0
    var checksum: UInt32?
    var localName: String?
    /// How much follows the local header before the content, by its own word.
    var skipped = 0
    /// Whether the content is left to a later entry to write.
    var isBare = false
  }

  var entries: [Entry] = []
  /// Whether sizes and places are written in zip64 fields.
  var wide = false

  mutating func add(_ name: String, _ content: [UInt8]) {
    entries.append(Entry(name: name, content: content))
  }

  var bytes: [UInt8] {
    var bytes: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let crc = entry.checksum ?? CRC32.checksum(of: entry.content, in: 0..<entry.content.count)
      let fixed = little(entry.flags, 2) + little(entry.method, 2) + little(0, 4)
      let offset = bytes.count
      let narrow = wide ? 0xFFFF_FFFF : entry.content.count
      let sizes = little(Int(crc), 4) + little(narrow, 4) + little(narrow, 4)
      let local = Array((entry.localName ?? entry.name).utf8)
      let extra =
        wide
        ? [1, 0, 24, 0] + little(entry.content.count, 8) + little(entry.content.count, 8)
          + little(offset, 8) : []
      bytes += little(0x0403_4b50, 4) + little(20, 2) + fixed + sizes
      bytes += little(local.count, 2) + little(entry.skipped, 2) + local
      if !entry.isBare { bytes += entry.content }
      directory += little(0x0201_4b50, 4) + little(20, 2) + little(20, 2) + fixed + sizes
      directory += little(entry.name.utf8.count, 2) + little(extra.count, 2) + little(0, 2)
      directory += little(0, 8) + little(wide ? 0xFFFF_FFFF : offset, 4)
      directory += Array(entry.name.utf8) + extra
    }
    let start = bytes.count
    bytes += directory
    if wide {
      let record = bytes.count
      bytes += little(0x0606_4b50, 4) + little(44, 8) + little(0, 4) + little(0, 8)
      bytes += little(entries.count, 8) + little(entries.count, 8)
      bytes += little(directory.count, 8) + little(start, 8)
      bytes += little(0x0706_4b50, 4) + little(0, 4) + little(record, 8) + little(1, 4)
    }
    bytes += little(0x0605_4b50, 4) + little(0, 4)
    bytes += little(wide ? 0xFFFF : entries.count, 2) + little(wide ? 0xFFFF : entries.count, 2)
    bytes += little(wide ? 0xFFFF_FFFF : directory.count, 4)
    return bytes + little(wide ? 0xFFFF_FFFF : start, 4) + little(0, 2)
  }

  /// A PyTorch file of a pickle and its storages.
  static func torch(
    _ pickle: [UInt8], storages: [String: [UInt8]] = [:], byteOrder: String = "little"
  ) -> [UInt8] {
    var builder = ZipBuilder()
    builder.add("archive/data.pkl", pickle)
    builder.add("archive/byteorder", Array(byteOrder.utf8))
    for (key, content) in storages.sorted(by: { $0.key < $1.key }) {
      builder.add("archive/data/\(key)", content)
    }
    builder.add("archive/version", Array("3\n".utf8))
    return builder.bytes
  }
}
