import Testing

@testable import Archives

@Suite("The pickle machine")
struct PickleMachineTests {
  static func read(_ bytes: [UInt8]) throws -> Pickle {
    try PickleMachine.read(bytes, in: 0..<bytes.count, part: "pickle")
  }

  static func code(_ bytes: [UInt8]) -> ArchiveError.Code? {
    archiveError { try read(bytes) }?.code
  }

  @Test(
    "names that reach the machine are refused on sight",
    arguments: [
      ("os", "system"), ("posix", "system"), ("nt", "system"), ("sys", "exit"),
      ("os.path", "join"), ("subprocess", "Popen"), ("subprocess", "check_output"),
      ("builtins", "eval"), ("builtins", "exec"), ("builtins", "getattr"),
      ("builtins", "__import__"), ("__builtin__", "eval"), ("__builtin__", "open"),
      ("builtins", "Exception"), ("importlib", "import_module"), ("runpy", "_run_code"),
      ("operator", "attrgetter"), ("pickle", "loads"), ("marshal", "loads"), ("shutil", "rmtree"),
      ("socket", "socket"), ("ctypes", "CDLL"), ("webbrowser", "open"), ("pty", "spawn"),
      ("torch", "os.system"), ("numpy", "builtins.eval"), ("pip._internal", "main"),
      ("multiprocessing.util", "spawnv_passfds"),
    ])
  func forbidden(module: String, name: String) throws {
    // As text and from the stack: neither needs a call to be refused.
    let fromText = Opcodes.global(module, name) + Opcodes.stop
    let fromStack = Opcodes.text(module) + Opcodes.text(name) + [0x93] + Opcodes.stop
    for bytes in [fromText, fromStack] {
      let error = try #require(archiveError { try Self.read(bytes) })
      #expect(error.code == .forbiddenGlobal)
      #expect(error.reason.contains("`\(module).\(name)`"), "\(error)")
    }
  }

  @Test(
    "functions that we do not interpret are not called",
    arguments: [
      ("torch.storage", "_load_from_bytes"), ("torch._utils", "_rebuild_qtensor"),
      ("torch", "load"), ("torch.hub", "load"), ("numpy", "load"), ("numpy.core", "fromfile"),
      ("yaml", "unsafe_load"), ("posixish", "system"), ("functools", "reduce"),
      ("timm.models", "create_model"), ("collections", "namedtuple"), ("a", ""), ("", "system"),
    ])
  func uncallable(module: String, name: String) throws {
    let call = Opcodes.call(module, name, [Opcodes.text("secret")]) + Opcodes.stop
    let error = try #require(archiveError { try Self.read(call) })
    #expect(error.code == .forbiddenGlobal)
    #expect(!error.description.contains("secret"))
    let object =
      Opcodes.global(module, name) + Opcodes.emptyTuple + Opcodes.newObject + Opcodes.stop
    #expect(Self.code(object) == .forbiddenGlobal)
    // Naming it without calling it is harmless, and some checkpoints do.
    #expect(throws: Never.self) { try Self.read(Opcodes.global(module, name) + Opcodes.stop) }
  }

  @Test(
    "objects of unknown classes stand as inert placeholders",
    arguments: [
      ("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint"),
      ("argparse", "Namespace"), ("pathlib", "PosixPath"), ("pytorch_lightning", "_AttributeDict"),
      ("numpy", "dtype"), ("mmcv", "Config.Inner"),
    ])
  func placeholders(module: String, name: String) throws {
    for make in [Opcodes.reduce, Opcodes.newObject] {
      let bytes =
        Opcodes.global(module, name) + Opcodes.tuple([Opcodes.integer(3)]) + make
        + Opcodes.emptyDictionary + Opcodes.build + Opcodes.stop
      let pickle = try Self.read(bytes)
      let node = try #require(pickle.node(pickle.root))
      #expect(node.kind == .instance(PickleGlobal(module: module, name: name)))
      #expect(node.items.count == 2)
    }
  }

  @Test("every byte that is not a listed opcode is refused where it stands")
  func opcodes() throws {
    let listed: Set<UInt8> = Set(
      Array("(.02NQRbcJKMGILFXVUTSCBqrphjg)]}tldaesu".utf8)
        + [0x80, 0x81, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8f]
        + [0x85, 0x86, 0x87, 0x90, 0x93, 0x94, 0x95])
    for opcode in UInt8.min...UInt8.max where !listed.contains(opcode) {
      let error = try #require(archiveError { try Self.read([0x80, 2, opcode, 0x2e]) })
      #expect(error.code == .opcode)
      #expect(error.place == .byte(2))
    }
  }

