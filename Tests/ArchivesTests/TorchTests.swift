import Testing

@testable import Archives

@Suite("PyTorch's containers")
struct TorchTests {
  static func file(_ tensor: [UInt8], _ storage: [UInt8]) -> [UInt8] {
    ZipBuilder.torch(Opcodes.dictionary([("w", tensor)]), storages: ["0": storage])
  }

  @Test(
    "every storage class is widened to Float32",
    arguments: [
      ("FloatStorage", [0, 0, 0x80, 0x3f], 1, "F32"),
      ("DoubleStorage", [0, 0, 0, 0, 0, 0, 0xf8, 0xbf], -1.5, "F64"),
      ("HalfStorage", [0, 0x3c], 1, "F16"), ("BFloat16Storage", [0x80, 0x3f], 1, "BF16"),
      ("LongStorage", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], -1, "I64"),
      ("IntStorage", [0, 0, 0, 0x80], -2_147_483_648, "I32"),
      ("ShortStorage", [0, 0x80], -32768, "I16"), ("CharStorage", [0x80], -128, "I8"),
      ("ByteStorage", [0xff], 255, "U8"), ("BoolStorage", [1], 1, "BOOL"),
    ] as [(String, [UInt8], Float, String)])
  func types(storage: String, bytes: [UInt8], value: Float, type: String) throws {
    let tensor = Opcodes.tensor(
      Opcodes.storage(storage, key: "0", count: 1), shape: [1], strides: [1])
    let read = try #require(try WeightFile.decode(Self.file(tensor, bytes)).tensors.first)
    #expect(read == ArchivedTensor(name: "w", shape: [1], values: [value], elementType: type))
  }

  static func view(
    count: Int = 4, offset: Int = 0, _ shape: [Int], _ strides: [Int], type: String = "FloatStorage"
  ) -> [UInt8] {
    let tensor = Opcodes.tensor(
      Opcodes.storage(type, key: "0", count: count), offset: offset, shape: shape, strides: strides)
    return file(tensor, [UInt8](repeating: 0, count: 16))
  }

  static let badViews = [
    BadBytes("one element too far", view(offset: 1, [4], [1]), .view),
    BadBytes("a stride too far", view([2, 2], [3, 1]), .view),
    BadBytes("an offset before the start", view(offset: -1, [1], [1]), .view),
    BadBytes("an offset past the word", view(offset: .max, [2], [1]), .view),
    BadBytes("a stride past the word", view([3], [.max]), .view),
    BadBytes("more extents than strides", view([2, 2], [1]), .view),
    BadBytes("an expanded view", view([1 << 40], [0]), .tooLarge),
    BadBytes("a small expanded view", view([8], [0]), .view),
    BadBytes("a shape past the word", view([1 << 40, 1 << 40], [1, 1]), .shape),
    BadBytes("a shape past the word times zero", view([1 << 40, 1 << 40, 0], [1, 1, 1]), .shape),
    BadBytes("a storage larger than its bytes", view(count: 5, [1], [1]), .storage),
    BadBytes("a storage past the word", view(count: .max, [1], [1]), .storage),
    BadBytes("complex numbers", view([1], [1], type: "ComplexFloatStorage"), .elementType),
    BadBytes(
      "a storage that is not in the file",
      ZipBuilder.torch(
        Opcodes.dictionary([
          (
            "w",
            Opcodes.tensor(
              Opcodes.storage("FloatStorage", key: "9", count: 1), shape: [1], strides: [1])
          )
        ])), .storage),
    BadBytes(
      "a tensor twice",
      ZipBuilder.torch(
        Opcodes.dictionary(
          [String](repeating: "w", count: 2).map {
            (
              $0,
              Opcodes.tensor(
                Opcodes.storage("FloatStorage", key: "0", count: 1), shape: [1], strides: [1])
            )
          }), storages: ["0": [0, 0, 0, 0]]), .duplicateName),
    BadBytes(
      "no tensors", ZipBuilder.torch(Opcodes.dictionary([("epoch", [0x4b, 1])])), .noStateDict),
    BadBytes(
      "a whole model",
      ZipBuilder.torch(
        [0x80, 2] + Opcodes.global("models", "Net") + [0x29, 0x81] + Opcodes.stop), .noStateDict),
    BadBytes(
      "big-endian weights",
      ZipBuilder.torch(Opcodes.dictionary([]), byteOrder: "big"), .bigEndian),
  ]

  @Test("a view that cannot be read is refused", arguments: badViews)
  func refusedView(file: BadBytes) {
    #expect(archiveError { try WeightFile.decode(file.bytes) }?.code == file.code)
  }

  @Test("the stride of an extent of 1 may be any number")
  func strideOfOne() throws {
    let tensors = try WeightFile.decode(Self.view([2, 1], [2, .max])).tensors
    #expect(tensors.first?.values == [0, 0])
  }

  @Test("entries that lie over each other are refused once they outgrow the file")
  func overlappingEntries() throws {
    let count = 8
    let keys = (0..<count).map(String.init)
    let tensors = keys.map { key in
      (
        "w\(key)",
        Opcodes.tensor(
          Opcodes.storage("FloatStorage", key: key, count: 1), shape: [1], strides: [1])
      )
    }
    func file(isShared: Bool) -> [UInt8] {
      var builder = ZipBuilder()
      builder.add("a/data.pkl", Opcodes.dictionary(tensors))
      for key in keys {
        builder.add("a/data/\(key)", [UInt8](repeating: 0, count: 4096))
        let behind = count - builder.entries.count + 1
        if isShared, behind > 0 {
          // Past the local headers of the entries behind it, to the one content.
          builder.entries[builder.entries.count - 1].skipped = behind * (30 + 8)
          builder.entries[builder.entries.count - 1].isBare = true
        }
      }
      return builder.bytes
    }
    #expect(try WeightFile.decode(file(isShared: false)).tensors.count == count)
    #expect(archiveError { try WeightFile.decode(file(isShared: true)) }?.code == .tooLarge)
  }

  @Test("many tensors over one storage are refused once the file cannot account for them")
  func multiplied() throws {
    let tensor = Opcodes.tensor(
      Opcodes.storage("FloatStorage", key: "0", count: 4096), shape: [4096], strides: [1])
    func file(_ count: Int) -> [UInt8] {
      ZipBuilder.torch(
        Opcodes.dictionary((0..<count).map { ("w\($0)", tensor) }),
        storages: ["0": [UInt8](repeating: 0, count: 16384)])
    }
    #expect(try WeightFile.decode(file(10)).tensors.count == 10)
    #expect(archiveError { try WeightFile.decode(file(40)) }?.code == .tooLarge)
  }

  @Test(
    "parameters and tensors of other makers are tensors too",
    arguments: [
      Opcodes.call("torch._utils", "_rebuild_parameter", [plain, Opcodes.no, [0x7d]]),
      Opcodes.call("torch.nn.parameter", "Parameter", [plain, Opcodes.no]),
      Opcodes.call(
        "torch._tensor", "_rebuild_from_type_v2",
        [
          Opcodes.global("torch._utils", "_rebuild_tensor"), Opcodes.global("my", "Tensor"),
          Opcodes.tuple([storage, [0x4b, 1], Opcodes.integers([2]), Opcodes.integers([1])]),
          Opcodes.emptyDictionary,
        ]),
      Opcodes.call(
        "torch._utils", "_rebuild_tensor_v3",
        [
          Opcodes.storage("UntypedStorage", key: "0", count: 16), [0x4b, 1], Opcodes.integers([2]),
          Opcodes.integers([1]), Opcodes.no, [0x4e], Opcodes.global("torch", "float32"),
        ]),
      plain + Opcodes.emptyDictionary + Opcodes.build,
    ])
  func makers(tensor: [UInt8]) throws {
    let bytes: [UInt8] = [0, 0, 0, 0, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40, 0, 0, 0, 0]
    let read = try WeightFile.decode(Self.file(tensor, bytes)).tensors
    #expect(read == [ArchivedTensor(name: "w", shape: [2], values: [1, 2])])
  }

  static let storage: [UInt8] = Opcodes.storage("FloatStorage", key: "0", count: 4)
  static let plain: [UInt8] = Opcodes.tensor(storage, offset: 1, shape: [2], strides: [1])

  @Test("names are dotted paths below the innermost known wrapper")
  func unwrapping() throws {
    let inner = Opcodes.emptyDictionary + Opcodes.text("conv.weight") + Self.plain + Opcodes.setItem
    let heads = Opcodes.emptyDictionary + [0x4b, 7] + Self.plain + Opcodes.setItem
    let model =
      Opcodes.emptyDictionary + Opcodes.text("heads") + heads + Opcodes.setItem
      + Opcodes.text("trunk") + inner + Opcodes.setItem
    let pickle = Opcodes.dictionary([("epoch", [0x4b, 1]), ("model", model), ("net", [0x4e])])
    let file = try WeightFile.decode(
      ZipBuilder.torch(pickle, storages: ["0": [UInt8](repeating: 0, count: 16)]))
    #expect(file.unwrapped == ["model", "trunk"])
    #expect(file.tensors.map(\.name) == ["conv.weight"])

    let nested = Opcodes.dictionary([("other", inner), ("list", [0x28] + Self.plain + [0x6c])])
    let other = try WeightFile.decode(
      ZipBuilder.torch(nested, storages: ["0": [UInt8](repeating: 0, count: 16)]))
    #expect(other.unwrapped == [])
    #expect(other.tensors.map(\.name) == ["other.conv.weight", "list.0"])
  }

  /// A legacy file: magic, protocol, system, object, keys, storages.
  static func legacy(
    object: [UInt8], keys: [String] = ["0"], littleEndian: Bool = true, rest: [UInt8]
  ) -> [UInt8] {
    let system = Opcodes.dictionary([("little_endian", [littleEndian ? 0x88 : 0x89])])
    let list = [0x80, 2, 0x5d, 0x28] + keys.flatMap(Opcodes.text) + [0x65] + Opcodes.stop
    return TorchLegacy.magic + [0x80, 2, 0x4d, 0xe9, 0x03, 0x2e] + system
      + Opcodes.dictionary([("w", object)]) + list + rest
  }

  static let floats: [UInt8] = little(4, 8) + [0, 0, 0, 0, 0, 0, 0x80, 0x3f] + little(0, 8)

  /// Elements 1 and 2 of the storage, as a window in which a view of one element starts at 1.
  static func window(_ offset: Int, _ count: Int, viewOffset: Int) -> [UInt8] {
    let view = Opcodes.tuple([
      Opcodes.text("v"), Opcodes.integer(offset), Opcodes.integer(count),
    ])
    let storage =
      Opcodes.tuple([
        Opcodes.text("storage"), Opcodes.global("torch", "FloatStorage"), Opcodes.text("0"),
        Opcodes.text("cpu"), Opcodes.integer(4), view,
      ]) + Opcodes.persistentID
    return Opcodes.tensor(storage, offset: viewOffset, shape: [1], strides: [1])
  }

  @Test("a legacy storage may be a window onto another")
  func legacyWindow() throws {
    let bytes = Self.legacy(object: Self.window(1, 2, viewOffset: 0), rest: Self.floats)
    #expect(try WeightFile.decode(bytes).tensors.map(\.values) == [[1]])
  }

  static let twice = floats + floats

  static let badLegacy = [
    BadBytes("big-endian", legacy(object: plain, littleEndian: false, rest: floats), .bigEndian),
    BadBytes(
      "a storage cut short", legacy(object: plain, rest: Array(floats.dropLast())), .truncated),
    BadBytes("bytes after the end", legacy(object: plain, rest: floats + [0]), .storage),
    BadBytes("a key nobody uses", legacy(object: plain, keys: ["9"], rest: floats), .storage),
    BadBytes(
      "a key twice", legacy(object: plain, keys: ["0", "0"], rest: twice), .duplicateName),
    BadBytes("no key", legacy(object: plain, keys: [], rest: []), .storage),
    BadBytes("a count past the word", legacy(object: plain, rest: little(.max, 8)), .storage),
    BadBytes("a negative count", legacy(object: plain, rest: little(-1, 8)), .tooLarge),
    BadBytes(
      "a view past its window", legacy(object: window(1, 2, viewOffset: 2), rest: floats), .view),
    BadBytes(
      "a window past its storage", legacy(object: window(3, 2, viewOffset: 0), rest: floats),
      .storage),
    BadBytes("only the magic", TorchLegacy.magic, .truncated),
    BadBytes("another protocol", TorchLegacy.magic + [0x80, 2, 0x4b, 1, 0x2e], .unrecognised),
  ]

  @Test("a bad legacy file is refused", arguments: badLegacy)
  func refusedLegacy(file: BadBytes) {
    #expect(archiveError { try WeightFile.decode(file.bytes) }?.code == file.code)
  }

  /// `tar_handmade.pth` was written with Python's `tarfile` and `pickle` as `legacy_load` reads.
  @Test("the old tar container is read, with its windows")
  func tar() throws {
    let file = try WeightFile.decode(try fixture("tar_handmade.pth"))
    let weights = (0..<24).map { Float($0 * 7 % 11 - 5) / 4 }
    #expect(file.container == .torchTar)
    #expect(
      file.tensors == [
        ArchivedTensor(name: "conv1.weight", shape: [2, 3, 2, 2], values: weights),
        ArchivedTensor(
          name: "bn1.num_batches_tracked", shape: [], values: [9], elementType: "I64"),
        ArchivedTensor(name: "bn1.bias", shape: [4], values: [10, 20, 30, 40]),
        ArchivedTensor(name: "view", shape: [3, 2], values: Array(weights[10..<16])),
      ])
  }

  @Test("a tar of something else, or a damaged one, is refused")
  func badTar() throws {
    var bytes = try fixture("tar_handmade.pth")
    #expect(archiveError { try WeightFile.decode(Array(bytes[..<512])) }?.code == .truncated)
    bytes[0] = UInt8(ascii: "x")
    #expect(archiveError { try WeightFile.decode(bytes) }?.code == .torchTar)
    #expect(
      archiveError { try WeightFile.decode(try fixture("tar_handmade.pth").dropLast(2048) + []) }?
        .code == .truncated)
  }
}
