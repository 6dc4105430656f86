public import Core
private import Synchronization

/// The store of a study on disk: objects, records, logs and work in progress under one directory.
///
///     objects/ab/cdef...      immutable, read-only
///     actions/ab/cdef....json one record per action key; the truth
///     index.sqlite            derived; also the stat cache of source files
///     studies/                the paths of the lock files of all studies that use the store
///     memory/                 derived; what complete runs relied on
///     logs/  tmp/  locks/
///
/// A write is durable before it is visible: temporary file, flush, rename, flush of the directory.
/// Whoever has the store open holds it, together with others; only garbage is freed by one alone.
public final class Store: ObjectStore, ActionRecords {
  public let root: Path
  let files: any FileSystem
  /// Objects whose bytes this process has already checked.
  private let verified = Mutex<Set<Digest>>([])
  private let hold = Mutex<FileHold?>(nil)

  /// Opens a store, making its directories.
  public init(at root: Path, files: any FileSystem) throws(StoreError) {
    self.root = root
    self.files = files
    do throws(FileError) {
      for name in ["objects", "actions", "logs", "tmp", "locks"] {
        try files.createDirectory(root / name)
      }
      let hold = try files.hold(holdPath, alone: false)
      self.hold.withLock { $0 = hold }
      // The store ignores itself in git, wherever it stands.
      if try !files.exists(root / ".gitignore") {
        try files.write(Array("*\n".utf8), to: root / ".gitignore")
      }
    } catch {
      throw StoreError(error)
    }
  }

  /// Keeps every other process out until the store is closed; false if one has it open now.
  func closeToOthers() throws(StoreError) -> Bool {
    do throws(FileError) {
      hold.withLock { $0 = nil }
      let alone = try files.hold(holdPath, alone: true)
      let shared = alone == nil ? try files.hold(holdPath, alone: false) : nil
      hold.withLock { $0 = alone ?? shared }
      return alone != nil
    } catch {
      throw StoreError(error)
    }
  }

  private var holdPath: Path { root / "locks/use" }

  /// Where an object's file stands, for readers that map it.
  public func path(of digest: Digest) -> Path { root / "objects" / Self.fanned(digest) }

  public func logPath(of key: Digest) -> Path { root / "logs" / (Self.fanned(key) + ".log") }

  /// The file whose bytes are locked by those who run actions.
  public var leasesPath: Path { root / "locks/leases" }

  /// The directory of an action's work in progress, such as its training checkpoint.
  public func workPath(of key: Digest) -> Path { root / "tmp" / key.hex }

  @discardableResult
  public func write(_ bytes: [UInt8]) throws(StoreError) -> Digest {
    let digest = SHA256.digest(of: bytes)
    let path = path(of: digest)
    do throws(FileError) {
      // Whoever has the true bytes in hand repairs what something outside cut short or changed.
      if let status = try files.status(of: path), status.size == Int64(bytes.count),
        (try? files.read(path)) == bytes
      {
        return digest
      }
      try files.createDirectory(path.parent)
      try files.write(bytes, to: path, readOnly: true)
    } catch {
      throw StoreError(error)
    }
    return digest
  }

  public func read(_ digest: Digest) throws(StoreError) -> [UInt8] {
    guard try size(of: digest) != nil else {
      throw StoreError(.missing(digest), "the object \(digest) is not in the store")
    }
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try files.read(path(of: digest))
    } catch {
      throw StoreError(error)
    }
    if !verified.withLock({ $0.contains(digest) }) {
      guard SHA256.digest(of: bytes) == digest else {
        try quarantine(digest)
        throw StoreError(
          .damaged(digest),
          "the object \(digest) is damaged; it was moved to \(root / "tmp") and will be made again")
      }
      verified.withLock { _ = $0.insert(digest) }
    }
    return bytes
  }

  /// Makes an object of another store one of this store too, without reading it.
  public func take(_ digest: Digest, from other: Store) throws(StoreError) {
    do throws(FileError) {
      try files.createDirectory(path(of: digest).parent)
      try files.link(other.path(of: digest), to: path(of: digest))
    } catch {
      throw StoreError(error)
    }
  }

  public func size(of digest: Digest) throws(StoreError) -> Int64? {
    do throws(FileError) {
      return try files.status(of: path(of: digest))?.size
    } catch {
      throw StoreError(error)
    }
  }

  public func record(for key: Digest) throws(StoreError) -> ActionRecord? {
    let path = recordPath(key)
    let bytes: [UInt8]
    do throws(FileError) {
      guard try files.exists(path) else { return nil }
      bytes = try files.read(path)
    } catch {
      throw StoreError(error)
    }
    // A record that cannot be read says nothing; the action runs again and replaces it.
    guard let record = ActionRecord(sealed: bytes), record.key == key else { return nil }
    return record
  }

  public func publish(_ record: ActionRecord) throws(StoreError) {
    let path = recordPath(record.key)
    do throws(FileError) {
      try files.createDirectory(path.parent)
      try files.write(record.sealed, to: path)
    } catch {
      throw StoreError(error)
    }
  }

  /// Takes back what an action gave, so that it runs again.
  public func withdraw(_ key: Digest) throws(StoreError) {
    do throws(FileError) {
      try files.remove(recordPath(key))
    } catch {
      throw StoreError(error)
    }
  }

  /// Whether all that a record gave and that was not freed is there with its size; bytes are not
  /// looked at.
  public func holdsOutputs(of record: ActionRecord) throws(StoreError) -> Bool {
    for object in record.kept
    where try size(of: object.digest) != object.bytes { return false }
    return true
  }

  /// Moves a damaged object out of the way, so that whatever made it runs again.
  func quarantine(_ digest: Digest) throws(StoreError) {
    try quarantine(path(of: digest), as: digest.hex)
  }

  /// Moves a damaged record out of the way.
  func quarantine(recordOf key: Digest) throws(StoreError) {
    try quarantine(recordPath(key), as: key.hex + ".json")
  }

  private func quarantine(_ path: Path, as name: String) throws(StoreError) {
    do throws(FileError) {
      try files.createDirectory(root / "tmp/quarantine")
      try files.rename(path, to: root / "tmp/quarantine" / name)
    } catch {
      // Another process that read it has moved it already.
      guard (try? files.exists(path)) != false else { return }
      throw StoreError(error)
    }
  }

  /// Where an action's record stands.
  public func recordPath(_ key: Digest) -> Path {
    root / "actions" / (Self.fanned(key) + ".json")
  }

  /// Two digits of directory, so that no directory grows large.
  private static func fanned(_ digest: Digest) -> String {
    let hex = digest.hex
    return "\(hex.prefix(2))/\(hex.dropFirst(2))"
  }
}
