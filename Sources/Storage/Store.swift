public import Core
private import Synchronization

/// The store of a study on disk: objects, records, logs and work in progress under one directory.
///
///     objects/ab/cdef...      immutable, read-only
///     actions/ab/cdef....json one record per action key; the truth
///     index.sqlite            derived; also the stat cache of source files
///     memory/                 derived; what complete runs relied on
///     logs/  tmp/  locks/
///
/// A write is durable before it is visible: temporary file, flush, rename, flush of the directory.
public final class Store: ObjectStore, ActionRecords {
  public let root: Path
  private let files: any FileSystem
  /// Objects whose bytes this process has already checked.
  private let verified = Mutex<Set<Digest>>([])

  /// Opens a store, making its directories.
  public init(at root: Path, files: any FileSystem) throws(StoreError) {
    self.root = root
    self.files = files
    do throws(FileError) {
      for name in ["objects", "actions", "logs", "tmp", "locks"] {
        try files.createDirectory(root / name)
      }
      // The store ignores itself in git, wherever it stands.
      if try !files.exists(root / ".gitignore") {
        try files.write(Array("*\n".utf8), to: root / ".gitignore")
      }
    } catch {
      throw StoreError(error)
    }
  }

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
    // An object of another size than its bytes was cut short by something outside; write it again.
    if try size(of: digest) == Int64(bytes.count) { return digest }
    let path = path(of: digest)
    do throws(FileError) {
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
    guard let record = try? JSON.decode(ActionRecord.self, from: bytes), record.key == key else {
      return nil
    }
    return record
  }

  public func publish(_ record: ActionRecord) throws(StoreError) {
    let path = recordPath(record.key)
    do throws(FileError) {
      try files.createDirectory(path.parent)
      try files.write(JSON.encode(record), to: path)
    } catch {
      throw StoreError(error)
    }
  }

  /// Whether all that a record gave is there with its size; bytes are not looked at.
  public func holdsOutputs(of record: ActionRecord) throws(StoreError) -> Bool {
    for object in record.outputs + record.parts
    where try size(of: object.digest) != object.bytes { return false }
    return true
  }

  private func quarantine(_ digest: Digest) throws(StoreError) {
    do throws(FileError) {
      try files.createDirectory(root / "tmp/quarantine")
      try files.rename(path(of: digest), to: root / "tmp/quarantine" / digest.hex)
    } catch {
      // Another process that read it has moved it already.
      guard try size(of: digest) != nil else { return }
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