  @Test(
    "numbers and texts of every protocol are read",
    arguments: [
      ([0x4b, 200], .integer(200)), ([0x4d, 0x39, 0x30], .integer(12345)),
      ([0x4a, 0xfe, 0xff, 0xff, 0xff], .integer(-2)), ([0x8a, 0], .integer(0)),
      ([0x8a, 1, 0xff], .integer(-1)), ([0x8a, 2, 0xff, 0x00], .integer(255)),
      ([0x8a, 8] + little(Int.min, 8), .integer(.min)), ([0x8a, 9] + little(1, 9), .opaque),
      ([0x8b, 1, 0, 0, 0, 7], .integer(7)), (Array("I42\n".utf8), .integer(42)),
      (Array("I01\n".utf8), .bool(true)), (Array("I00\n".utf8), .bool(false)),
      (Array("L-9L\n".utf8), .integer(-9)), (Array("F1.5\n".utf8), .real(1.5)),
      ([0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0], .real(1.5)), ([0x4e], .none), ([0x88], .bool(true)),
      ([0x8c, 1, 0x61], .text("a")), ([0x8d, 1, 0, 0, 0, 0, 0, 0, 0, 0x61], .text("a")),
      ([0x55, 1, 0x61], .text("a")), ([0x54, 1, 0, 0, 0, 0x61], .text("a")),
      (Array("S'a'\n".utf8), .text("a")), (Array("Va\n".utf8), .text("a")),
      ([0x43, 1, 0x61], .bytes(2..<3)), ([0x42, 1, 0, 0, 0, 0x61], .bytes(5..<6)),
      ([0x55, 1, 0xff], .opaque),
      (Array("I1\np7\n0g7\n".utf8), .integer(1)), ([0x4b, 1, 0x94, 0x30, 0x68, 0], .integer(1)),
    ] as [([UInt8], PickleValue)])
  func scalars(bytes: [UInt8], value: PickleValue) throws {
    #expect(try Self.read(bytes + Opcodes.stop).root == value)
  }

  static let malformed = [
    BadBytes("nothing", [], .truncated),
    BadBytes("no stop", [0x80, 2, 0x4e], .truncated),
    BadBytes("a stop without a value", [0x2e], .stack),
    BadBytes("a protocol of tomorrow", [0x80, 6], .opcode),
    BadBytes("a tuple without a mark", [0x74], .stack),
    BadBytes("a pair of one", [0x4e, 0x86], .stack),
    BadBytes("a value under a mark", [0x4e, 0x28, 0x30], .stack),
    BadBytes("a memo that is empty", [0x68, 3], .memo),
    BadBytes("a text past the end", [0x58, 255, 255, 255, 127, 0x61], .truncated),
    BadBytes("a text of 2^63 bytes", [0x8d] + little(.min, 8), .tooLarge),
    BadBytes("a text that is not UTF-8", [0x58, 1, 0, 0, 0, 0xff, 0x2e], .operand),
    BadBytes("a frame past the end", [0x95] + little(99, 8) + [0x2e], .operand),
    BadBytes("a long past the end", [0x8b, 255, 255, 255, 255], .truncated),
    BadBytes("a call of a number", [0x4b, 1, 0x29, 0x52], .operand),
    BadBytes("a call of an object", Opcodes.call("a", "B", []) + [0x29, 0x52], .operand),
    BadBytes("arguments that are a list", Opcodes.global("a", "B") + [0x5d, 0x52], .operand),
    BadBytes("an item for a number", [0x4b, 1, 0x4b, 2, 0x61], .operand),
    BadBytes("an item for a tuple", [0x29, 0x4b, 2, 0x61], .operand),
    BadBytes("a key without a value", [0x7d, 0x28, 0x4e, 0x75], .operand),
    BadBytes("a state for a number", [0x4b, 1, 0x7d, 0x62], .operand),
    BadBytes("a state for a name", Opcodes.global("a", "B") + [0x7d, 0x62], .operand),
    BadBytes("a global of numbers", [0x4b, 1, 0x4b, 1, 0x93], .operand),
    BadBytes("a storage that is a text", Opcodes.text("x") + [0x51], .storage),
    BadBytes(
      "a storage of -1 elements", Opcodes.storage("FloatStorage", key: "0", count: -1), .storage),
    BadBytes(
      "a tensor of texts",
      Opcodes.call("torch._utils", "_rebuild_tensor_v2", [[UInt8]](repeating: [0x4e], count: 6)),
      .view),
    BadBytes(
      "a tensor with a negative stride",
      Opcodes.tensor(
        Opcodes.storage("FloatStorage", key: "0", count: 4), shape: [2], strides: [-1]),
      .view),
    BadBytes(
      "a parameter of nothing", Opcodes.call("torch.nn.parameter", "Parameter", []), .operand),
    BadBytes(
      "a tensor rebuilt by a rebuilt tensor",
      Opcodes.call(
        "torch._tensor", "_rebuild_from_type_v2",
        [
          Opcodes.global("torch._tensor", "_rebuild_from_type_v2"), [0x4e], Opcodes.emptyTuple,
          [0x4e],
        ]), .view),
  ]

