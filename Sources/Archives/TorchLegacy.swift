/// PyTorch's container before 1.6: five pickles, then each storage as a count and raw elements.
enum TorchLegacy {
  /// A pickle of the magic number 0x1950a86a20f9469cfc6c in protocol 2.
  static let magic: [UInt8] = [
    0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
  ]

  /// Reads the file; bytes after the last storage are refused.
  static func decode(_ bytes: [UInt8]) throws(ArchiveError) -> WeightFile {
    var offset = magic.count
    func next(_ part: String) throws(ArchiveError) -> Pickle {
      let pickle = try PickleMachine.read(bytes, in: offset..<bytes.count, part: part)
      offset = pickle.end
      return pickle
    }
    guard try next("protocol version").root == .integer(1001) else {
      throw ArchiveError(.unrecognised, in: "protocol version", "it is not 1001")
    }
    let system = try next("system information")
    let order = system.entries(system.root)?.first { $0.key == .text("little_endian") }?.value
    guard order == .bool(true) else {
      throw ArchiveError(
        .bigEndian, in: "system information", "the weights are not little-endian",
        hint: "save them again on a little-endian machine")
    }
    let start = offset
    let object = try next("object")
    let dictionary = try StateDict(object, size: offset - start, part: "object")
    let storages = try storages(
      bytes, keys: try next("storage keys"), types: try elementSizes(of: object), at: &offset)
    guard offset == bytes.count else {
      throw ArchiveError(
        .storage, in: "storages", at: .byte(offset), "bytes after the last storage")
    }
    return WeightFile(
      container: .torchLegacy,
      tensors: try TorchFile(bytes: bytes, storages: storages).tensors(dictionary),
      metadata: [:], unwrapped: dictionary.unwrapped)
  }

  /// Bytes of an element for each storage that the pickle names; elements of unknown size are
  /// refused, because nothing behind them could be found.
  private static func elementSizes(of pickle: Pickle) throws(ArchiveError) -> [String: Int] {
    var sizes: [String: Int] = [:]
    for node in pickle.nodes {
      guard case .storage(let storage) = node.kind else { continue }
      guard let size = storage.type?.size else {
        throw ArchiveError(
          .elementType, in: "object",
          "the element type `\(ArchiveError.shown(storage.typeName))` is not supported",
          hint: "save the weights as float32")
      }
      guard sizes.updateValue(size, forKey: storage.key) ?? size == size else {
        throw ArchiveError(.storage, in: "object", "one storage with two element types")
      }
    }
    return sizes
  }

  private static func storages(
    _ bytes: [UInt8], keys: Pickle, types: [String: Int], at offset: inout Int
  ) throws(ArchiveError) -> [String: Range<Int>] {
    guard let list = keys.sequence(keys.root) else {
      throw ArchiveError(.storage, in: "storage keys", "they are not a list")
    }
    var storages: [String: Range<Int>] = [:]
    for item in list {
      let key: String? =
        switch item {
        case .text(let text): text
        case .integer(let number): String(number)
        default: nil
        }
      guard let key, let size = types[key] else {
        throw ArchiveError(.storage, in: "storage keys", "a key that no tensor uses")
      }
      let part = "storage `\(ArchiveError.shown(key))`"
      var reader = ByteReader(bytes, in: offset..<bytes.count, part: part)
      let (length, overflow) = try reader.count(8).multipliedReportingOverflow(by: size)
      guard !overflow else {
        throw ArchiveError(.storage, in: part, "a size that cannot be counted")
      }
      let range = try reader.take(length)
      guard storages.updateValue(range, forKey: key) == nil else {
        throw ArchiveError(.duplicateName, in: part, "it stands twice")
      }
      offset = range.upperBound
    }
    return storages
  }
}
