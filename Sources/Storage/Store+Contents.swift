public import Core

extension Store {
  /// The names of all objects that are there, ascending.
  public func objects() throws(StoreError) -> [Digest] { try fanned("objects", suffix: "") }

  /// The keys of all records that are there, readable or not, ascending.
  public func recordKeys() throws(StoreError) -> [Digest] { try fanned("actions", suffix: ".json") }

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
