public import Core
private import GRDB

/// What can be derived from objects and records, kept in SQLite because looking it up must be quick.
///
/// Three tables: the digests of source files by their stat (so that an unchanged file costs a stat),
/// the cost of past actions by kind (for estimates), and the last key of each step of a study (for
/// explanations). Losing the file loses no result.
public final class StoreIndex: Sendable {
  private let database: DatabaseQueue

  /// Opens or makes `index.sqlite` in a store.
  public init(in store: Store, files: any FileSystem) throws(StoreError) {
    var configuration = Configuration()
    // Several processes share one store; a writer waits for another rather than failing.
    configuration.busyMode = .timeout(30)
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
    let path = store.root / "index.sqlite"
    database = try Self.translated {
      do {
        return try Self.open(path, configuration)
      } catch let error as DatabaseError
        where [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode)
      {
        // It is derived: a damaged index is moved out of the way, and a new one grows.
        for suffix in ["", "-wal", "-shm"] {
          let damaged = Path(path.text + suffix)
          if try files.exists(damaged) { try files.rename(damaged, to: Path("\(damaged).damaged")) }
        }
        return try Self.open(path, configuration)
      }
    }
  }

  private static func open(
    _ path: Path, _ configuration: Configuration
  ) throws -> DatabaseQueue {
    let database = try DatabaseQueue(path: path.text, configuration: configuration)
    try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
    try migrator.migrate(database)
    return database
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 source files, costs, last keys") { database in
      try database.execute(
        sql: """
          CREATE TABLE source_file (
            path TEXT PRIMARY KEY, size INTEGER NOT NULL, modified INTEGER NOT NULL,
            changed INTEGER NOT NULL, inode INTEGER NOT NULL, device INTEGER NOT NULL,
            digest TEXT NOT NULL) WITHOUT ROWID;
          CREATE TABLE cost (
            key TEXT PRIMARY KEY, kind TEXT NOT NULL, seconds REAL NOT NULL,
            peak_bytes INTEGER NOT NULL, threads INTEGER NOT NULL) WITHOUT ROWID;
          CREATE INDEX cost_by_kind ON cost(kind);
          CREATE TABLE last_key (
            scope TEXT NOT NULL, step TEXT NOT NULL, key TEXT NOT NULL,
            PRIMARY KEY (scope, step)) WITHOUT ROWID;
          """)
    }
    return migrator
  }

  /// The digests of files whose stat is exactly as it was when they were hashed.
  public func digests(of files: [(path: Path, status: FileStatus)]) throws(StoreError) -> [Digest?]
  {
    try Self.translated {
      try database.read { database in
        let statement = try database.cachedStatement(
          sql: """
            SELECT digest FROM source_file WHERE path = ? AND size = ? AND modified = ?
            AND changed = ? AND inode = ? AND device = ?
            """)
        return try files.map { path, status in
          try String.fetchOne(statement, arguments: Self.arguments(path, status))
            .flatMap { Digest(hex: $0) }
        }
      }
    }
  }

  /// Remembers what files hashed to.
  public func remember(
    _ files: [(path: Path, status: FileStatus, digest: Digest)]
  ) throws(StoreError) {
    try Self.translated {
      try database.write { database in
        let statement = try database.cachedStatement(
          sql: "INSERT OR REPLACE INTO source_file VALUES (?, ?, ?, ?, ?, ?, ?)")
        for file in files {
          try statement.execute(
            arguments: Self.arguments(file.path, file.status) + [file.digest.hex])
        }
      }
    }
  }

  /// Remembers what actions cost.
  public func remember(costsOf records: [ActionRecord]) throws(StoreError) {
    try Self.translated {
      try database.write { database in
        let statement = try database.cachedStatement(
          sql: "INSERT OR REPLACE INTO cost VALUES (?, ?, ?, ?, ?)")
        for record in records {
          try statement.execute(
            arguments: [
              record.key.hex, record.kind, record.seconds, record.peakBytes, record.threads,
            ])
        }
      }
    }
  }

  /// The mean of core-seconds that actions of each kind took, and the largest memory they needed.
  public func costs() throws(StoreError) -> [String: (coreSeconds: Double, peakBytes: Int64)] {
    try Self.translated {
      try database.read { database in
        let rows = try Row.fetchAll(
          database,
          sql: "SELECT kind, AVG(seconds * threads), MAX(peak_bytes) FROM cost GROUP BY kind")
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], ($0[1], $0[2])) })
      }
    }
  }

  /// The keys that the steps of a study had when they last ran or were found cached.
  public func lastKeys(in scope: String) throws(StoreError) -> [String: Digest] {
    try Self.translated {
      try database.read { database in
        let rows = try Row.fetchAll(
          database, sql: "SELECT step, key FROM last_key WHERE scope = ?", arguments: [scope])
        return Dictionary(
          uniqueKeysWithValues: rows.compactMap { row in
            Digest(hex: row[1] as String).map { (row[0], $0) }
          })
      }
    }
  }

  /// Remembers the keys of a study's steps.
  public func remember(keys: [(step: String, key: Digest)], in scope: String) throws(StoreError) {
    try Self.translated {
      try database.write { database in
        let statement = try database.cachedStatement(
          sql: "INSERT OR REPLACE INTO last_key VALUES (?, ?, ?)")
        for (step, key) in keys { try statement.execute(arguments: [scope, step, key.hex]) }
      }
    }
  }

  private static func arguments(_ path: Path, _ status: FileStatus) -> StatementArguments {
    [
      path.text, status.size, status.modified, status.changed,
      Int64(bitPattern: status.inode), Int64(bitPattern: status.device),
    ]
  }

  private static func translated<Result>(
    _ body: () throws -> Result
  ) throws(StoreError) -> Result {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw StoreError(
        .unreadable, "the store's index.sqlite: \(error.message ?? "error \(error.resultCode)")")
    } catch {
      throw StoreError(.unreadable, "the store's index.sqlite: \(error)")
    }
  }
}
