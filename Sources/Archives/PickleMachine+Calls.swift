extension PickleMachine {
  /// GLOBAL and STACK_GLOBAL: a name, which some are refused for alone.
  mutating func pushGlobal(module: String, name: String) throws(ArchiveError) {
    let global = PickleGlobal(module: module, name: name)
    if global.isForbidden { throw refusal(of: global) }
    try pushNode(.global(global))
  }

  /// REDUCE and NEWOBJ: a call or an object, for names that we interpret.
  mutating func call() throws(ArchiveError) {
    let arguments = try popTuple()
    guard case .global(let global)? = node(try pop())?.kind else {
      throw fault(.operand, "a call of something that is not a name")
    }
    try perform(global, arguments)
  }

  /// BUILD: the state of an object. Only placeholders keep it; nothing else needs it.
  mutating func build() throws(ArchiveError) {
    let state = try pop()
    guard case .node(let index) = try top() else {
      throw fault(.operand, "a state for something that has none")
    }
    switch nodes[index].kind {
    case .instance: nodes[index].items.append(state)
    case .dictionary, .tensor, .set, .list: break
    default: throw fault(.operand, "a state for something that has none")
    }
  }

  /// BINPERSID: a storage, described by `('storage', class, key, location, count[, view])`; in the
  /// tar container a tensor by its number.
  mutating func loadPersistent() throws(ArchiveError) {
    let description = try pop()
    if let number = description.identifier, let tensor = persistent[number] {
      return try pushNode(.tensor(tensor))
    }
    guard case .node(let index) = description, nodes[index].kind == .tuple,
      case let items = nodes[index].items, items.count == 5 || items.count == 6,
      items[0] == .text("storage"), case .global(let global)? = node(items[1])?.kind,
      let key = items[2].identifier, case .integer(let count) = items[4], count >= 0
    else { throw fault(.storage, "a storage that is not described as PyTorch does") }
    var storage = TorchStorage(
      key: key, type: global.storageElement, typeName: global.name, count: count)
    if items.count == 6, items[5] != .none {
      guard let view = node(items[5]), view.kind == .tuple, view.items.count == 3,
        case .integer(let offset) = view.items[1], case .integer(let length) = view.items[2],
        offset >= 0, length >= 0, offset <= count, length <= count - offset
      else { throw fault(.storage, "a part of a storage that does not lie within it") }
      storage.part = offset..<offset + length
    }
    try pushNode(.storage(storage))
  }

  private mutating func popTuple() throws(ArchiveError) -> [PickleValue] {
    guard let tuple = node(try pop()), tuple.kind == .tuple else {
      throw fault(.operand, "arguments that are not a tuple")
    }
    return tuple.items
  }

  private mutating func perform(
    _ global: PickleGlobal, _ arguments: [PickleValue]
  ) throws(ArchiveError) {
    switch global.meaning {
    case .orderedDictionary: try pushNode(.dictionary, try pairs(arguments))
    case .counter:
      let counted = arguments.first.flatMap { node($0) }
      try pushNode(.dictionary, counted?.kind == .dictionary ? try reused(counted!.items) : [])
    case .emptyDictionary: try pushNode(.dictionary)
    case .tensor(let rebuild): try pushTensor(rebuild, arguments, global)
    case .tensorOfType: try pushTensorOfType(arguments)
    case .parameter:
      guard let first = arguments.first, case .tensor? = node(first)?.kind else {
        throw fault(.operand, "a parameter without its tensor")
      }
      try push(first)
    case .size:
      let items = arguments.first.flatMap { node($0) }
      guard let items, items.kind == .tuple || items.kind == .list else {
        throw fault(.operand, "a size without its extents")
      }
      try pushNode(.tuple, try reused(items.items))
    case .opaque: try pushNode(.instance(global))
    case .instance: try pushNode(.instance(global), try reused(arguments))
    case .reconstruction:
      guard let first = arguments.first, case .global(let type)? = node(first)?.kind else {
        throw fault(.operand, "an object without its class")
      }
      try pushNode(.instance(type), try reused(arguments))
    case .refused: throw refusal(of: global)
    }
  }

  private func refusal(of global: PickleGlobal) -> ArchiveError {
    fault(
      .forbiddenGlobal, "it asks for `\(ArchiveError.shown(global.description))`, which is refused",
      hint: "a pickle can run programs and nothing of this one was run; use safetensors instead")
  }

  /// Python 2 writes an ordered dictionary as a list of pairs.
  private mutating func pairs(_ arguments: [PickleValue]) throws(ArchiveError) -> [PickleValue] {
    guard let first = arguments.first else { return [] }
    guard arguments.count == 1, let list = node(first) else {
      throw fault(.operand, "an ordered dictionary of something else")
    }
    if list.kind == .dictionary { return try reused(list.items) }
    var items: [PickleValue] = []
    for pair in try reused(list.items) {
      guard let pair = node(pair), pair.items.count == 2 else {
        throw fault(.operand, "an ordered dictionary of something else than pairs")
      }
      items += pair.items
    }
    return items
  }

  /// Items that now belong to a second node.
  ///
  /// A few bytes may name a long list again and again; what is reused in all stays within the size
  /// of the pickle, which an honest one never exceeds because it wrote each item once.
  private mutating func reused(_ items: [PickleValue]) throws(ArchiveError) -> [PickleValue] {
    reusedItems += items.count
    guard reusedItems <= reader.end - reader.origin else {
      throw fault(.tooLarge, "the same values are used too often")
    }
    return items
  }
}
