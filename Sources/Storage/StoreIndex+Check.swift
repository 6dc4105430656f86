internal import Core
internal import GRDB

extension StoreIndex {
  /// What is wrong with the index itself, and where it says something else than the records.
  func findings(in store: Store, records: [ActionRecord]) -> [StoreFinding] {
    func finding(_ problem: StoreFinding.Problem, _ detail: String) -> StoreFinding {
      StoreFinding(.index, problem, path: path, detail: detail)
    }
    switch origin {
    case .made where !records.isEmpty: return [finding(.missing, "it was not there, or empty")]
    case .replaced:
      return [finding(.damaged, "it could not be opened and was moved to \(path).damaged")]
    case .made, .opened: break
    }
    do {
      let problems = try database.read {
        try String.fetchAll($0, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
      }
      guard problems.isEmpty else {
        let isUnreadable = problems.contains { Self.tellsOfDevice(inCheck: $0) }
        return [
          finding(
            isUnreadable ? .unreadable : .damaged, problems.prefix(3).joined(separator: "; "))
        ]
      }
      let damaged = try database.read { database in
        try IndexTable.allCases.reduce(0) {
          try $0 + (Int.fetchOne(database, sql: $1.damage) ?? 0)
        }
      }
      guard damaged == 0 else {
        return [finding(.damaged, "\(damaged) of its rows are not as they were written")]
      }
      // What an action took may be that of an earlier time: the record is written first, and a run
      // that is killed then tells the index nothing.
      return try database.read { database in
        try records.compactMap { record in
          let kind = try String.fetchOne(
            database, sql: "SELECT kind FROM cost WHERE key = ?", arguments: [record.key.hex])
          if kind == nil || kind == record.kind { return nil }
          return finding(.differs, "the kind of \(record.step) is not as its record says")
        }
      }
    } catch let error as DatabaseError where Self.tellsOfDevice(error.resultCode) {
      return [finding(.unreadable, error.message ?? "\(error)")]
    } catch {
      return [finding(.damaged, "\(error)")]
    }
  }

  /// Whether the system did not give the bytes, which says nothing of what they are.
  private static func tellsOfDevice(_ code: ResultCode) -> Bool {
    [.SQLITE_IOERR, .SQLITE_CANTOPEN, .SQLITE_FULL, .SQLITE_BUSY].contains(code)
  }

  /// Whether a line of the integrity check is about a page that could not be read:
  /// `Page 3: unable to get the page. error code=266`.
  private static func tellsOfDevice(inCheck line: String) -> Bool {
    guard let code = line.firstRange(of: "error code=").flatMap({ Int32(line[$0.upperBound...]) })
    else { return false }
    return tellsOfDevice(ResultCode(rawValue: code).primaryResultCode)
  }

  /// The steps that finished once, by their keys; empty if the index cannot say.
  func stepsByKey() -> [Digest: String] {
    let rows = try? database.read { database in
      try Row.fetchAll(database, sql: "SELECT key, step FROM last_key ORDER BY scope, step")
        .map { row in
          (
            try row.decode(String.self, atIndex: 0), try row.decode(String.self, atIndex: 1)
          )
        }
    }
    return Dictionary(
      (rows ?? []).compactMap { key, step in Digest(hex: key).map { ($0, step) } },
      uniquingKeysWith: { first, _ in first })
  }

  /// The source files that were hashed, with what they were then; a row without sense is left out.
  func sources() -> [(path: Path, status: FileStatus, digest: Digest?)] {
    let sources = try? database.read { database in
      try Row.fetchAll(
        database,
        sql: "SELECT path, digest, size, modified, changed, inode, device FROM source_file"
      ).compactMap { row in
        let numbers = try (2...6).map { try row.decode(Int64.self, atIndex: $0) }
        return (
          path: Path(try row.decode(String.self, atIndex: 0)),
          status: FileStatus(
            kind: .file, size: numbers[0], modified: numbers[1], changed: numbers[2],
            inode: UInt64(bitPattern: numbers[3]), device: UInt64(bitPattern: numbers[4])),
          digest: Digest(hex: try row.decode(String.self, atIndex: 1))
        )
      }
    }
    return sources ?? []
  }
}
