internal import Core

/// The files of one manifest: itself and its bases, merged into one tree.
struct ManifestSources {
  private let files: any FileSystem
  /// What is wrong with the files short of being unreadable.
  private(set) var problems: [Diagnostic] = []
  /// The text of each file by its displayed name.
  private(set) var texts: [String: String] = [:]
  /// Where each file was read from, by its displayed name.
  private(set) var paths: [String: Path] = [:]

  init(files: any FileSystem) { self.files = files }

  /// The tree of a manifest with its bases and its defaults merged in.
  mutating func root(_ path: Path, displayedAs name: String) throws(YAMLFailure) -> YAMLNode {
    let schema = StudyLanguage.study.schema
    var chain: [Path] = []
    var root: YAMLNode?
    var next: (path: Path, name: String, origin: SourceLocation?)? = (path, name, nil)
    while let file = next {
      guard !chain.contains(file.path.normalized) else {
        throw YAMLFailure(
          .error(
            "manifest.extends-cycle", "`\(file.name)` extends itself", at: file.origin,
            hint: "remove this `extends`, or name another base"))
      }
      chain.append(file.path.normalized)
      let tree = try read(file.path, displayedAs: file.name, namedAt: file.origin)
      root = root.map { $0.merged(over: tree, schema) } ?? tree
      next = tree["extends"].flatMap { base in
        base.text.map { text in
          (
            (file.path.parent / text).normalized, (Path(file.name).parent / text).normalized.text,
            base.location
          )
        }
      }
    }
    guard let root else { preconditionFailure("the chain starts with the manifest itself") }
    try checkDefaults(of: root)
    return root.withDefaults(schema)
  }

  /// How many values `defaults` may stand for in all experiments together.
  ///
  /// A thousand experiments with a thousand keys each: far more than a study has, and little memory.
  private static let mostDefaults = 1_000_000

  /// Refuses defaults that would fill the memory: they are copied into every experiment.
  private func checkDefaults(of root: YAMLNode) throws(YAMLFailure) {
    guard let defaults = root["defaults"], let experiments = root["experiments"]?.entries else {
      return
    }
    let (count, overflow) = defaults.size.multipliedReportingOverflow(by: experiments.count)
    guard overflow || count > Self.mostDefaults else { return }
    throw YAMLFailure(
      .error(
        "manifest.defaults-bomb",
        "`defaults` stands for more than \(Self.mostDefaults) values in \(experiments.count) "
          + "experiments",
        at: defaults.location, hint: "write fewer keys in `defaults`, or fewer experiments"))
  }

  private mutating func read(
    _ path: Path, displayedAs name: String, namedAt origin: SourceLocation?
  ) throws(YAMLFailure) -> YAMLNode {
    let place = origin ?? SourceLocation(file: name, line: 1, column: 1)
    let bytes: [UInt8]
    do throws(FileError) {
      guard let status = try files.status(of: path) else {
        throw FileError(
          operation: "read", path: path, number: 2, reason: "No such file or directory")
      }
      guard status.kind == .file else {
        throw FileError(operation: "read", path: path, number: 0, reason: "it is no regular file")
      }
      // A file that is too large is refused by its size alone, before it fills the memory.
      bytes =
        status.size > Int64(YAMLDocument.largestFile)
        ? [UInt8](repeating: 0, count: YAMLDocument.largestFile + 1) : try files.read(path)
    } catch {
      throw YAMLFailure(
        .error(
          "manifest.unreadable", "the manifest `\(name)` cannot be read: \(error.reason)",
          at: place,
          hint: origin == nil
            ? "check the path, or write a manifest with `microtome new`"
            : "name a file relative to this one"))
    }
    texts[name] = YAMLDocument.text(of: bytes)
    paths[name] = path
    let document = try YAMLDocument(bytes, file: name)
    problems += document.problems
    return document.root
  }
}

extension YAMLNode {
  /// This value with what it lacks taken from a base: mappings are merged, anything else replaces.
  ///
  /// A key that excludes a key of the base displaces it: `epochs` here removes `steps` there.
  func merged(over base: YAMLNode, _ schema: Schema?) -> YAMLNode {
    guard let entries, let inherited = base.entries else { return self }
    let own = Dictionary(
      entries.map { ($0.key.value, $0) }, uniquingKeysWith: { first, _ in first })
    let known = Set(inherited.map(\.key.value))
    let displaced = Set(
      (schema?.exclusive ?? []).filter { set in set.contains { own[$0] != nil } }.joined())
    let merged = inherited.compactMap { entry -> YAMLEntry? in
      let key = entry.key.value
      guard let mine = own[key] else { return displaced.contains(key) ? nil : entry }
      return YAMLEntry(
        key: mine.key, value: mine.value.merged(over: entry.value, schema?.child(key)))
    }
    let added = entries.filter { !known.contains($0.key.value) }
    return YAMLNode(content: .mapping(merged + added), location: location)
  }

  /// A manifest's tree with `defaults` merged under each of its experiments.
  func withDefaults(_ schema: Schema) -> YAMLNode {
    guard let entries, let defaults = self["defaults"] else { return self }
    let experiment = schema.child("experiments")?.child("")
    var copy = self
    copy.content = .mapping(
      entries.map { entry in
        guard entry.key.value == "experiments", let experiments = entry.value.entries else {
          return entry
        }
        var filled = entry
        filled.value.content = .mapping(
          experiments.map {
            YAMLEntry(key: $0.key, value: $0.value.merged(over: defaults, experiment))
          })
        return filled
      })
    return copy
  }
}
