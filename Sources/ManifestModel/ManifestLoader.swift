public import Core

/// Reads manifests: the file, the files that it extends, and everything that is wrong with them.
public struct ManifestLoader: Sendable {
  private let files: any FileSystem

  public init(files: any FileSystem) {
    self.files = files
  }

  /// The study that a manifest declares.
  ///
  /// - Parameters:
  ///   - path: The file; roots and weights become absolute if it is.
  ///   - name: The file as the user named it, for locations; bases are named relative to it.
  /// - Throws: every finding, in source order.
  public func load(
    _ path: Path, displayedAs name: String
  ) throws(InvalidManifest) -> Manifest {
    var sources = ManifestSources(files: files)
    let root: YAMLNode
    do {
      root = try sources.root(path, displayedAs: name)
    } catch {
      throw InvalidManifest(
        diagnostics: (sources.problems + [error.diagnostic]).inSourceOrder, sources: sources.texts)
    }
    var reading = Reading()
    reading.diagnostics = sources.problems
    reading.directories = sources.paths.mapValues(\.parent)
    reading.declared = Declarations(of: root)
    // Datasets take the seed over; what is wrong with it is reported where it is read for good.
    var scratch = Reading()
    let seed = root["seed"].flatMap { StudyLanguage.seed.read($0, &scratch) }
    reading.studySeed = seed?.value ?? 0
    let study = StudyLanguage.study.read(root, &reading)
    let diagnostics = reading.findings
    guard let study, !diagnostics.contains(where: { $0.severity == .error }) else {
      throw InvalidManifest(diagnostics: diagnostics, sources: sources.texts)
    }
    return Manifest(
      study: study, warnings: diagnostics, sources: sources.texts, paths: sources.paths)
  }
}

extension Reading {
  /// The findings in source order.
  ///
  /// What `defaults` gets wrong is found again in every experiment, there under another name: of
  /// equal findings at one place the first stays.
  fileprivate var findings: [Diagnostic] {
    var seen: Set<Diagnostic> = []
    return diagnostics.filter { finding in
      var place = finding
      place.message = ""
      return seen.insert(place).inserted
    }.inSourceOrder
  }
}
