/// Writes a table of text: lines end in a line feed, and only fields that need quotes have them.
///
/// Committed results are compared line by line, so there is one spelling for each table.
public struct CSVWriter: Hashable, Sendable {
  private let columns: Int
  private var lines: String

  /// Begins a table with its header row.
  ///
  /// - Precondition: There is at least one column.
  public init(columns: [String]) {
    precondition(!columns.isEmpty, "a table needs a column")
    self.columns = columns.count
    lines = ""
    append(columns)
  }

  /// Adds a record.
  ///
  /// - Precondition: It has as many fields as there are columns.
  public mutating func append(_ fields: [String]) {
    precondition(fields.count == columns, "a record of another width than the header")
    // An empty line would be skipped on reading, so a lone empty field is quoted.
    lines +=
      fields == [""] ? "\"\"\n" : fields.map(Self.quoted).joined(separator: ",") + "\n"
  }

  /// The table as UTF-8.
  public var bytes: [UInt8] { Array(lines.utf8) }

  private static func quoted(_ field: String) -> String {
    let special = field.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
    // Blanks at the ends would be lost to a reader that trims.
    let blanks: Set<UInt8> = [0x20, 0x09]
    let outer = blanks.contains(field.utf8.first ?? 0) || blanks.contains(field.utf8.last ?? 0)
    guard special || outer else { return field }
    return "\""
      + field.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}
