/// A table of text with a header row (RFC 4180; bare line feeds and a byte order mark pass).
public struct CSVTable: Hashable, Sendable {
  /// One record below the header.
  public struct Row: Hashable, Sendable {
    /// Where the record begins in the file, counted from 1.
    public let line: Int
    /// One for each column, without quotes.
    public let fields: [String]
    fileprivate let positions: [String: Int]

    /// The field of a column; `nil` if there is no such column.
    public subscript(column: String) -> String? { positions[column].map { fields[$0] } }
  }

  /// The names of the header row, in order.
  public let columns: [String]
  /// The records below the header, in order.
  public let rows: [Row]

  /// Reads a table; every record has as many fields as the header, and empty lines are skipped.
  ///
  /// - Parameter trimming: Whether blanks around names and unquoted values are dropped, as in the
  ///   GlaS `Grade.csv`.
  public init(decoding bytes: [UInt8], trimming: Bool = false) throws(ArchiveError) {
    var reader = CSVReader(bytes: bytes, trimming: trimming)
    guard let header = try reader.record() else {
      throw ArchiveError(.csvHeader, in: "table", at: .line(1), "it has no header row")
    }
    var positions: [String: Int] = [:]
    for (position, column) in header.fields.enumerated() {
      guard positions.updateValue(position, forKey: column) == nil else {
        throw ArchiveError(
          .csvHeader, in: "table", at: .line(header.line),
          "the column `\(ArchiveError.shown(column))` stands twice")
      }
    }
    var rows: [Row] = []
    while let record = try reader.record() {
      guard record.fields.count == header.fields.count else {
        throw ArchiveError(
          .csvWidth, in: "table", at: .line(record.line),
          "\(record.fields.count) fields where the header has \(header.fields.count)",
          hint: "put a value with a comma in double quotes")
      }
      rows.append(Row(line: record.line, fields: record.fields, positions: positions))
    }
    columns = header.fields
    self.rows = rows
  }

  /// The fields of one column, from the first row to the last.
  public func texts(of column: String) throws(ArchiveError) -> [String] {
    guard let position = columns.firstIndex(of: column) else {
      throw Self.noColumn(column, columns)
    }
    return rows.map { $0.fields[position] }
  }

  /// The values of one column, from the first row to the last.
  public func values<Value: LosslessStringConvertible>(
    of column: String, as type: Value.Type = Value.self
  ) throws(ArchiveError) -> [Value] {
    var values: [Value] = []
    for row in rows { values.append(try row.value(of: column)) }
    return values
  }

  fileprivate static func noColumn(_ column: String, _ columns: [String]) -> ArchiveError {
    let known = columns.prefix(20).map { "`\(ArchiveError.shown($0))`" }.joined(separator: ", ")
    return ArchiveError(
      .csvColumn, in: "table", "there is no column `\(column)`", hint: "the columns are \(known)")
  }
}

extension CSVTable.Row {
  /// The value of a column.
  ///
  /// - Throws: `csv.column` if there is none, `csv.value` if the field is not of the type.
  public func value<Value: LosslessStringConvertible>(
    of column: String, as type: Value.Type = Value.self
  ) throws(ArchiveError) -> Value {
    guard let text = self[column] else {
      throw CSVTable.noColumn(
        column, positions.sorted { $0.value < $1.value }.map(\.key))
    }
    guard let value = Value(text) else {
      throw ArchiveError(
        .csvValue, in: "table", at: .line(line),
        "the field of `\(ArchiveError.shown(column))` is not \(Self.article(type))")
    }
    return value
  }

  private static func article<Value>(_ type: Value.Type) -> String {
    switch type {
    case is Int.Type: "a whole number"
    case is Double.Type, is Float.Type: "a number"
    case is Bool.Type: "`true` or `false`"
    default: "of the type \(type)"
    }
  }
}

/// Cuts bytes into records.
private struct CSVReader {
  let bytes: [UInt8]
  let trimming: Bool
  var offset: Int
  var line = 1

  init(bytes: [UInt8], trimming: Bool) {
    self.bytes = bytes
    self.trimming = trimming
    offset = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
  }

  /// The next record that is not an empty line; `nil` at the end.
  mutating func record() throws(ArchiveError) -> (line: Int, fields: [String])? {
    while offset < bytes.count, acceptLineEnd() {}
    guard offset < bytes.count else { return nil }
    let first = line
    var fields: [String] = []
    while true {
      fields.append(try field())
      if offset == bytes.count || acceptLineEnd() { return (first, fields) }
      offset += 1  // A comma: nothing else ends a field.
    }
  }

  private mutating func acceptLineEnd() -> Bool {
    guard let length = lineEnd() else { return false }
    offset += length
    line += 1
    return true
  }

  /// The bytes of the line end that stands here; a carriage return alone is one too.
  private func lineEnd() -> Int? {
    switch bytes[offset] {
    case UInt8(ascii: "\n"): 1
    case UInt8(ascii: "\r"):
      offset + 1 < bytes.count && bytes[offset + 1] == UInt8(ascii: "\n") ? 2 : 1
    default: nil
    }
  }

  private var endsField: Bool {
    offset == bytes.count || bytes[offset] == UInt8(ascii: ",") || lineEnd() != nil
  }

  private mutating func skipBlanks() {
    while offset < bytes.count, Self.isBlank(bytes[offset]) { offset += 1 }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  private mutating func field() throws(ArchiveError) -> String {
    if trimming { skipBlanks() }
    if offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") { return try quotedField() }
    let first = offset
    while !endsField {
      guard bytes[offset] != UInt8(ascii: "\"") else {
        throw fault(.csvQuote, "a quote inside a value that is not quoted")
      }
      offset += 1
    }
    var content = bytes[first..<offset]
    while trimming, let last = content.last, Self.isBlank(last) { content.removeLast() }
    return try text(Array(content), at: line)
  }

  private mutating func quotedField() throws(ArchiveError) -> String {
    let opening = line
    var content: [UInt8] = []
    offset += 1
    while true {
      guard offset < bytes.count else {
        throw ArchiveError(
          .csvQuote, in: "table", at: .line(opening), "a quote that is never closed")
      }
      let byte = bytes[offset]
      if byte == UInt8(ascii: "\"") {
        offset += 1
        guard offset < bytes.count, bytes[offset] == UInt8(ascii: "\"") else { break }
      }
      if let length = lineEnd() {
        content += bytes[offset..<offset + length]
        offset += length
        line += 1
      } else {
        content.append(bytes[offset])
        offset += 1
      }
    }
    if trimming { skipBlanks() }
    guard endsField else { throw fault(.csvQuote, "text after the closing quote") }
    return try text(content, at: opening)
  }

  private func text(_ content: [UInt8], at line: Int) throws(ArchiveError) -> String {
    guard let text = String(validating: content, as: UTF8.self) else {
      throw ArchiveError(
        .csvEncoding, in: "table", at: .line(line), "text that is not UTF-8",
        hint: "save the table as UTF-8")
    }
    return text
  }

  private func fault(_ code: ArchiveError.Code, _ reason: String) -> ArchiveError {
    ArchiveError(code, in: "table", at: .line(line), reason)
  }
}
