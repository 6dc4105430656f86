/// Finds the state dict in what a pickle holds, and lists its tensors under dotted names.
struct StateDict {
  /// What the file holds.
  let pickle: Pickle
  /// What the pickle is called in errors.
  let part: String
  /// The tensors by name, in the order of the file.
  private(set) var tensors: [(name: String, tensor: TorchTensor)] = []
  /// The keys that were opened to reach the state dict, outermost first.
  private(set) var unwrapped: [String] = []

  /// Keys under which training programs wrap a state dict, in the order in which they are tried.
  ///
  /// Lightning, CTransPath, DINO, I-JEPA, HoVer-Net, VISSL; then words that others use.
  static let wrappers = [
    "state_dict", "model_state_dict", "classy_state_dict", "base_model", "model", "teacher",
    "student", "target_encoder", "desc", "trunk", "network", "net", "encoder", "backbone", "params",
  ]

  /// Names of PyTorch stay under a hundred bytes; a bound so that hostile nesting stays small.
  private static let longestName = 1024
  private static let deepest = 32

  private var names: Set<String> = []
  /// Nodes from which no tensor can be reached, so that none is searched twice.
  private var barren: Set<Int> = []
  private var visits = 0
  private var nameBytes = 0

  /// Reads the state dict of a pickle of `size` bytes.
  init(_ pickle: Pickle, size: Int, part: String) throws(ArchiveError) {
    self.pickle = pickle
    self.part = part
    var root = pickle.root
    while let inner = try wrapped(in: root) {
      guard unwrapped.count < Self.deepest else { throw tooLarge() }
      unwrapped.append(inner.key)
      root = inner.value
    }
    guard pickle.node(root) != nil else { throw noStateDict() }
    try collect(root, prefix: "", depth: 0, budget: 4 * size + 1024)
    guard !tensors.isEmpty else { throw noStateDict() }
  }

  private mutating func wrapped(
    in value: PickleValue
  ) throws(ArchiveError) -> (key: String, value: PickleValue)? {
    guard let entries = pickle.entries(value) else { return nil }
    for key in Self.wrappers {
      for entry in entries where entry.key == .text(key) {
        if pickle.node(entry.value)?.kind == .dictionary, holdsTensor(entry.value) {
          return (key, entry.value)
        }
      }
    }
    return nil
  }

  /// Whether a tensor is reachable; each node is looked at once.
  private mutating func holdsTensor(_ value: PickleValue) -> Bool {
    var seen: Set<Int> = []
    var waiting = [value]
    while let value = waiting.popLast() {
      guard case .node(let index) = value, !barren.contains(index), seen.insert(index).inserted
      else { continue }
      switch pickle.nodes[index].kind {
      case .tensor: return true
      case .dictionary, .list, .tuple: waiting += pickle.nodes[index].items
      default: continue
      }
    }
    barren.formUnion(seen)
    return false
  }

  private mutating func collect(
    _ value: PickleValue, prefix: String, depth: Int, budget: Int
  ) throws(ArchiveError) {
    guard let node = pickle.node(value) else { return }
    // What is walked over counts too: a shared container is walked over each time it is met.
    visits += 1 + node.items.count
    guard visits <= budget, depth <= Self.deepest else { throw tooLarge() }
    switch node.kind {
    case .tensor(let tensor):
      let name = prefix.isEmpty ? "tensor" : prefix
      nameBytes += name.utf8.count
      guard nameBytes <= 16 * budget else { throw tooLarge() }
      guard names.insert(name).inserted else {
        throw ArchiveError(
          .duplicateName, in: part, "the tensor `\(ArchiveError.shown(name))` stands twice")
      }
      tensors.append((name, tensor))
    case .dictionary:
      for entry in pickle.entries(value) ?? [] {
        switch entry.key {
        case .text(let key):
          try descend(entry.value, prefix, key, depth, budget)
        case .integer(let key):
          try descend(entry.value, prefix, String(key), depth, budget)
        default: continue
        }
      }
    case .list, .tuple:
      for (position, item) in node.items.enumerated() {
        try descend(item, prefix, String(position), depth, budget)
      }
    default: return
    }
  }

  private mutating func descend(
    _ value: PickleValue, _ prefix: String, _ key: String, _ depth: Int, _ budget: Int
  ) throws(ArchiveError) {
    guard case .node = value else { return }
    let name = prefix.isEmpty ? key : "\(prefix).\(key)"
    guard name.utf8.count <= Self.longestName else { throw tooLarge() }
    try collect(value, prefix: name, depth: depth + 1, budget: budget)
  }

  private func tooLarge() -> ArchiveError {
    ArchiveError(.tooLarge, in: part, "dictionaries nested too deeply or too often")
  }

  private func noStateDict() -> ArchiveError {
    var reason = "it holds no state dict"
    if case .instance(let type)? = pickle.node(pickle.root)?.kind {
      reason += ", but an object of `\(ArchiveError.shown(type.description))`"
    }
    return ArchiveError(
      .noStateDict, in: part, reason,
      hint: "save `model.state_dict()` rather than the model")
  }
}
