public import Core
internal import GRDB
private import Glibc
private import Synchronization

/// What can be derived from objects and records, kept in SQLite because looking it up must be quick.
///
/// Three tables: the digests of source files by their stat (so that an unchanged file costs a stat),
/// the cost of past actions by kind (for estimates), and the last key of each step of a study (for
/// explanations). Losing the file loses no result.
public final class StoreIndex: Sendable {
  /// How the index came to be open.
  enum Origin: Hashable, Sendable {
    case opened
    /// There was none, or an empty one.
    case made
    /// There was one that could not be opened.
    case replaced
  }

  let database: DatabaseQueue
  let path: Path
  let origin: Origin
  private let files: any FileSystem
  private let isSetAside = Atomic(false)

  static func path(in store: Store) -> Path { store.root / "index.sqlite" }

  /// Opens or makes `index.sqlite` in a store.
  ///
  /// - Parameter patience: Seconds that a writer waits for another process before it gives up.
  public init(
    in store: Store, files: any FileSystem, patience: Double = 30
  ) throws(StoreError) {
    var configuration = Configuration()
    // Several processes share one store; a writer waits for another rather than failing.
    configuration.busyMode = .timeout(patience)
    configuration.prepareDatabase {
      try $0.execute(sql: "PRAGMA synchronous = NORMAL")
      $0.add(function: IndexTable.seal)
    }
    let path = Self.path(in: store)
    self.path = path
    self.files = files
    // SQLite's own waiting covers neither the change to a write-ahead log nor two processes that both
    // found no tables: only one at a time opens the index.
    let hold = Self.waitForTurn(in: store, files)
    defer { withExtendedLifetime(hold) {} }
    (database, origin) = try Self.translated(path) {
      do {
        return try Self.open(path, configuration)
      } catch  where error.tellsOfDamage(at: path) {
        try Self.setAside(path, files)
        return (try Self.open(path, configuration).0, .replaced)
      }
    }
  }

  /// The right to open the index; nothing where it cannot be had, which says more when it is opened.
  private static func waitForTurn(in store: Store, _ files: any FileSystem) -> FileHold? {
    let deadline = ContinuousClock.now + .seconds(30)
    while ContinuousClock.now < deadline {
      do {
        if let hold = try files.hold(store.root / "locks/index", alone: true) { return hold }
      } catch {
        return nil
      }
      usleep(2_000)
    }
    return nil
  }

  private static func open(
    _ path: Path, _ configuration: Configuration
  ) throws -> (DatabaseQueue, Origin) {
    let database = try DatabaseQueue(path: path.text, configuration: configuration)
    try database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA journal_mode = WAL") }
    let isEmpty = try !database.read { try $0.tableExists("cost") }
    try IndexTable.migrator.migrate(database)
    return (database, isEmpty ? .made : .opened)
  }

  /// It is derived: a damaged index is moved out of the way, and a new one grows.
  private static func setAside(_ path: Path, _ files: any FileSystem) throws(FileError) {
    for suffix in ["", "-wal", "-shm"] {
      let damaged = Path(path.text + suffix)
      if try files.exists(damaged) { try files.rename(damaged, to: Path("\(damaged).damaged")) }
    }
  }

