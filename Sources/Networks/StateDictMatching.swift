public import Archives

/// Fills an encoder from a weight file whose names may carry wrappers' prefixes and old spellings.
public enum StateDictMatching {
  /// Prefixes that training programs put before an encoder's own names, in the order of preference.
  ///
  /// DataParallel, Lightning, DINO, SimCLR for histology, MoCo, VISSL, BYOL; then words of others.
  static let prefixes = [
    "module.", "model.", "backbone.", "encoder.", "resnet.", "encoder_q.", "_feature_blocks.",
    "trunk.", "teacher.", "student.", "target_encoder.", "online_encoder.", "base_encoder.",
    "feature_extractor.", "network.", "net.", "state_dict.", "desc.",
  ]

  /// First words of names that belong to a task or a pretraining method rather than to an encoder.
  private static let heads: Set<String> = [
    "fc", "classifier", "head", "heads", "last_linear", "projection", "projection_head",
    "projector", "predictor", "prototypes", "queue", "queue_ptr", "mlp_head", "decoder",
  ]

  /// Prefixes are stripped at most this often; it bounds the search and is ample in practice.
  private static let deepest = 4

  /// Finds the expected tensors in a file, under the prefixes that match most of them.
  ///
  /// Ties go to fewer prefixes, then to the order of the list. Names in `optional`, and every
  /// `num_batches_tracked`, which old files lack, may be absent.
  ///
  /// - Parameters:
  ///   - file: The tensors of the file, with unique names.
  ///   - expected: The encoder's names and shapes, in PyTorch's order of dimensions.
  /// - Complexity: O(*names* x *strippings tried*).
  public static func match(
    file: [ArchivedTensor], expected: [(name: String, shape: [Int])],
    optional: Set<String> = []
  ) -> MatchedState {
    let spelled = file.map { (original: $0.name, modern: modernName($0.name)) }
    let positions = Dictionary(
      spelled.enumerated().map { ($0.element.modern, $0.offset) }, uniquingKeysWith: { a, _ in a })
    let chain = bestChain(names: spelled.map(\.modern), expected: expected) {
      positions[$0].map { file[$0].shape }
    }
    let prefix = chain.joined()

    func root(_ name: some StringProtocol) -> String { String(name.prefix { $0 != "." }) }
    let roots = Set(expected.map { root($0.name) })
    var report = LoadReport(strippedPrefixes: chain)
    var tensors: [ArchivedTensor] = []
    var used: Set<Int> = []
    for (name, shape) in expected {
      let count = shape.reduce(1, *)
      let mayBeAbsent = optional.contains(name) || name.hasSuffix("num_batches_tracked")
      guard let position = positions[prefix + name] else {
        if mayBeAbsent {
          report.absentOptional.append(name)
        } else {
          report.missing.append(name)
          report.parametersExpected += count
        }
        continue
      }
      used.insert(position)
      report.parametersExpected += count
      guard file[position].shape == shape else {
        report.shapeMismatches.append(
          .init(name: name, expected: shape, found: file[position].shape))
        continue
      }
      if spelled[position].original != spelled[position].modern {
        report.renamed.append(.init(from: spelled[position].original, to: name))
      }
      report.matched.append(name)
      report.parametersMatched += count
      var tensor = file[position]
      tensor.name = name
      tensors.append(tensor)
    }
    for (position, name) in spelled.enumerated() where !used.contains(position) {
      if isHead(name.modern, below: prefix) || name.modern.hasSuffix("num_batches_tracked") {
        report.ignored.append(name.original)
      } else {
        report.unexpected.append(name.original)
        if name.modern.hasPrefix(prefix), roots.contains(root(name.modern.dropFirst(prefix.count)))
        {
          report.surplus.append(name.original)
        }
      }
    }
    if report.parametersExpected > 0 {
      report.share = Double(report.parametersMatched) / Double(report.parametersExpected)
    }
    return MatchedState(tensors: tensors, report: report)
  }

  /// Like `match`, but an encoder that the file does not fill is an error.
  public static func load(
    file: [ArchivedTensor], expected: [(name: String, shape: [Int])],
    optional: Set<String> = []
  ) throws(EncoderMismatch) -> MatchedState {
    let state = match(file: file, expected: expected, optional: optional)
    guard state.report.isComplete else {
      throw EncoderMismatch(report: state.report, namesInFile: file.prefix(3).map(\.name))
    }
    return state
  }

  /// The prefixes, outermost first, under which most expected names stand with their shapes.
  private static func bestChain(
    names: [String], expected: [(name: String, shape: [Int])], shapeInFile: (String) -> [Int]?
  ) -> [String] {
    var best: (chain: [String], fitting: Int, named: Int) = ([], -1, -1)
    var chains: [[String]] = [[]]
    for _ in 0...deepest {
      var longer: [[String]] = []
      for chain in chains {
        let prefix = chain.joined()
        let found = expected.map { (shape: shapeInFile(prefix + $0.name), wanted: $0.shape) }
        let named = found.count { $0.shape != nil }
        let fitting = found.count { $0.shape == $0.wanted }
        if (fitting, named) > (best.fitting, best.named) { best = (chain, fitting, named) }
        // Only prefixes that some name carries are followed, so the tree stays small.
        for next in prefixes where names.contains(where: { $0.hasPrefix(prefix + next) }) {
          longer.append(chain + [next])
        }
      }
      chains = longer
    }
    return best.chain
  }

  private static func isHead(_ name: String, below prefix: String) -> Bool {
    var rest = Substring(name)
    if rest.hasPrefix(prefix) { rest.removeFirst(prefix.count) }
    // Heads often stand beside the encoder rather than inside it.
    while let outer = prefixes.first(where: { rest.hasPrefix($0) }) {
      rest.removeFirst(outer.count)
    }
    return heads.contains(String(rest.prefix { $0 != "." }))
  }

  /// Today's spelling of a name: torchvision once wrote `denselayer1.norm.1` for `…norm1`.
  ///
  /// Source: the pattern in `torchvision/models/densenet.py`.
  static func modernName(_ name: String) -> String {
    var parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[parts.count - 4].hasPrefix("denselayer"),
      ["norm", "relu", "conv"].contains(parts[parts.count - 3]),
      ["1", "2"].contains(parts[parts.count - 2])
    else { return name }
    let number = parts.remove(at: parts.count - 2)
    parts[parts.count - 2] += number
    return parts.joined(separator: ".")
  }
}
