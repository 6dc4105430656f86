extension PickleMachine {
  /// Performs one opcode; every opcode that is not listed is refused.
  mutating func perform(_ opcode: UInt8) throws(ArchiveError) {
    switch opcode {
    case 0x80:
      let version = try reader.byte()
      guard version <= 5 else { throw fault(.opcode, "protocol \(version) is not known") }
    case 0x95:
      let length = try reader.count(8)
      guard length <= reader.remaining else { throw fault(.operand, "a frame beyond the end") }
    case UInt8(ascii: "("): try pushMark()
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "2"): try push(try top())
    case UInt8(ascii: "N"): try push(.none)
    case 0x88: try push(.bool(true))
    case 0x89: try push(.bool(false))
    case UInt8(ascii: "Q"): try loadPersistent()
    case UInt8(ascii: "R"), 0x81: try call()
    case UInt8(ascii: "b"): try build()
    case UInt8(ascii: "c"): try pushGlobal(module: line(), name: line())
    case 0x93:
      let name = try pop()
      let module = try pop()
      guard case .text(let module) = module, case .text(let name) = name else {
        throw fault(.operand, "a global whose name is not text")
      }
      try pushGlobal(module: module, name: name)
    default:
      if try performNumber(opcode) { return }
      if try performText(opcode) { return }
      if try performMemo(opcode) { return }
      if try performContainer(opcode) { return }
      let hexadecimal = String(opcode, radix: 16)
      throw fault(.opcode, "opcode 0x\(hexadecimal) is not one that weight files use")
    }
  }

  private mutating func performNumber(_ opcode: UInt8) throws(ArchiveError) -> Bool {
    switch opcode {
    case UInt8(ascii: "J"):
      try push(.integer(Int(Int32(truncatingIfNeeded: try reader.unsigned(4)))))
    case UInt8(ascii: "K"): try push(.integer(Int(try reader.byte())))
    case UInt8(ascii: "M"): try push(.integer(try reader.count(2)))
    case UInt8(ascii: "G"):
      try push(.real(Double(bitPattern: try reader.unsigned(8).byteSwapped)))
    case 0x8a: try push(wholeNumber(try reader.take(Int(try reader.byte()))))
    case 0x8b: try push(wholeNumber(try reader.take(try reader.count(4))))
    case UInt8(ascii: "I"):
      let digits = try line()
      switch digits {
      case "00": try push(.bool(false))
      case "01": try push(.bool(true))
      default: try push(Int(digits).map { .integer($0) } ?? .opaque)
      }
    case UInt8(ascii: "L"):
      let digits = try line()
      try push(
        Int(digits.hasSuffix("L") ? String(digits.dropLast()) : digits)
          .map { .integer($0) } ?? .opaque)
    case UInt8(ascii: "F"): try push(Double(try line()).map { .real($0) } ?? .opaque)
    default: return false
    }
    return true
  }

  private mutating func performText(_ opcode: UInt8) throws(ArchiveError) -> Bool {
    switch opcode {
    case UInt8(ascii: "X"): try push(.text(try text(try reader.take(try reader.count(4)))))
    case 0x8c: try push(.text(try text(try reader.take(Int(try reader.byte())))))
    case 0x8d: try push(.text(try text(try reader.take(try reader.count(8)))))
    case UInt8(ascii: "V"): try push(.text(try line()))
    case UInt8(ascii: "U"): try push(try oldText(try reader.take(Int(try reader.byte()))))
    case UInt8(ascii: "T"): try push(try oldText(try reader.take(try reader.count(4))))
    case UInt8(ascii: "S"):
      let line = try line()
      let quote = line.first
      guard line.count >= 2, quote == "'" || quote == "\"", line.last == quote else {
        throw fault(.operand, "a text without its quotes")
      }
      // An escape would need Python's rules; no key of a state dict has one.
      try push(line.contains("\\") ? .opaque : .text(String(line.dropFirst().dropLast())))
    case UInt8(ascii: "C"):
      try push(.bytes(try reader.take(Int(try reader.byte()))))
    case UInt8(ascii: "B"):
      try push(.bytes(try reader.take(try reader.count(4))))
    default: return false
    }
    return true
  }

  private mutating func performMemo(_ opcode: UInt8) throws(ArchiveError) -> Bool {
    switch opcode {
    case UInt8(ascii: "q"): try remember(Int(try reader.byte()))
    case UInt8(ascii: "r"): try remember(try reader.count(4))
    case UInt8(ascii: "p"): try remember(try index())
    case 0x94: try remember(memo.count)
    case UInt8(ascii: "h"): try recall(Int(try reader.byte()))
    case UInt8(ascii: "j"): try recall(try reader.count(4))
    case UInt8(ascii: "g"): try recall(try index())
    default: return false
    }
    return true
  }

  private mutating func performContainer(_ opcode: UInt8) throws(ArchiveError) -> Bool {
    switch opcode {
    case UInt8(ascii: ")"): try pushNode(.tuple)
    case UInt8(ascii: "]"): try pushNode(.list)
    case UInt8(ascii: "}"): try pushNode(.dictionary)
    case 0x8f: try pushNode(.set)
    case UInt8(ascii: "t"): try pushNode(.tuple, try popToMark())
    case UInt8(ascii: "l"): try pushNode(.list, try popToMark())
    case UInt8(ascii: "d"):
      let items = try popToMark()
      try pushNode(.dictionary)
      try extend(items, [.dictionary])
    case 0x85, 0x86, 0x87:
      var items: [PickleValue] = []
      for _ in 0x85...opcode { items.append(try pop()) }
      try pushNode(.tuple, items.reversed())
    case UInt8(ascii: "a"): try extend([try pop()], [.list])
    case UInt8(ascii: "e"): try extend(try popToMark(), [.list])
    case UInt8(ascii: "s"):
      let value = try pop()
      try extend([try pop(), value], [.dictionary])
    case UInt8(ascii: "u"): try extend(try popToMark(), [.dictionary])
    case 0x90: try extend(try popToMark(), [.set])
    default: return false
    }
    return true
  }

  private mutating func line() throws(ArchiveError) -> String { try text(try reader.line()) }

  private mutating func index() throws(ArchiveError) -> Int {
    guard let index = Int(try line()), index >= 0 else {
      throw fault(.operand, "a place in the memo that is not a number")
    }
    return index
  }

  /// Two's complement, lowest byte first; more than a word is nothing that we count with.
  private func wholeNumber(_ range: Range<Int>) -> PickleValue {
    guard range.count <= 8 else { return .opaque }
    var value = 0
    for (position, byte) in reader.bytes[range].enumerated() {
      value |= Int(byte) << (8 * position)
    }
    let unused = 64 - 8 * range.count
    return .integer(range.isEmpty ? 0 : (value << unused) >> unused)
  }
}
