internal import Core

/// Builds nodes from events: resolves aliases, merges `<<`, refuses what no manifest needs.
struct YAMLComposer: ~Copyable {
  private typealias Event = (kind: YAMLEvents.Kind, location: SourceLocation)

  /// A value that an alias can name, with its count of nodes; `nil` while it is being composed.
  private typealias Anchored = (node: YAMLNode, size: Int)?

  private var events: YAMLEvents
  private let start: SourceLocation
  private var anchors: [String: Anchored] = [:]
  private var aliased = 0
  private(set) var problems: [Diagnostic] = []

  init(events: consuming YAMLEvents, start: SourceLocation) {
    self.events = events
    self.start = start
  }

  /// The only document of the stream.
  mutating func document() throws(YAMLFailure) -> YAMLNode {
    _ = try events.next()
    guard case .documentStart = try events.next().kind else {
      throw YAMLFailure(
        .error(
          "yaml.empty", "the file is empty", at: start,
          hint: "start with `microtome: 1`, or write a manifest with `microtome new`"))
    }
    let root = try node(from: try events.next(), at: nil, depth: 1).node
    _ = try events.next()
    let next = try events.next()
    if case .streamEnd = next.kind { return root }
    throw YAMLFailure(
      .error(
        "yaml.several-documents", "a manifest is one document, and a second one starts here",
        at: next.location, hint: "remove the `---`, or put the second document into its own file"))
  }

  /// Composes the value that starts with an event; a block collection stands at its key.
  private mutating func node(
    from event: Event, at key: SourceLocation?, depth: Int
  ) throws(YAMLFailure) -> (node: YAMLNode, size: Int) {
    guard depth <= YAMLDocument.deepestNesting else {
      throw YAMLFailure(
        .error(
          "yaml.too-deep", "values nest at most \(YAMLDocument.deepestNesting) deep",
          at: event.location, hint: "remove the brackets or the indentation"))
    }
    switch event.kind {
    case .scalar(let source, let style, let tag, let anchor):
      let node = scalar(source, style: style, tag: tag, at: event.location)
      if let anchor { anchors[anchor] = (node, 1) }
      return (node, 1)
    case .sequenceStart(let tag, let anchor, let isFlow):
      refuse(tag, unless: "tag:yaml.org,2002:seq", at: event.location)
      open(anchor)
      let place = isFlow ? event.location : key ?? event.location
      return close(anchor, try sequence(at: place, depth: depth))
    case .mappingStart(let tag, let anchor, let isFlow):
      refuse(tag, unless: "tag:yaml.org,2002:map", at: event.location)
      open(anchor)
      let place = isFlow ? event.location : key ?? event.location
      return close(anchor, try mapping(at: place, depth: depth))
    case .alias(let name): return try alias(name, at: event.location)
    default: preconditionFailure("libyaml put a document's end inside a value")
    }
  }

  private mutating func sequence(
    at place: SourceLocation, depth: Int
  ) throws(YAMLFailure) -> (node: YAMLNode, size: Int) {
    var elements: [YAMLNode] = []
    var size = 1
    while true {
      let event = try events.next()
      if case .collectionEnd = event.kind { break }
      let element = try node(from: event, at: nil, depth: depth + 1)
      elements.append(element.node)
      size += element.size
    }
    return (YAMLNode(content: .sequence(elements), location: place), size)
  }

  private mutating func mapping(
    at place: SourceLocation, depth: Int
  ) throws(YAMLFailure) -> (node: YAMLNode, size: Int) {
    var entries = YAMLEntries()
    var size = 1
    while true {
      let event = try events.next()
      if case .collectionEnd = event.kind { break }
      let (keyNode, keySize) = try node(from: event, at: nil, depth: depth + 1)
      let value = try node(from: try events.next(), at: event.location, depth: depth + 1)
      size += keySize + value.size
      guard case .scalar(let key) = keyNode.content else {
        problems.append(
          .error(
            "yaml.key-not-text", "a key is text, not \(keyNode.summary)", at: event.location,
            hint: "write a word before the `:`"))
        continue
      }
      if key.source == "<<", key.style == .plain, entries.startMerge(at: event.location) {
        merge(value.node, into: &entries, at: event.location)
      } else if let first = entries.add(Located(key.source, at: event.location), value.node) {
        problems.append(
          .error(
            "yaml.duplicate-key",
            "`\(key.source.excerpt)` is here twice; the first is in line \(first.line)",
            at: event.location, hint: "remove one of the two"))
      }
    }
    return (YAMLNode(content: .mapping(entries.all), location: place), size)
  }

