public import Core

/// Finds what neither lock files nor recent records reach.
///
/// Reached are, from a key on: its record with all that it gave, its action, the action's inputs, and
/// the records that made those. So a chain of steps is kept whole.
public struct GarbageSearch {
  let store: Store
  /// The keys that lock files name, to be kept with all they gave.
  let locked: Set<Digest>
  /// The keys that lock files name of studies that do not keep everything, with the names of the
  /// outputs that may go.
  let lean: [Digest: Set<String>]
  /// The moment since when records are recent, ISO 8601 in UTC.
  let since: String
  /// The same in nanoseconds since 1970, for work in progress.
  let sinceNanoseconds: Int64

  public init(
    of store: Store, locked: Set<Digest>, lean: [Digest: Set<String>] = [:], since: String,
    sinceNanoseconds: Int64
  ) {
    self.store = store
    self.locked = locked
    self.lean = lean
    self.since = since
    self.sinceNanoseconds = sinceNanoseconds
  }

  public func run() throws(StoreError) -> Garbage {
    var records: [Digest: ActionRecord] = [:]
    let keys = try store.recordKeys()
    for key in keys { records[key] = try store.record(for: key) }
    let work = try workInProgress()
    let roots =
      locked.union(work.recent)
      .union(records.values.filter { $0.finished >= since }.map(\.key))
    var reached = reach(from: roots, records)
    let wanted = reachLean(records)
    reached.keys.formUnion(wanted.keys)
    reached.objects.formUnion(wanted.objects)

    var garbage = Garbage(keptKeys: reached.keys)
    garbage.lean = reached.keys.sorted().compactMap { key in
      guard var record = records[key] else { return nil }
      let gone = record.kept.map(\.digest).filter { !reached.objects.contains($0) }
      if gone.isEmpty { return nil }
      record.freed = Set(record.freed ?? []).union(gone).sorted()
      return record
    }
    garbage.records = keys.filter { !reached.keys.contains($0) }
    for digest in try store.objects() {
      let size = try store.size(of: digest) ?? 0
      if reached.objects.contains(digest) {
        garbage.keptObjects += 1
        garbage.keptBytes += size
      } else {
        garbage.objects.append(digest)
        garbage.bytes += size
      }
    }
    garbage.others = try work.old + leftovers(keeping: reached.keys)
    return garbage
  }

  private func reach(
    from roots: Set<Digest>, _ records: [Digest: ActionRecord]
  ) -> (keys: Set<Digest>, objects: Set<Digest>) {
    var makers: [Digest: [Digest]] = [:]
    for record in records.values {
      for object in record.outputs + record.parts {
        makers[object.digest, default: []].append(record.key)
      }
    }
    var keys: Set<Digest> = []
    var objects: Set<Digest> = []
    var pending = Array(roots)
    while let key = pending.popLast() {
      guard keys.insert(key).inserted else { continue }
      let inputs = inputs(of: key)
      let outputs = (records[key].map { $0.outputs + $0.parts } ?? []).map(\.digest)
      objects.formUnion([key] + inputs + outputs)
      pending += inputs.flatMap { makers[$0] ?? [] }
    }
    return (keys, objects)
  }

  /// What lock files reach of studies that do not keep everything: all keys, and of the objects those
  /// that nobody may drop. The objects of an output that may go go with it.
  private func reachLean(
    _ records: [Digest: ActionRecord]
  ) -> (keys: Set<Digest>, objects: Set<Digest>) {
    var (keys, objects) = reach(from: Set(lean.keys), records)
    var dropped: Set<Digest> = []
    var needed: Set<Digest> = keys
    for record in keys.compactMap({ records[$0] }) {
      let names = lean[record.key] ?? []
      for output in record.outputs {
        if names.contains(output.name) {
          dropped.insert(output.digest)
        } else {
          needed.insert(output.digest)
        }
      }
      // Parts are named inside outputs; which one names which nobody says.
      if record.outputs.allSatisfy({ names.contains($0.name) }) {
        dropped.formUnion(record.parts.map(\.digest))
      } else {
        needed.formUnion(record.parts.map(\.digest))
      }
    }
    objects.subtract(dropped.subtracting(needed))
    return (keys, objects)
  }

  /// The digests that an action reads; none if the action is lost.
  private func inputs(of key: Digest) -> [Digest] {
    guard let bytes = try? store.files.read(store.path(of: key)),
      let parts = try? CanonicalValue(decoding: bytes).list, parts.count == 6
    else { return [] }
    return parts[4].map?.values.compactMap(\.digest) ?? []
  }

  /// Actions with a checkpoint or a failure: those touched lately are kept, to go on from there.
  private func workInProgress() throws(StoreError) -> (recent: Set<Digest>, old: [Path]) {
    var recent: Set<Digest> = []
    var old: [Path] = []
    do throws(FileError) {
      for name in try store.files.list(store.root / "tmp") {
        let path = store.root / "tmp" / name
        var touched: Int64 = 0
        for entry in [path] + (try children(of: path)) {
          touched = max(touched, try store.files.status(of: entry)?.modified ?? 0)
        }
        if let key = Digest(hex: name), touched >= sinceNanoseconds {
          recent.insert(key)
        } else {
          old.append(path)
        }
      }
    } catch {
      throw StoreError(error)
    }
    return (recent, old)
  }

  private func children(of path: Path) throws(FileError) -> [Path] {
    guard try store.files.status(of: path)?.kind == .directory else { return [] }
    return try store.files.list(path).map { path / $0 }
  }

  /// Logs and lease files of actions that are not kept, and files that killed writers left.
  private func leftovers(keeping keys: Set<Digest>) throws(StoreError) -> [Path] {
    let root = store.root
    var found: [Path] = []
    do throws(FileError) {
      for name in try store.files.list(root / "locks") {
        if let key = Digest(hex: name), !keys.contains(key) { found.append(root / "locks" / name) }
      }
      for folder in ["objects", "actions", "logs"] {
        for fan in try store.files.list(root / folder) where fan.utf8.count == 2 {
          for name in try store.files.list(root / folder / fan) {
            let key = folder == "logs" ? Digest(hex: fan + name.prefix(62)) : nil
            if key.map({ !keys.contains($0) }) ?? name.hasSuffix(".tmp") {
              found.append(root / folder / fan / name)
            }
          }
        }
      }
      for name in try store.files.list(root)
      where name.hasPrefix("index.sqlite") && name.hasSuffix(".damaged") {
        found.append(root / name)
      }
    } catch {
      throw StoreError(error)
    }
    return found
  }
}
