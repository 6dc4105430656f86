public import Core
public import Storage

/// Where a study stands on disk: its root, its store and its results.
///
/// The root is the nearest directory above the manifest that holds `.git`, else the manifest's own;
/// the working directory plays no part.
public struct Workspace: Sendable {
  public var root: Path
  public var store: Store
  public var index: StoreIndex
  public var files: any FileSystem
  /// The directory of this study's results.
  public var results: Path

  /// - Parameters:
  ///   - manifest: The absolute path of the manifest.
  ///   - store: Moves the store; default `.microtome` in the root.
  ///   - results: Moves the parent of the results; default `results` in the root.
  public init(
    manifest: Path, study: String, store: Path?, results: Path?, files: any FileSystem
  ) throws(StoreError) {
    let root = Self.root(of: manifest, files: files)
    self.root = root
    self.files = files
    self.store = try Store(at: store ?? root / ".microtome", files: files)
    self.index = try StoreIndex(in: self.store, files: files)
    self.results = (results ?? root / "results") / study
  }

  /// The directory that paths of a study are kept under.
  public static func root(of manifest: Path, files: any FileSystem) -> Path {
    var directory = manifest.parent
    while true {
      if (try? files.exists(directory / ".git")) == true { return directory }
      let parent = directory.parent
      if parent == directory { return manifest.parent }
      directory = parent
    }
  }

  /// Under which name the index keeps the last keys of this study's steps.
  ///
  /// Relative to the root, so that a project that is moved or copied keeps its explanations.
  public var scope: String {
    let prefix = root.text + "/"
    return results.text.hasPrefix(prefix)
      ? String(results.text.dropFirst(prefix.count)) : results.text
  }
}