  /// The digests of files whose stat is exactly as it was when they were hashed.
  public func digests(of files: [(path: Path, status: FileStatus)]) throws(StoreError) -> [Digest?]
  {
    try derived(otherwise: files.map { _ in nil }) {
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
    try derived(otherwise: ()) {
      try database.write { database in
        let statement = try database.cachedStatement(sql: IndexTable.sourceFile.insertion)
        for file in files {
          try statement.execute(
            arguments: Self.arguments(file.path, file.status) + [file.digest.hex])
        }
      }
    }
  }

  /// Remembers what actions cost.
  public func remember(
    costsOf records: [(record: ActionRecord, likeness: Digest?)]
  ) throws(StoreError) {
    try derived(otherwise: ()) {
      try database.write { database in
        let statement = try database.cachedStatement(sql: IndexTable.cost.insertion)
        for (record, likeness) in records {
          try statement.execute(
            arguments: [
              record.key.hex, record.kind, record.seconds, record.peakBytes, record.threads,
              likeness?.hex ?? "",
            ])
        }
      }
    }
  }

  /// What past actions cost, by kind and among those that are alike.
  public func costs() throws(StoreError) -> PastCosts {
    try derived(otherwise: PastCosts()) {
      try database.read { database in
        // A flipped bit may make a row of a century; estimates have to stay numbers.
        let rows = try Row.fetchAll(
          database,
          sql: """
            SELECT kind, likeness, COUNT(*), AVG(seconds * threads), MAX(peak_bytes) FROM cost
            WHERE seconds BETWEEN 0 AND 1e9 AND threads BETWEEN 1 AND 4096
            AND peak_bytes BETWEEN 0 AND 1e15 GROUP BY kind, likeness ORDER BY kind, likeness
            """)
        var costs = PastCosts()
        for row in rows {
          costs.add(
            .init(
              count: try row.decode(Int.self, atIndex: 2),
              coreSeconds: try row.decode(Double.self, atIndex: 3),
              peakBytes: try row.decode(Int64.self, atIndex: 4)),
            kind: try row.decode(String.self, atIndex: 0),
            likeness: Digest(hex: try row.decode(String.self, atIndex: 1)))
        }
        return costs
      }
    }
  }

  /// The keys that the steps of a study had when they last ran or were found cached.
  public func lastKeys(in scope: String) throws(StoreError) -> [String: Digest] {
    try derived(otherwise: [:]) {
      try database.read { database in
        // The study's own keys come last and win over those of an index made from records alone.
        let rows = try Row.fetchAll(
          database, sql: "SELECT step, key FROM last_key WHERE scope IN (?, ?) ORDER BY scope",
          arguments: [Self.everyScope, scope])
        return Dictionary(
          try rows.compactMap { row in
            let step = try row.decode(String.self, atIndex: 0)
            return Digest(hex: try row.decode(String.self, atIndex: 1)).map { (step, $0) }
          }, uniquingKeysWith: { _, own in own })
      }
    }
  }

  /// Remembers the keys of a study's steps.
  public func remember(keys: [(step: String, key: Digest)], in scope: String) throws(StoreError) {
    try derived(otherwise: ()) {
      try database.write { database in
        let statement = try database.cachedStatement(sql: IndexTable.lastKey.insertion)
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

  /// What the index says, or nothing where it is damaged: a run must not stop for what is derived.
  func derived<Result>(
    otherwise nothing: Result, _ body: () throws -> Result
  ) throws(StoreError) -> Result {
    try Self.translated(path) {
      do {
        return try body()
      } catch  where error.tellsOfDamage(at: path) {
        // This process goes on without; the next one finds no index and makes a new one.
        if !isSetAside.exchange(true, ordering: .relaxed) { try Self.setAside(path, files) }
        return nothing
      }
    }
  }

  private static func translated<Result>(
    _ path: Path, _ body: () throws -> Result
  ) throws(StoreError) -> Result {
    do {
      return try body()
    } catch let error as DatabaseError {
      throw StoreError(
        .unreadable, "cannot use \(path): \(error.message ?? "error \(error.resultCode)")")
    } catch {
      throw StoreError(.unreadable, "cannot use \(path): \(error)")
    }
  }
}

extension Error {
  /// Whether the file is no longer what SQLite wrote, in its bytes, its tables or its values.
  fileprivate func tellsOfDamage(at path: Path) -> Bool {
    guard let error = self as? DatabaseError else { return self is RowDecodingError }
    let isAboutSchema =
      error.resultCode == .SQLITE_ERROR
      && [
        "no such", "has no column", "malformed", "unsupported file", "already exists",
        "duplicate column",
      ].contains {
        error.message?.contains($0) == true
      }
    // A file that can be written is called read-only if its header says that a later SQLite made it.
    let isHeader =
      error.resultCode == .SQLITE_READONLY
      && access(path.text, W_OK) == 0 && access(path.parent.text, W_OK) == 0
    return [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode)
      || isAboutSchema || isHeader
  }
}