  @Test("a malformed pickle is refused", arguments: malformed)
  func malformedPickle(file: BadBytes) { #expect(Self.code(file.bytes) == file.code) }

  @Test("a list that holds itself is read and let go")
  func cycle() throws {
    let pickle = try Self.read([0x5d, 0x71, 0, 0x68, 0, 0x61, 0x2e])
    #expect(pickle.node(pickle.root)?.items == [pickle.root])
  }

  @Test("a hundred thousand lists inside each other exhaust nothing")
  func depth() throws {
    let count = 100_000
    let lists = [UInt8](repeating: 0x5d, count: count)
    let appends = [UInt8](repeating: 0x61, count: count - 1)
    let pickle = try Self.read(lists + appends + [0x2e])
    #expect(pickle.nodes.count == count)
    let dictionaries = (0..<1000).flatMap { _ in Opcodes.emptyDictionary + Opcodes.text("a") }
    let nested =
      Opcodes.emptyDictionary + Opcodes.text("a") + dictionaries
      + Opcodes.tensor(
        Opcodes.storage("FloatStorage", key: "0", count: 1), shape: [], strides: [])
      + [UInt8](repeating: 0x73, count: 1001) + Opcodes.stop
    let file = ZipBuilder.torch(nested, storages: ["0": [0, 0, 0, 0]])
    #expect(archiveError { try WeightFile.decode(file) }?.code == .tooLarge)
  }

  @Test("a few bytes cannot copy a long list again and again")
  func copies() {
    let list =
      [0x5d, 0x28] + [UInt8](repeating: 0x4e, count: 1000) + [0x65, 0x71, 0, 0x85, 0x71, 1]
    let copy = Opcodes.global("collections", "OrderedDict") + [0x68, 1, 0x52]
    let size = Opcodes.global("torch", "Size") + [0x68, 1, 0x52]
    let repeated = (0..<5000).flatMap { _ in size }
    #expect(Self.code(list + repeated + Opcodes.stop) == .tooLarge)
    #expect(Self.code(list + copy + Opcodes.stop) == .operand)
  }

  @Test("dictionaries that share each other without end are refused")
  func sharing() {
    // Each dictionary holds the one before it twice: 2^30 paths to one tensor.
    var bytes: [UInt8] = [0x80, 2] + Opcodes.emptyDictionary + Opcodes.text("t")
    bytes += Opcodes.tensor(
      Opcodes.storage("FloatStorage", key: "0", count: 1), shape: [], strides: [])
    bytes += Opcodes.setItem + [0x71, 0]
    for level in 1...30 {
      bytes += Opcodes.emptyDictionary + [0x28]
      bytes += Opcodes.text("a") + [0x68, UInt8(level - 1)]
      bytes += Opcodes.text("b") + [0x68, UInt8(level - 1)] + Opcodes.setItems
      bytes += [0x71, UInt8(level)]
    }
    let file = ZipBuilder.torch(bytes + Opcodes.stop, storages: ["0": [0, 0, 0, 0]])
    #expect(archiveError { try WeightFile.decode(file) }?.code == .tooLarge)
  }

  /// Each of the wrappers is looked into for tensors; the same barren one is not looked into twice.
  @Test("many wrappers around one large dictionary cost no more than one", .timeLimit(.minutes(2)))
  func wrappers() {
    let count = 100_000
    var bytes: [UInt8] = [0x80, 2] + Opcodes.emptyDictionary + [0x71, 0, 0x28]
    for _ in 0..<count { bytes += [0x4e, 0x5d] }
    bytes += Opcodes.setItems + Opcodes.text("model") + [0x71, 1, 0x30]
    bytes += Opcodes.emptyDictionary + [0x28]
    for _ in 0..<count { bytes += [0x68, 1, 0x68, 0] }
    let file = ZipBuilder.torch(bytes + Opcodes.setItems + Opcodes.stop)
    #expect(archiveError { try WeightFile.decode(file) }?.code == .tooLarge)
  }
}
