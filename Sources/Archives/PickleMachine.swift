/// Reads a pickle without ever running one: names stay names, and calls are interpreted by us.
///
/// Modelled on PyTorch's `torch/_weights_only_unpickler.py`, with protocol 4 and the text opcodes
/// added. Every opcode pushes a bounded amount, so memory stays within a multiple of the input.
struct PickleMachine {
  /// The opcodes that are left.
  var reader: ByteReader
  /// Every compound value made so far.
  var nodes: [PickleNode] = []
  /// The values at work, topmost last.
  var stack: [PickleValue] = []
  /// Values that later opcodes may name again.
  var memo: [Int: PickleValue] = [:]
  /// Heights of the stack at which marks stand.
  var marks: [Int] = []
  /// The tensors that a tar container lists beside the pickle, by their number.
  var persistent: [String: TorchTensor] = [:]
  /// Items that were given to a second node.
  var reusedItems = 0
  /// Where the opcode at work stands.
  var start: ArchiveError.Place = .byte(0)

  /// The most compound values; a tensor takes about seven, so this is ample for large networks.
  static let mostNodes = 1 << 21
  /// The most values that may be remembered.
  static let mostMemos = 1 << 21
  /// The most values that may be at work at once.
  static let mostStacked = 1 << 21
  /// The longest text, in bytes; far more than a name needs.
  static let longestText = 1 << 20

  /// Reads one pickle that begins at the start of a range; `part` names it in errors.
  static func read(
    _ bytes: [UInt8], in range: Range<Int>, part: String,
    persistent: [String: TorchTensor] = [:]
  ) throws(ArchiveError) -> Pickle {
    var machine = PickleMachine(reader: ByteReader(bytes, in: range, part: part))
    machine.persistent = persistent
    while true {
      machine.start = machine.reader.place
      let opcode = try machine.reader.byte()
      if opcode == UInt8(ascii: ".") {
        let root = try machine.pop()
        return Pickle(nodes: machine.nodes, root: root, end: machine.reader.offset)
      }
      try machine.perform(opcode)
    }
  }

  /// A machine at the first opcode.
  init(reader: ByteReader) { self.reader = reader }

  /// An error at the opcode at work.
  func fault(_ code: ArchiveError.Code, _ reason: String, hint: String? = nil) -> ArchiveError {
    ArchiveError(code, in: reader.part, at: start, reason, hint: hint)
  }

  /// Puts a value on top.
  mutating func push(_ value: PickleValue) throws(ArchiveError) {
    guard stack.count < Self.mostStacked else { throw fault(.tooLarge, "too many values at once") }
    stack.append(value)
  }

  /// The topmost value; marks are a floor.
  mutating func pop() throws(ArchiveError) -> PickleValue {
    guard stack.count > (marks.last ?? 0) else { throw fault(.stack, "a value is missing") }
    return stack.removeLast()
  }

  /// The topmost value, which stays.
  func top() throws(ArchiveError) -> PickleValue {
    guard stack.count > (marks.last ?? 0), let value = stack.last else {
      throw fault(.stack, "a value is missing")
    }
    return value
  }

  /// The values above the topmost mark, which goes with them.
  mutating func popToMark() throws(ArchiveError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw fault(.stack, "a mark is missing") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  /// Remembers how high the stack is.
  mutating func pushMark() throws(ArchiveError) {
    guard marks.count < Self.mostStacked else { throw fault(.tooLarge, "too many marks at once") }
    marks.append(stack.count)
  }

  /// Makes a compound value and puts it on top.
  mutating func pushNode(
    _ kind: PickleNode.Kind, _ items: [PickleValue] = []
  ) throws(ArchiveError) {
    guard nodes.count < Self.mostNodes else { throw fault(.tooLarge, "too many objects") }
    nodes.append(PickleNode(kind: kind, items: items))
    try push(.node(nodes.count - 1))
  }

  /// Names the topmost value, so that later opcodes can push it again.
  mutating func remember(_ index: Int) throws(ArchiveError) {
    guard memo.count < Self.mostMemos else { throw fault(.tooLarge, "too many remembered values") }
    memo[index] = try top()
  }

  /// Pushes a value that was remembered.
  mutating func recall(_ index: Int) throws(ArchiveError) {
    guard let value = memo[index] else { throw fault(.memo, "nothing is remembered as \(index)") }
    try push(value)
  }

  /// The compound value that a value stands for, if it is one.
  func node(_ value: PickleValue) -> PickleNode? {
    if case .node(let index) = value { nodes[index] } else { nil }
  }

  /// A text of the pickle, which must be UTF-8.
  func text(_ range: Range<Int>) throws(ArchiveError) -> String {
    guard range.count <= Self.longestText else { throw fault(.tooLarge, "a text that is too long") }
    guard let text = String(validating: reader.bytes[range], as: UTF8.self) else {
      throw fault(.operand, "a text that is not UTF-8")
    }
    return text
  }

  /// A text of Python 2, which may be bytes in truth; those are of no use to us.
  func oldText(_ range: Range<Int>) throws(ArchiveError) -> PickleValue {
    guard range.count <= Self.longestText else { return .opaque }
    return String(validating: reader.bytes[range], as: UTF8.self).map { .text($0) } ?? .opaque
  }

  /// Adds values to the list, set or dictionary that is now on top.
  mutating func extend(_ values: [PickleValue], _ kinds: [PickleNode.Kind]) throws(ArchiveError) {
    guard case .node(let index) = try top() else { throw fault(.operand, "no container to fill") }
    if case .instance = nodes[index].kind {
      nodes[index].items += values
      return
    }
    guard kinds.contains(nodes[index].kind) else { throw fault(.operand, "no container to fill") }
    guard nodes[index].kind != .dictionary || values.count.isMultiple(of: 2) else {
      throw fault(.operand, "a key without its value")
    }
    nodes[index].items += values
  }
}
