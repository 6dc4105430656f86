/// PyTorch's oldest container: a tar of `sys_info`, `storages`, `tensors` and `pickle`.
///
/// Torchvision's first ResNets (`resnet18-5c106cde.pth`) are of this kind. The members follow
/// `legacy_load` in `torch/serialization.py`.
struct TorchTar {
  private let bytes: [UInt8]
  private let members: [String: Range<Int>]
  /// Storages and views of them, by the number under which the file knows them.
  private var storages: [String: TorchStorage] = [:]
  private var content: [String: Range<Int>] = [:]
  private var tensors: [String: TorchTensor] = [:]

  /// Whether the bytes begin with the header of a tar member.
  static func isTar(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 512 && bytes[257..<262].elementsEqual("ustar".utf8)
  }

  /// Reads the file; members that carry no weights are ignored.
  static func decode(_ bytes: [UInt8]) throws(ArchiveError) -> WeightFile {
    var file = try TorchTar(bytes)
    try file.checkSystem()
    try file.readStorages()
    try file.readTensors()
    let range = try file.member("pickle")
    let pickle = try PickleMachine.read(
      bytes, in: range, part: "pickle", persistent: file.tensors)
    let dictionary = try StateDict(pickle, size: range.count, part: "pickle")
    return WeightFile(
      container: .torchTar,
      tensors: try TorchFile(bytes: bytes, storages: file.content).tensors(dictionary),
      unwrapped: dictionary.unwrapped)
  }

