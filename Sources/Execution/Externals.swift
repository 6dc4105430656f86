public import Core
public import ManifestModel
public import Planning
public import Storage

/// What a plan reads from outside the store: listings of datasets and digests of weight files.
public struct Externals: Sendable {
  public private(set) var listings: [String: Tree] = [:]
  public private(set) var listingDigests: [String: Digest] = [:]
  public var files: [String: Digest] = [:]
  /// Where datasets and weight files lie, by dataset and by initialization.
  public var roots: [String: Path] = [:]
  public var weightPaths: [String: Path] = [:]
  /// Every file and directory that was looked at, as it was then.
  public var witnesses: [RunMemory.Witness] = []
  /// What is not on this machine, in the order in which the plan reads it.
  public var absences: [Absence] = []

  public init() {}

  /// Takes the listing of a dataset, whose encoding is an object of this digest.
  mutating func add(_ listing: Tree, _ digest: Digest, of dataset: String) {
    listings[dataset] = listing
    listingDigests[dataset] = digest
  }

  /// The digest behind an input that no step makes.
  public func digest(of origin: Step.Input.Origin) -> Digest? {
    switch origin {
    case .output: nil
    case .listing(let dataset): listingDigests[dataset]
    case .file(let initialization): files[initialization]
    }
  }

  /// What is not here of the inputs of a step.
  func absence(for step: Step) -> Absence? {
    absences.first { absence in step.inputs.contains { $0.origin == absence.origin } }
  }
}

/// The environment does not have what the study needs; found before any step runs.
public struct EnvironmentProblems: Error, Sendable {
  public let diagnostics: [Diagnostic]
}

/// Looks at the roots and weight files of a study, hashing what the stat cache does not know.
public struct ExternalScan: Sendable {
  let study: Study
  let locations: DataLocations
  let workspace: Workspace
  /// Told the number of bytes hashed and of all, while files are hashed.
  let progress: @Sendable (_ name: String, _ done: Int64, _ total: Int64) -> Void

  /// Nanoseconds since 1970 when the scan begins.
  let now: Int64

  public init(
    study: Study, locations: DataLocations, workspace: Workspace, now: Int64,
    progress: @escaping @Sendable (String, Int64, Int64) -> Void
  ) {
    self.study = study
    self.locations = locations
    self.workspace = workspace
    self.now = now
    self.progress = progress
  }

  /// The listings and digests that a plan needs, and what is not here.
  ///
  /// - Throws: `EnvironmentProblems` with every problem at once, if some of what is here is wrong.
  public func run(for plan: Plan) throws -> Externals {
    var externals = Externals()
    var problems: [Diagnostic] = []
    var seen: Set<Step.Input.Origin> = []
    for origin in plan.steps.lazy.flatMap(\.inputs).map(\.origin) {
      switch origin {
      case .output: continue
      case .listing(let name):
        guard seen.insert(origin).inserted else { continue }
        let dataset = study.dataset(named: name)!
        switch try listing(of: dataset, &externals.witnesses) {
        case .success(let tree):
          // A listing is an input like any other, so it has to be an object.
          externals.add(tree, try workspace.store.write(tree.encoded), of: name)
          externals.roots[name] = locations.root(of: dataset)
        case .absent(let absence): externals.absences.append(absence)
        case .failure(let problem): problems.append(problem)
        }
      case .file(let name):
        guard seen.insert(origin).inserted,
          case .weights(let weights)? = study.initialization(named: name)?.source
        else { continue }
        switch try file(of: name, weights, &externals.witnesses) {
        case .success(let digest):
          externals.files[name] = digest
          externals.weightPaths[name] = locations.file(of: name, weights: weights)
        case .absent(let absence): externals.absences.append(absence)
        case .failure(let problem): problems.append(problem)
        }
      }
    }
    guard problems.isEmpty else {
      problems += externals.absences.map(\.diagnostic)
      throw EnvironmentProblems(diagnostics: problems.inSourceOrder)
    }
    return externals
  }

  enum Outcome<Value> {
    case success(Value)
    case absent(Absence)
    case failure(Diagnostic)
  }

