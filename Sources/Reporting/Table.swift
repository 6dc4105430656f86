/// A table with a caption, headings and rows, in a frame that scrolls when the page is too narrow.
struct Table {
  /// One field: text, and how it stands.
  struct Cell {
    var markup: String
    var style: String

    /// Text that is escaped here.
    init(_ text: String, style: String = "") {
      markup = Markup.escape(text)
      self.style = style
    }

    /// A number, right-aligned.
    static func number(_ text: String) -> Cell { Cell(text, style: "n") }

    /// A digest's first digits, with the rest for those who hover.
    static func digest(_ hex: String, digits: Int = 12) -> Cell {
      var cell = Cell("", style: "nowrap")
      cell.markup = Markup.text("code", ["title": hex], String(hex.prefix(digits)))
      return cell
    }
  }

  /// One line; the first cell is its heading.
  struct Row {
    var cells: [Cell]
    var style = ""
  }

  /// Lines under a heading of their own; no heading, no line for it.
  struct Section {
    var heading: String?
    var rows: [Row]
  }

  var caption: String
  /// Headings; `style` aligns them like their columns.
  var columns: [Cell]
  var sections: [Section]

  /// The markup.
  var html: String {
    let head = columns.map {
      Markup.element("th", ["scope": "col", "class": $0.style], $0.markup)
    }.joined()
    let body = sections.map { section in
      let heading =
        section.heading.map {
          Markup.element(
            "tr", [:],
            Markup.text("th", ["scope": "rowgroup", "colspan": "\(columns.count)"], $0)) + "\n"
        } ?? ""
      return Markup.element(
        "tbody", [:], "\n" + heading + section.rows.map(Self.line).joined())
    }.joined()
    let table = Markup.element(
      "table", [:],
      Markup.text("caption", [:], caption)
        + Markup.element("thead", [:], Markup.element("tr", [:], head)) + body)
    // Focusable, so that those without a pointer can scroll it.
    return Markup.element(
      "div",
      ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption], table) + "\n"
  }

  private static func line(_ row: Row) -> String {
    let cells = row.cells.enumerated().map { index, cell in
      index == 0
        ? Markup.element("th", ["scope": "row", "class": cell.style], cell.markup)
        : Markup.element("td", ["class": cell.style], cell.markup)
    }
    return Markup.element("tr", ["class": row.style], cells.joined()) + "\n"
  }
}
