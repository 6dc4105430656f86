internal import Core

/// The rows of a dataset's table, matched with its samples.
struct SampleRows {
  /// What the table, or its absence, says of a sample.
  struct Facts {
    var split: String
    var patient: String
    var stratum: String
    /// The patient, even if the study does not group by it; `nil` if nothing names one.
    var knownPatient: String?
  }

  private var table: SampleTable?
  private var rowOfName: [String: Int] = [:]
  private var splitColumn: Int?
  private var groupColumn: Int?
  private var strataColumn: Int?
  private var patientColumn: Int?
  /// The columns that the entries have without a table.
  private var ownGroup: String?
  private var ownStrata: String?
  private var splitPrefix = ""
  private(set) var takesOnlyRows = false

  /// Reads the table and reports what is wrong with it as a whole.
  init(
    _ listing: SampleListing, request: DatasetRequest, read: (String) throws -> [UInt8],
    problems: inout [DatasetProblem]
  ) throws {
    ownGroup = request.group.flatMap { listing.ownColumns.contains($0) ? $0 : nil }
    ownStrata = request.stratify.flatMap { listing.ownColumns.contains($0) ? $0 : nil }
    splitPrefix = listing.splitPrefix
    let wanted = [
      ("group", ownGroup == nil ? request.group : nil),
      ("stratify", ownStrata == nil ? request.stratify : nil),
    ]
    guard let file = listing.table else {
      for case (let key, let column?) in wanted {
        problems.append(
          DatasetProblem(
            code: "dataset.table-missing", file: listing.nameColumns == ["name"] ? "Grade.csv" : "",
            message: "`\(key): \(column)` needs a table, and there is none",
            hint: listing.nameColumns == ["name"]
              ? "add `Grade.csv`, or leave out `\(key):`"
              : "set `table:`, or leave out `\(key):`"))
      }
      return
    }
    let (table, malformed) = SampleTable.parse(try read(file), file: file)
    problems += malformed
    guard !table.columns.isEmpty else { return }
    func report(_ code: String, _ message: String, hint: String) {
      problems.append(
        DatasetProblem(
          code: .init(stringLiteral: code), file: file, message: message, hint: hint))
    }
    let columnList = table.columns.map { "`\($0)`" }.joined(separator: ", ")
    guard let names = listing.nameColumns.lazy.compactMap({ table.index(of: $0) }).first else {
      report(
        "dataset.unknown-column", "the table has no column `\(listing.nameColumns[0])`",
        hint: "name one of its columns so; they are \(columnList)")
      return
    }
    func column(_ key: String, _ name: String?) -> Int? {
      guard let name else { return nil }
      let found = table.index(of: name) ?? table.index(of: listing.columnAliases[name] ?? name)
      if found == nil {
        report(
          "dataset.unknown-column", "the table has no column `\(name)` for `\(key):`",
          hint: "use one of its columns: \(columnList)")
      }
      return found
    }
    groupColumn = column("group", wanted[0].1)
    strataColumn = column("stratify", wanted[1].1)
    splitColumn =
      listing.splitColumn == "split"
      ? table.index(of: "split") : column("split_by", listing.splitColumn)
    patientColumn =
      groupColumn ?? table.index(of: "patient")
      ?? listing.columnAliases["patient"].flatMap { table.index(of: $0) }
    takesOnlyRows = listing.takesOnlyRows
    self.table = table
    let ids = Set(listing.entries.map(\.id))
    for (i, row) in table.rows.enumerated() {
      let name = Self.stem(row.cells[names], ids: ids)
      if let first = rowOfName[name] {
        report(
          "dataset.duplicate-row",
          "line \(row.line) names `\(name)`, as line \(table.rows[first].line) does",
          hint: "keep one of the two")
        continue
      }
      rowOfName[name] = i
      if !ids.contains(name) {
        report(
          "dataset.row-without-image", "line \(row.line) names `\(name)`, which is no image here",
          hint: "add the image, or remove the row")
      }
    }
  }

  /// What is known of one sample; `nil` if something that is needed is missing, which is reported.
  func facts(
    of entry: SampleListing.Entry, problems: inout [DatasetProblem]
  ) -> Facts? {
    let patient = ownGroup.flatMap { entry.columns[$0] }
    let stratum = ownStrata.flatMap { entry.columns[$0] }
    guard let table else {
      return Facts(
        split: entry.split ?? "train", patient: patient ?? entry.id, stratum: stratum ?? "",
        knownPatient: entry.columns["patient"])
    }
    guard let row = rowOfName[entry.id].map({ table.rows[$0] }) else {
      if takesOnlyRows { return nil }
      problems.append(
        DatasetProblem(
          code: "dataset.row-missing", file: entry.image,
          message: "the image has no row in `\(table.file)`",
          hint: "add a row for `\(entry.id)`, or remove the image"))
      return nil
    }
    var isComplete = true
    func cell(_ column: Int?) -> String? {
      guard let column else { return nil }
      if row.cells[column].isEmpty {
        isComplete = false
        problems.append(
          DatasetProblem(
            code: "dataset.empty-cell", file: table.file,
            message: "line \(row.line) has nothing in the column `\(table.columns[column])`",
            hint: "fill the cell"))
      }
      return row.cells[column]
    }
    let known = patientColumn.map { row.cells[$0] }.flatMap { $0.isEmpty ? nil : $0 }
    let facts = Facts(
      split: entry.split ?? cell(splitColumn).map { splitPrefix + $0 } ?? "train",
      patient: patient ?? cell(groupColumn) ?? entry.id,
      stratum: stratum ?? cell(strataColumn) ?? "",
      knownPatient: entry.columns["patient"] ?? known)
    return isComplete ? facts : nil
  }

  /// A table may name samples by stem or by file name.
  private static func stem(_ name: String, ids: Set<String>) -> String {
    if ids.contains(name) { return name }
    let lower = name.lowercased()
    let ending = [".png", ".bmp", ".tif", ".tiff"].first { lower.hasSuffix($0) }
    return String(name.dropLast(ending?.count ?? 0))
  }
}
