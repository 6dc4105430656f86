internal import ArgumentParser
internal import Core
internal import Execution
internal import Storage

/// Options of commands that work on a store without a manifest.
struct StoreOptions: ParsableArguments {
  @Option(help: "The store's directory (default: MICROTOME_STORE, or .microtome in the root here).")
  var store: String?

  @Flag(help: "Print exactly one JSON object to standard output.")
  var json = false

  /// The directory that is meant, whether there is a store or not.
  func place(_ files: any FileSystem) -> Path {
    Session.store(store)
      ?? Workspace.root(of: Session.absolute("manifest.yaml"), files: files) / ".microtome"
  }

  /// Opens the store; a directory that holds none is an error rather than a new store.
  func open() throws -> Store {
    let files = LocalFileSystem()
    let place = place(files)
    guard try files.exists(place / "objects") else {
      throw CommandFailure(
        status: 3, code: "store.absent", message: "there is no store at \(place)",
        subject: place.text, hint: "name it with --store, or run in the directory of the study")
    }
    return try Store(at: place, files: files)
  }
}
