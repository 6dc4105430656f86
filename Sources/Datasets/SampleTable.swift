internal import Core

/// A CSV of samples: one row each, looked up by the sample's name.
struct SampleTable {
  /// The file's name, for messages.
  var file: String
  /// The header's cells without blanks around them.
  var columns: [String]
  /// Rows with as many cells as there are columns.
  var rows: [(line: Int, cells: [String])]

  /// Reads comma-separated values after RFC 4180: quotes, doubled quotes, either line end, a leading
  /// byte order mark. Blanks around cells are dropped (GlaS has them in header and values).
  ///
  /// - Returns: The table with every row that fits, and everything wrong with the rest.
  static func parse(_ bytes: [UInt8], file: String) -> (table: SampleTable, [DatasetProblem]) {
    var table = SampleTable(file: file, columns: [], rows: [])
    var problems: [DatasetProblem] = []
    func report(_ message: String, hint: String) {
      problems.append(
        DatasetProblem(code: "dataset.table-malformed", file: file, message: message, hint: hint))
    }
    let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
    guard let text = String(validating: content, as: UTF8.self) else {
      report("the table is not UTF-8", hint: "save it as CSV in UTF-8")
      return (table, problems)
    }
    let (records, isClosed) = split(text)
    if !isClosed {
      report("a quote is opened and never closed", hint: "close the quote")
      return (table, problems)
    }
    for (line, cells) in records where !cells.allSatisfy(\.isEmpty) {
      if table.columns.isEmpty {
        table.columns = cells
        var seen: Set<String> = []
        for column in cells where !seen.insert(column).inserted {
          report("the column `\(column)` is there twice", hint: "rename one of them")
        }
        if cells.count == 1 && cells[0].contains(";") {
          report("the cells are separated by semicolons", hint: "save it with commas")
        }
      } else if cells.count != table.columns.count {
        report(
          "line \(line) has \(cells.count) cells, the header has \(table.columns.count)",
          hint: "give every row as many cells as the header; quote cells with commas in them")
      } else {
        table.rows.append((line, cells))
      }
    }
    if table.columns.isEmpty { report("the table is empty", hint: "write a header line") }
    return (table, problems)
  }

  /// The position of a column.
  func index(of column: String) -> Int? { columns.firstIndex(of: column) }

  private static func split(
    _ text: String
  ) -> (records: [(line: Int, cells: [String])], isClosed: Bool) {
    var records: [(line: Int, cells: [String])] = []
    var cells: [String] = []
    var cell: [Unicode.Scalar] = []
    var isQuoted = false
    var wasQuoted = false
    var line = 1
    var start = 1
    func finishCell() {
      let kept = wasQuoted ? cell[...] : trimmed(cell)
      var value = String.UnicodeScalarView()
      value.append(contentsOf: kept)
      cells.append(String(value))
      cell = []
      wasQuoted = false
    }
    var scalars = Array(text.unicodeScalars)[...]
    while let scalar = scalars.popFirst() {
      if isQuoted {
        if scalar == "\n" { line += 1 }
        if scalar != "\"" {
          cell.append(scalar)
        } else if scalars.first == "\"" {
          cell.append("\"")
          scalars.removeFirst()
        } else {
          isQuoted = false
        }
        continue
      }
      switch scalar {
      case "\"" where trimmed(cell).isEmpty && !wasQuoted:
        cell = []
        (isQuoted, wasQuoted) = (true, true)
      case ",": finishCell()
      case "\r" where scalars.first == "\n": break
      case "\n", "\r":
        finishCell()
        records.append((start, cells))
        cells = []
        line += 1
        start = line
      case " " where wasQuoted: break
      default: cell.append(scalar)
      }
    }
    if !cell.isEmpty || !cells.isEmpty || wasQuoted {
      finishCell()
      records.append((start, cells))
    }
    return (records, !isQuoted)
  }

  private static func trimmed(_ cell: [Unicode.Scalar]) -> ArraySlice<Unicode.Scalar> {
    let isBlank = { (scalar: Unicode.Scalar) in scalar == " " || scalar == "\t" }
    guard let first = cell.firstIndex(where: { !isBlank($0) }) else { return [] }
    let last = cell.lastIndex(where: { !isBlank($0) }) ?? first
    return cell[first...last]
  }
}
