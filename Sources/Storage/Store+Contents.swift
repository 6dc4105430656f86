public import Core

extension Store {
  /// The names of all objects that are there, ascending.
  public func objects() throws(StoreError) -> [Digest] { try fanned("objects", suffix: "") }

  /// The keys of all records that are there, readable or not, ascending.
  public func recordKeys() throws(StoreError) -> [Digest] { try fanned("actions", suffix: ".json") }

  /// Remembers that a lock file keeps what it names, for as long as it stands.
  public func register(lock: Path) throws(StoreError) {
    let entry = studyPath(lock)
    do throws(FileError) {
      if try files.exists(entry) { return }
      try files.createDirectory(entry.parent)
      try files.write(Array((lock.text + "\n").utf8), to: entry)
    } catch {
      throw StoreError(error)
    }
  }

  /// Lets what a lock file names be freed; false if it was not registered.
  public func forget(lock: Path) throws(StoreError) -> Bool {
    do throws(FileError) {
      guard try files.exists(studyPath(lock)) else { return false }
      try files.remove(studyPath(lock))
      return true
    } catch {
      throw StoreError(error)
    }
  }

  /// The paths of all lock files of studies that were run with this store, ascending.
  public func registeredLocks() throws(StoreError) -> [Path] {
    do throws(FileError) {
      let directory = root / "studies"
      guard try files.exists(directory) else { return [] }
      var locks: [Path] = []
      for name in try files.list(directory) where !name.hasPrefix(".") {
        let text = String(decoding: try files.read(directory / name), as: UTF8.self)
        locks.append(Path(String(text.prefix { $0 != "\n" })))
      }
      return locks.sorted()
    } catch {
      throw StoreError(error)
    }
  }

  private func studyPath(_ lock: Path) -> Path {
    root / "studies" / SHA256.digest(of: Array(lock.text.utf8)).hex
  }

  /// The digests that name the files under a directory; other names are of no concern.
  private func fanned(_ name: String, suffix: String) throws(StoreError) -> [Digest] {
    var found: [Digest] = []
    do throws(FileError) {
      for fan in try files.list(root / name) where fan.utf8.count == 2 {
        for rest in try files.list(root / name / fan) where rest.hasSuffix(suffix) {
          if let digest = Digest(hex: fan + rest.dropLast(suffix.count)) { found.append(digest) }
        }
      }
    } catch {
      throw StoreError(error)
    }
    return found
  }
}