  private func listing(
    of dataset: Dataset, _ witnesses: inout [RunMemory.Witness]
  ) throws -> Outcome<Tree> {
    let name = dataset.name.value
    let place = dataset.root?.location ?? dataset.name.location
    guard let root = locations.root(of: dataset) else {
      let problem = Diagnostic.error(
        "data.no-root", "dataset `\(name)` says nowhere where its files lie",
        at: place, hint: "give `root:`, or run with `--data \(name)=PATH`")
      return .absent(
        Absence(origin: .listing(dataset: name), name: name, path: nil, diagnostic: problem))
    }
    let status = try workspace.files.status(of: root)
    guard status?.kind == .directory else {
      let problem = Diagnostic.error(
        "data.missing-root", "the root of dataset `\(name)` is not a directory: \(root)",
        at: place, hint: "mount or download it, or " + Self.saying(where: name))
      return status == nil
        ? .absent(
          Absence(origin: .listing(dataset: name), name: name, path: root, diagnostic: problem))
        : .failure(problem)
    }
    do {
      let folder = SourceFolder(
        root: root, table: (dataset.folder?.table ?? dataset.reading.table)?.value,
        labelSuffixes: dataset.format.value.labelSuffixes, files: workspace.files)
      let (found, directories) = try folder.list()
      let digests = try digests(of: found.map { (root / $0.name, $0.status) }, called: name)
      let tree = Tree(
        zip(found, digests).map { .init(name: $0.name, digest: $1, bytes: $0.status.size) })
      // A name that comes or goes shows in its directory.
      witnesses += directories.map {
        Witness((root / $0.name).normalized, content: nil, look: look($0.status))
      }
      witnesses += zip(found, digests).map {
        Witness(root / $0.name, content: $1, look: look($0.status))
      }
      return try check(tree, against: dataset)
    } catch let error as SourceFolder.Problem {
      return .failure(
        .error(error.code, "dataset `\(name)`: \(error.message)", at: place, hint: error.hint))
    } catch let error as FileError {
      return .failure(
        .error(
          "data.unreadable", "dataset `\(name)`: \(error)", at: place,
          hint: "make the file readable for this user"))
    }
  }

  private static func saying(where name: String) -> String {
    "say where it lies with `--data \(name)=PATH` or a line `\(name): PATH` in .microtome.data.yaml"
  }

  private func check(_ tree: Tree, against dataset: Dataset) throws -> Outcome<Tree> {
    guard let pinned = dataset.digest else { return .success(tree) }
    let digest = SHA256.digest(of: tree.encoded)
    if digest == pinned.value { return .success(tree) }
    var message =
      "dataset `\(dataset.name.value)` has another content than pinned: its listing is \(digest)"
    // The pinned listing can be in the store from an earlier run; then the files can be named.
    if let bytes = try? workspace.store.read(pinned.value), let old = try? Tree(decoding: bytes) {
      let differing = tree.differingNames(from: old)
      message += "; first files that differ: \(differing.prefix(5).joined(separator: ", "))"
    }
    return .failure(
      .error(
        "data.not-as-pinned", message, at: pinned.location,
        hint: "restore the files, or pin the new content with `digest: \(digest)`"))
  }

  private typealias Witness = RunMemory.Witness

  private func look(_ status: FileStatus) -> Witness.Look { .init(status, at: now) }

  private func file(
    of name: String, _ weights: Weights, _ witnesses: inout [RunMemory.Witness]
  ) throws -> Outcome<Digest> {
    let path = locations.file(of: name, weights: weights)
    let found = try workspace.files.status(of: path)
    guard let status = found, status.kind == .file else {
      let problem = Diagnostic.error(
        "data.missing-weights", "the weight file of `\(name)` is not there: \(path)",
        at: weights.path.location, hint: "download it there, or " + Self.saying(where: name))
      return found == nil
        ? .absent(
          Absence(origin: .file(initialization: name), name: name, path: path, diagnostic: problem))
        : .failure(problem)
    }
    let digest: Digest
    do {
      digest = try digests(of: [(path, status)], called: name)[0]
    } catch let error as FileError {
      return .failure(
        .error("data.unreadable", "`\(name)`: \(error)", at: weights.path.location))
    }
    if let expected = weights.sha256, !digest.hex.hasPrefix(expected.value.lowercased()) {
      return .failure(
        .error(
          "data.not-as-pinned",
          "the weight file of `\(name)` has another content than pinned: its SHA-256 is \(digest)",
          at: expected.location, hint: "download the file again, or correct `sha256:`"))
    }
    witnesses.append(Witness(path, content: digest, look: look(status)))
    return .success(digest)
  }

  private func digests(
    of found: [(path: Path, status: FileStatus)], called name: String
  ) throws -> [Digest] {
    try SourceHashing(files: workspace.files, index: workspace.index, now: now) {
      progress(name, $0, $1)
    }.digests(of: found)
  }
}