  private init(_ bytes: [UInt8]) throws(ArchiveError) {
    self.bytes = bytes
    var members: [String: Range<Int>] = [:]
    var reader = ByteReader(bytes, part: "tar archive")
    while reader.remaining >= 512 {
      let place = reader.place
      let header = Array(bytes[try reader.take(512)])
      if header.allSatisfy({ $0 == 0 }) { break }
      guard Self.isTar(header), let size = Self.octal(header[124..<136]),
        Self.octal(header[148..<156]) == Self.checksum(header)
      else { throw ArchiveError(.torchTar, in: "tar archive", at: place, "a damaged header") }
      let content = try reader.take(size)
      _ = try reader.take(min(-size & 511, reader.remaining))
      // Other kinds are folders, links and extended headers, which carry no weights.
      guard header[156] == UInt8(ascii: "0") || header[156] == 0 else { continue }
      let name = String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self)
      guard members.updateValue(content, forKey: name) == nil else {
        throw ArchiveError(.duplicateName, in: "tar archive", at: place, "a member stands twice")
      }
    }
    self.members = members
  }

  private func member(_ name: String) throws(ArchiveError) -> Range<Int> {
    if let range = members[name] { return range }
    throw ArchiveError(
      .torchTar, in: "tar archive", "it holds no `\(name)`, so it is no weight file",
      hint: "unpack it and name the file inside")
  }

  private func checkSystem() throws(ArchiveError) {
    let system = try PickleMachine.read(bytes, in: try member("sys_info"), part: "sys_info")
    let order = system.entries(system.root)?.first { $0.key == .text("little_endian") }?.value
    guard order == .bool(true) else {
      throw ArchiveError(.bigEndian, in: "sys_info", "the weights are not little-endian")
    }
  }

  private mutating func readStorages() throws(ArchiveError) {
    let part = "storages"
    var cursor = Cursor(bytes: bytes, range: try member(part), part: part)
    for _ in 0..<(try cursor.count()) {
      let entry = try cursor.pickle()
      guard let items = entry.sequence(entry.root), items.count == 3,
        let key = items[0].identifier, case .global(let global)? = entry.node(items[2])?.kind
      else { throw cursor.fault("a storage that is not described as PyTorch does") }
      guard let type = global.storageElement else {
        throw ArchiveError(
          .elementType, in: part,
          "the element type `\(ArchiveError.shown(global.name))` is not supported")
      }
      let count = try cursor.number()
      let (size, overflow) = count.multipliedReportingOverflow(by: type.size)
      guard count >= 0, !overflow else { throw cursor.fault("a size that cannot be counted") }
      content[key] = try cursor.take(size)
      storages[key] = TorchStorage(key: key, type: type, typeName: global.name, count: count)
    }
    let views = try cursor.pickle()
    for view in views.sequence(views.root) ?? [] {
      guard let items = views.sequence(view), items.count == 4, let key = items[0].identifier,
        let root = items[1].identifier, var storage = storages[root], storage.part == nil,
        case .integer(let offset) = items[2], case .integer(let count) = items[3],
        offset >= 0, count >= 0, offset <= storage.count, count <= storage.count - offset
      else { throw cursor.fault("a part of a storage that does not lie within it") }
      storage.part = offset..<offset + count
      storages[key] = storage
    }
  }

  private mutating func readTensors() throws(ArchiveError) {
    let part = "tensors"
    var cursor = Cursor(bytes: bytes, range: try member(part), part: part)
    for _ in 0..<(try cursor.count()) {
      let entry = try cursor.pickle()
      guard let items = entry.sequence(entry.root), items.count == 3,
        let key = items[0].identifier, let name = items[1].identifier,
        let storage = storages[name]
      else { throw cursor.fault("a tensor that is not described as PyTorch does") }
      // The number of dimensions takes 4 bytes, and 4 more that mean nothing.
      let dimensions = try cursor.number() & 0xFFFF_FFFF
      guard dimensions <= StridedView.mostDimensions else {
        throw cursor.fault("a tensor of \(dimensions) dimensions")
      }
      var numbers: [Int] = []
      for _ in 0..<2 * dimensions + 1 { numbers.append(try cursor.number()) }
      tensors[key] = TorchTensor(
        storage: storage,
        view: StridedView(
          offset: numbers[2 * dimensions], shape: Array(numbers[..<dimensions]),
          strides: Array(numbers[dimensions..<2 * dimensions])))
    }
  }

  private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
    let digits = field.filter { $0 != 0 && $0 != UInt8(ascii: " ") }
    return digits.isEmpty
      ? nil
      : Int(String(decoding: digits, as: UTF8.self), radix: 8)
        .flatMap { $0 >= 0 ? $0 : nil }
  }

  /// The sum of the header's bytes, with blanks for the sum itself.
  private static func checksum(_ header: [UInt8]) -> Int {
    header.reduce(0) { $0 + Int($1) } - header[148..<156].reduce(0) { $0 + Int($1) } + 8 * 32
  }
}

/// Reads pickles and numbers in turn from one member.
private struct Cursor {
  let bytes: [UInt8]
  var range: Range<Int>
  let part: String

  func fault(_ reason: String) -> ArchiveError { ArchiveError(.torchTar, in: part, reason) }

  mutating func pickle() throws(ArchiveError) -> Pickle {
    let pickle = try PickleMachine.read(bytes, in: range, part: part)
    range = pickle.end..<range.upperBound
    return pickle
  }

  /// How many entries follow; each takes at least a byte.
  mutating func count() throws(ArchiveError) -> Int {
    guard case .integer(let count) = try pickle().root, count >= 0, count <= range.count else {
      throw fault("a count that the member cannot hold")
    }
    return count
  }

  mutating func take(_ count: Int) throws(ArchiveError) -> Range<Int> {
    var reader = ByteReader(bytes, in: range, part: part)
    let taken = try reader.take(count)
    range = taken.upperBound..<range.upperBound
    return taken
  }

  mutating func number() throws(ArchiveError) -> Int {
    let word = try take(8)
    return bytes[word].reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}

extension PickleValue {
  /// A storage's or tensor's key, which may be a number or text.
  var identifier: String? {
    switch self {
    case .text(let text): text
    case .integer(let number): String(number)
    default: nil
    }
  }
}
