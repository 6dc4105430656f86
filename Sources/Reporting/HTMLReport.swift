private import Core
internal import Evaluation

/// `report.html`: one page that holds everything it shows and fetches nothing.
public enum HTMLReport {
  /// The page; deterministic bytes, with neither dates nor hosts, paths or durations.
  public static func render(_ report: StudyReport) -> String {
    let sections = [
      answer(report), warnings(report), learningCurves(report), differences(report),
      significance(report), domains(report), training(report), overlays(report),
      datasets(report), initializations(report), methods(report), provenance(report),
    ].compactMap(\.self)
    let title = Markup.text("title", [:], "\(report.study) · Microtome")
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      \(title)
      <style>
      \(StyleSheet.variables)\(StyleSheet.drawing)\(StyleSheet.page)</style>
      </head>
      <body>
      \(header(report, sections))
      <main>
      \(sections.map(\.html).joined(separator: "\n"))
      </main>
      \(footer(report))
      </body>
      </html>

      """
  }

  /// A part of the page under one heading.
  struct Section {
    var id: String
    var title: String
    var content: String
    /// Warnings stand in a box under the answer and not in the list of contents.
    var isAside = false

    var html: String {
      let heading = Markup.text("h2", ["id": "\(id)-title"], title)
      return Markup.element(
        isAside ? "aside" : "section",
        ["id": id, "class": isAside ? id : "", "aria-labelledby": "\(id)-title"],
        heading + "\n" + content + "\n")
    }
  }

  private static func header(_ report: StudyReport, _ sections: [Section]) -> String {
    let links = sections.filter { !$0.isAside }.map {
      Markup.text("a", ["href": "#\($0.id)"], $0.title)
    }.joined(separator: "\n")
    let question =
      report.question.map { Markup.text("p", ["class": "question"], $0) + "\n" } ?? ""
    return Markup.element(
      "header", [:],
      "\n" + Markup.text("p", ["class": "kicker"], "Microtome study report") + "\n"
        + Markup.text("h1", [:], report.study) + "\n" + question
        + Markup.element("nav", ["aria-label": "Contents"], "\n" + links + "\n") + "\n")
  }

  private static func footer(_ report: StudyReport) -> String {
    let digest = Markup.text("code", [:], report.studyDigest.hex)
    return Markup.element(
      "footer", ["class": "small-print"],
      "Study digest \(digest) · seed \(report.seed)"
        + (report.numericsID.isEmpty
          ? "" : " · numerics " + Markup.text("code", [:], report.numericsID)))
  }

  /// The first comparison answers the question; the others follow in smaller type.
  private static func answer(_ report: StudyReport) -> Section {
    guard let first = report.comparisons.first else {
      return Section(
        id: "answer", title: "Answer",
        content: Markup.text(
          "p", ["class": "answer none"],
          "This study declares no comparison, so it measures and answers nothing."))
    }
    let others = report.comparisons.dropFirst().map { row in
      // The sentence names the rest.
      let label = Markup.text("b", [:], "\(row.experiment).") + " "
      return Markup.element(
        "li", [:], (report.experiments.count > 1 ? label : "") + paragraph(row))
    }
    var content = Markup.element("p", ["class": style(first)], paragraph(first))
    let list = Markup.element("ul", ["class": "also"], others.joined(separator: "\n"))
    if others.count > 5 {
      content += Markup.element(
        "details", [:], Markup.text("summary", [:], "\(others.count) further comparisons") + list)
    } else if !others.isEmpty {
      content += list
    }
    return Section(id: "answer", title: "Answer", content: content)
  }

  private static func paragraph(_ row: ComparisonRow) -> String {
    Markup.escape(unbroken(AnswerSentence(row).text))
  }

  /// Equations and intervals stay on one line: their spaces become unbreakable.
  private static func unbroken(_ sentence: String) -> String {
    var text = ""
    var isInInterval = false
    for character in sentence {
      if character == "[" { isInInterval = true }
      if character == "]" { isInInterval = false }
      text.append(isInInterval && character == " " ? "\u{A0}" : character)
    }
    for sign in ["=", "<"] {
      text = text.replacing(" \(sign) ", with: "\u{A0}\(sign)\u{A0}")
    }
    return text.replacing("adjusted p\u{A0}", with: "adjusted\u{A0}p\u{A0}")
  }

  private static func style(_ row: ComparisonRow) -> String {
    switch row.result.answer.verdict {
    case .cannotReject: "answer powerless"
    case .noData, .noneSignificant: "answer none"
    case .allSizes, .upToThreshold, .scattered, .bothSigns: "answer"
    }
  }

  private static func warnings(_ report: StudyReport) -> Section? {
    let all = report.warnings + ReportWarnings.found(in: report)
    guard !all.isEmpty else { return nil }
    let items = all.map { Markup.element("li", [:], Markup.prose($0)) }.joined(separator: "\n")
    return Section(
      id: "warnings", title: "Before you rely on this",
      content: Markup.element("ul", [:], "\n" + items + "\n"), isAside: true)
  }

  /// Panels side by side, each with what a reader needs below it.
  static func panels(_ svgs: [SVG], small: Bool = false) -> String {
    let figures = svgs.map { Markup.element("figure", [:], $0.inline) }
    return Markup.element(
      "div", ["class": small ? "panels small" : "panels"],
      "\n" + figures.joined(separator: "\n") + "\n")
  }
}
