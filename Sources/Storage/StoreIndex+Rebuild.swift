internal import Core
internal import GRDB

extension StoreIndex {
  /// Makes the index of a store anew from objects and records alone.
  ///
  /// Costs and the last key of each step come from the records. Which study a step belonged to is in
  /// no record, so its last key counts for every study until that one runs again. Digests of source
  /// files come back as the files are hashed.
  ///
  /// - Returns: How many records it was made from.
  public static func rebuild(in store: Store) throws(StoreError) -> Int {
    let path = path(in: store)
    do throws(FileError) {
      for suffix in ["", "-wal", "-shm"] { try store.files.remove(Path(path.text + suffix)) }
    } catch {
      throw StoreError(error)
    }
    let index = try StoreIndex(in: store, files: store.files)
    var records: [ActionRecord] = []
    for key in try store.recordKeys() {
      if let record = try store.record(for: key) { records.append(record) }
    }
    // The last one of each step wins.
    records.sort { ($0.finished, $0.key) < ($1.finished, $1.key) }
    try index.remember(
      costsOf: records.map { record in
        let action = try? store.files.read(store.path(of: record.key))
        return (record, action.flatMap { Likeness.digest(ofAction: $0) })
      })
    try index.remember(keys: records.map { ($0.step, $0.key) }, in: everyScope)
    return records.count
  }

  /// Where keys stand whose study is not known.
  static var everyScope: String { "" }

  /// Forgets that steps had these keys; what their actions cost stays for estimates.
  func forget(_ keys: Set<Digest>) throws(StoreError) {
    try derived(otherwise: ()) {
      try database.write { database in
        let statement = try database.cachedStatement(sql: "DELETE FROM last_key WHERE key = ?")
        for key in keys.sorted() { try statement.execute(arguments: [key.hex]) }
      }
    }
  }
}