  private mutating func merge(
    _ value: YAMLNode, into entries: inout YAMLEntries, at place: SourceLocation
  ) {
    for source in value.elements ?? [value] {
      guard let inherited = source.entries else {
        problems.append(
          .error(
            "yaml.merge", "`<<` takes a mapping or a list of mappings, not \(source.summary)",
            at: place, hint: "name an anchored mapping: `<<: *name`"))
        continue
      }
      for entry in inherited { entries.inherit(entry) }
    }
  }

  private mutating func scalar(
    _ source: String, style: YAMLScalar.Style, tag: String?, at place: SourceLocation
  ) -> YAMLNode {
    let scalar = YAMLScalar(source, style: style, tag: tag)
    if scalar == nil, let tag { refuse(tag, unless: nil, at: place) }
    // A refused tag is an error already; the characters stand for the value until it is mended.
    let value = scalar ?? YAMLScalar(source, style: style, tag: nil)!
    return YAMLNode(content: .scalar(value), location: place)
  }

  private mutating func refuse(_ tag: String?, unless core: String?, at place: SourceLocation) {
    guard let tag, tag != core, tag != "!" || core == nil else { return }
    let shown = tag.replacing("tag:yaml.org,2002:", with: "!!", maxReplacements: 1)
    problems.append(
      .error(
        "yaml.tag", "the tag `\(shown.excerpt)` does not fit here", at: place,
        hint: "remove the tag; manifests hold text, numbers, lists and mappings only"))
  }

  private mutating func alias(
    _ name: String, at place: SourceLocation
  ) throws(YAMLFailure) -> (node: YAMLNode, size: Int) {
    guard let known = anchors[name] else {
      throw YAMLFailure(
        .error(
          "yaml.unknown-alias", "there is no anchor `&\(name.excerpt)` before this alias",
          at: place, hint: "put `&\(name.excerpt)` before the value that is meant"))
    }
    guard let anchored = known else {
      throw YAMLFailure(
        .error(
          "yaml.recursive-alias", "`*\(name.excerpt)` stands inside the value it names", at: place,
          hint: "remove the alias"))
    }
    aliased += anchored.size
    guard aliased <= YAMLDocument.mostAliasedNodes else {
      throw YAMLFailure(
        .error(
          "yaml.alias-bomb",
          "the aliases of this file stand for more than \(YAMLDocument.mostAliasedNodes) values",
          at: place, hint: "write the values out, or use fewer aliases of aliases"))
    }
    return anchored
  }

  private mutating func open(_ anchor: String?) {
    if let anchor { anchors[anchor] = .some(nil) }
  }

  private mutating func close(
    _ anchor: String?, _ composed: (node: YAMLNode, size: Int)
  ) -> (node: YAMLNode, size: Int) {
    if let anchor { anchors[anchor] = composed }
    return composed
  }
}

/// The entries of one mapping while it is composed: a key of its own beats a merged one.
struct YAMLEntries {
  private(set) var all: [YAMLEntry] = []
  private var own: [String: SourceLocation] = [:]
  private var inherited: [String: Int] = [:]

  /// Notes that `<<` was seen; `false` if it was before, when it is an ordinary duplicate.
  mutating func startMerge(at place: SourceLocation) -> Bool {
    guard own["<<"] == nil else { return false }
    own["<<"] = place
    return true
  }

  /// Adds a key that is written here.
  ///
  /// - Returns: where the same key stands already; then nothing is added.
  mutating func add(_ key: Located<String>, _ value: YAMLNode) -> SourceLocation? {
    if let first = own[key.value] { return first }
    own[key.value] = key.location ?? value.location
    let entry = YAMLEntry(key: key, value: value)
    if let index = inherited[key.value] { all[index] = entry } else { all.append(entry) }
    return nil
  }

  /// Adds a key of a merged mapping unless it is there.
  mutating func inherit(_ entry: YAMLEntry) {
    guard own[entry.key.value] == nil, inherited[entry.key.value] == nil else { return }
    inherited[entry.key.value] = all.count
    all.append(entry)
  }
}
