public import Core

/// What nothing reaches any more: records, then objects, then what else they left behind.
public struct Garbage: Sendable {
  /// Keys of records, in the order that they are freed in.
  public var records: [Digest] = []
  public var objects: [Digest] = []
  /// Records that stay and whose objects go in part.
  public var lean: [ActionRecord] = []
  /// Logs, checkpoints, quarantined objects, and temporary files of writers that were killed.
  public var others: [Path] = []
  /// The bytes of the objects.
  public var bytes: Int64 = 0
  /// What stays.
  public var keptKeys: Set<Digest>
  public var keptObjects = 0
  public var keptBytes: Int64 = 0

  init(keptKeys: Set<Digest>) { self.keptKeys = keptKeys }

  public var isEmpty: Bool { records.isEmpty && objects.isEmpty && others.isEmpty }

  /// Frees everything, or nothing if another process has the store open.
  ///
  /// Records go first: a record never stands without the objects that it calls its own, so being killed at any point leaves
  /// a valid store and less garbage.
  ///
  /// - Returns: What was freed. The store stays closed to others for as long as this process has it.
  public static func free(
    in store: Store, index: StoreIndex, _ find: () throws -> Garbage
  ) throws -> Garbage? {
    guard try store.closeToOthers() else { return nil }
    // What was garbage before can have been found useful by a run that has just ended.
    let garbage = try find()
    try index.forget(Set(index.stepsByKey().keys).subtracting(garbage.keptKeys))
    // Each of these is durable before the next begins.
    try remove(garbage.records.map { store.recordPath($0) }, in: store)
    for record in garbage.lean { try store.publish(record) }
    try remove(garbage.objects.map { store.path(of: $0) }, in: store)
    try remove(garbage.others, in: store)
    return garbage
  }

  /// Removes files, one directory after the other.
  private static func remove(_ paths: [Path], in store: Store) throws(FileError) {
    let byDirectory = Dictionary(grouping: paths, by: \.parent)
    for (directory, paths) in byDirectory.sorted(by: { $0.key < $1.key }) {
      try store.files.remove(paths.map(\.name), in: directory)
    }
  }
}
