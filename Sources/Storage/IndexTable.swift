internal import Core
internal import GRDB

/// A table of the index: its columns, and a seal over each row, so that a flipped bit shows.
///
/// SQLite notices damage to the structure of its file, and not to a value in it.
enum IndexTable: String, CaseIterable {
  /// The digests of source files by their stat.
  case sourceFile = "source_file"
  /// What past actions cost.
  case cost
  /// The last key of each step of a study.
  case lastKey = "last_key"

  /// The columns before the seal, in their order.
  var columns: [String] {
    switch self {
    case .sourceFile: ["path", "size", "modified", "changed", "inode", "device", "digest"]
    case .cost: ["key", "kind", "seconds", "peak_bytes", "threads", "likeness"]
    case .lastKey: ["scope", "step", "key"]
    }
  }

  /// The first eight bytes of the SHA-256 of a row's values, each with its type and length.
  static let seal = DatabaseFunction("row_seal", pure: true) { values in
    var hash: [UInt8] = []
    for value in values {
      let (type, bytes): (UInt8, [UInt8]) =
        switch value.storage {
        case .null: (0, [])
        case .int64(let number): (1, number.bigEndianBytes)
        case .double(let number): (2, Int64(bitPattern: number.bitPattern).bigEndianBytes)
        case .string(let text): (3, Array(text.utf8))
        case .blob(let data): (4, Array(data))
        }
      hash += [type] + Int64(bytes.count).bigEndianBytes + bytes
    }
    let digest = SHA256.digest(of: hash).bytes
    return digest.prefix(8).reduce(0 as Int64) { $0 << 8 | Int64($1) }
  }

  /// Writes a row, given the values of its columns in order.
  var insertion: String {
    let places = columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
    return "INSERT OR REPLACE INTO \(rawValue) (\(names), seal) "
      + "VALUES (\(places), row_seal(\(places)))"
  }

  /// Counts the rows that are not as they were written.
  var damage: String { "SELECT COUNT(*) FROM \(rawValue) WHERE seal IS NOT row_seal(\(names))" }

  /// Seals rows that have no seal yet.
  var sealing: String { "UPDATE \(rawValue) SET seal = row_seal(\(names))" }

  private var names: String { columns.joined(separator: ", ") }

  /// How the tables came to be what they are.
  static var migrator: DatabaseMigrator {
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
    migrator.registerMigration("2 likeness, seals") { database in
      try database.execute(sql: "ALTER TABLE cost ADD COLUMN likeness TEXT NOT NULL DEFAULT ''")
      for table in allCases {
        try database.execute(sql: "ALTER TABLE \(table.rawValue) ADD COLUMN seal INTEGER")
        try database.execute(sql: table.sealing)
      }
    }
    return migrator
  }
}

extension Int64 {
  fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }
}
