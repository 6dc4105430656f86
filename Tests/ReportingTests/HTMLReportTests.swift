import Core
import Evaluation
import Foundation
import Reporting
import Testing

@Suite("report.html")
struct HTMLReportTests {
  private static let full = HTMLReport.render(SampleReport.standard)

  @Test("fetches nothing, runs nothing and names no machine")
  func selfContained() {
    let html = Self.full
    #expect(!html.contains("http"))
    #expect(!html.contains("<script"))
    #expect(!html.contains("url("))
    #expect(!html.contains("@import"))
    #expect(html.contains("src=\"data:image/png;base64,iVBORw0KGgo"))
    #expect(html.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
    #expect(html.hasSuffix("</html>\n"))
  }

  @Test("shows every part in the order of importance")
  func order() throws {
    let ids = [
      "answer", "warnings", "learning-curves", "differences", "significance", "domains", "training",
      "predictions", "datasets", "initializations", "methods", "provenance",
    ]
    var rest = Self.full[...]
    for id in ids {
      let place = try #require(rest.range(of: "id=\"\(id)\""), "no section \(id)")
      rest = rest[place.upperBound...]
    }
  }

  @Test(
    "says what a reader must know",
    arguments: [
      "Does pathology pretraining beat ImageNet",
      "3 images of the pretraining set <code>tcga</code>",
      "Inference is conditional on the one pretraining run, the pool and the fixed test images.",
      "At the size <code>all</code> every replicate trains on the whole pool",
      "the best checkpoint is the last one in", "the weights fill 98.75 % of the encoder",
      "change on crag/test", "benign 37, malignant 48", "layer4.1.bn2.weight", "x86_64-avx2-r1",
      "Effect sizes and secondary tests", "glas/testA · in domain", "<caption>", "scope=\"col\"",
      "prefers-color-scheme:dark", "@media print", "<details>", "Sizes count labelled images",
    ])
  func content(text: String) {
    #expect(Self.full.contains(text))
  }

  @Test("answers in the first paragraph, or says that it cannot")
  func answers() {
    func lead(_ sample: SampleReport) -> String {
      let html = HTMLReport.render(sample.report()).replacing("\u{A0}", with: " ")
      let start = html.range(of: "<p class=\"answer")!.lowerBound
      return String(html[start..<html.range(of: "</p>", range: start..<html.endIndex)!.lowerBound])
    }
    let found = lead(SampleReport())
    #expect(found.contains("On glas/testA, pathology in place of imagenet changes Dice by +0.0"))
    let few = lead(SampleReport(replicates: 4))
    #expect(few.contains("class=\"answer powerless\">This design cannot answer the question"))
    #expect(!few.contains("changes"))
    let none = lead(SampleReport(gains: Array(repeating: [0, 0, 0, 0], count: 3)))
    #expect(none.contains("class=\"answer none\">On glas/testA, no size shows"))
  }

  @Test("of a distance the page says that lower is better, and counts replicates that way")
  func lowerIsBetter() throws {
    var report = SampleReport.standard
    #expect(!HTMLReport.render(report).contains("ower is better"))
    let cell = /<td[^>]*>([^<]*)<\/td>/
    func shares(_ report: StudyReport) throws -> [Double] {
      let html = HTMLReport.render(report)
      let start = try #require(html.range(of: "P(better)")).upperBound
      let table = html[start..<html.range(of: "</table>", range: start..<html.endIndex)!.lowerBound]
      return table.components(separatedBy: "<tr").compactMap { row in
        // After d_z and the rank-biserial correlation; a heading has no such cell.
        let cells = row.matches(of: cell).map(\.output.1)
        return cells.count > 2 ? Double(cells[2]) : nil
      }
    }
    let higher = try shares(report)
    #expect(higher.contains { $0 > 0.9 })
    for i in report.comparisons.indices {
      report.comparisons[i].metric = "object_hausdorff.image_mean.v1"
    }
    for (a, b) in zip(higher, try shares(report)) { #expect(abs(a + b - 1) < 0.011, "two digits") }
    let html = HTMLReport.render(report)
    for part in [
      "object Hausdorff distance (lower is better): pathology minus imagenet",
      "a negative one speaks for the candidate", "Lower is better: imagenet wins at n",
    ] {
      #expect(html.contains(part), "\(part)")
    }
  }

  @Test("says why a picture's image was chosen, with its value")
  func choice() {
    var report = SampleReport.standard
    report.overlays[0].choice = "worst of 12 by dice.image_mean.v1: 0.431"
    report.hashesImageIDs = true
    let id = SHA256.digest(of: Array("glas/testA_1".utf8)).hex.prefix(12)
    #expect(
      HTMLReport.render(report).contains(
        "replicate 1 · worst of 12 by dice.image_mean.v1: 0.431 · \(id)"))
  }

  @Test("has balanced elements and well-formed drawings")
  func wellFormed() throws {
    for name in [
      "section", "figure", "table", "tr", "td", "th", "svg", "details", "div", "p", "ul",
    ] {
      let opened =
        Self.full.components(separatedBy: "<\(name)>").count
        + Self.full.components(separatedBy: "<\(name) ").count - 2
      #expect(opened == Self.full.components(separatedBy: "</\(name)>").count - 1, "\(name)")
    }
    // Every picture has a name for those who cannot see it.
    let drawings = Self.full.components(separatedBy: "<svg ").dropFirst()
    #expect(drawings.count > 10)
    #expect(drawings.allSatisfy { $0.hasPrefix("viewBox") && $0.contains("aria-label=\"") })
    #expect(
      Self.full.components(separatedBy: "<img ").dropFirst().allSatisfy { $0.contains("alt=\"P") })
  }

  @Test("is the same for the same report, whatever the order of its measurements")
  func deterministic() {
    var report = SampleReport.standard
    report.measurements.reverse()
    report.curves.reverse()
    #expect(HTMLReport.render(report) == Self.full)
  }

  @Test("escapes hostile names everywhere")
  func hostile() {
    let name = "</title><script>alert('x')</script>\" onload=\"x\u{202E}\u{7}&"
    var report = SampleReport.standard
    report.study = name
    report.question = name
    report.experiments[0].initializations[1] = name
    report.experiments[0].testSets[0].name = name
    report.experiments[0].model = name
    report.comparisons[0].candidate = name
    report.comparisons[0].testSet = name
    report.comparisons[0].family = name
    report.overlays[0].caption = name
    report.overlays[0].image = name
    report.warnings = [name, "`" + name + "`"]
    report.loads[0].missing = [name]
    report.datasets[0].name = name
    report.datasets[0].strata = [.init(name: name, images: 1)]
    report.provenance[0].step = name
    report.pretraining[0].initialization = name
    report.pretraining[0].description = name
    report.numericsID = name
    for text in [HTMLReport.render(report)] + Figures.all(report).map(\.svg) {
      #expect(!text.contains("<script"))
      #expect(!text.contains("\" onload"))
      #expect(!text.contains("\u{202E}"))
      #expect(!text.contains("\u{7}"))
    }
    #expect(HTMLReport.render(report).contains("&lt;/title&gt;&lt;script&gt;alert(&#39;x&#39;)"))
    for figure in Figures.all(report) {
      #expect(figure.name.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 > 32 && $0 < 127 })
    }
  }

  @Test("shows images by digest when ids are hidden")
  func hashed() {
    var report = SampleReport.standard
    report.hashesImageIDs = true
    let html = HTMLReport.render(report)
    #expect(!html.contains("glas/testA_1"))
    #expect(html.contains(SHA256.digest(of: Array("glas/testA_1".utf8)).hex.prefix(12)))
    #expect(html.contains("first 12 digits of a digest"))
  }

  @Test("stands without anything to show")
  func empty() {
    let report = StudyReport(
      study: "empty", question: nil, studyDigest: SHA256.digest(of: []), seed: 1)
    let html = HTMLReport.render(report)
    #expect(html.contains("declares no comparison"))
    #expect(!html.contains("id=\"learning-curves\""))
    #expect(Figures.all(report).isEmpty)
  }
}

@Suite("Figures")
struct FiguresTests {
  @Test("have a file for each panel, with names of their own")
  func names() {
    let names = Figures.all(SampleReport.standard).map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.contains("learning-gland-dice-image-mean-v1-glas-testa.svg"))
    #expect(names.contains("difference-gland-pathology-imagenet-dice-image-mean-v1-crag-test.svg"))
    #expect(names.contains("training-gland-all.svg") && names.contains("validation-gland-4.svg"))
    #expect(names.contains("pretraining-pathology.svg"))
    #expect(names.count == 3 + 3 + 8 + 1)
  }

  @Test("tell names apart that differ only in case or punctuation")
  func collisions() {
    var report = SampleReport.standard
    report.pretraining = ["a b", "A-B", "a_b"].map {
      PretrainingCurve(initialization: $0, description: "", loss: [])
    }
    let names = Figures.all(report).map(\.name).filter { $0.hasPrefix("pretraining") }
    #expect(names == ["pretraining-a-b.svg", "pretraining-a-b-2.svg", "pretraining-a-b-3.svg"])
  }

  @Test("are files of their own that name SVG and nothing else on the net")
  func standalone() {
    for figure in Figures.all(SampleReport.standard) {
      #expect(figure.svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox="))
      #expect(figure.svg.components(separatedBy: "http").count == 2)
      #expect(figure.svg.contains("<style>:root{"))
      #expect(!figure.svg.contains("nan") && !figure.svg.contains("inf\""))
    }
  }

  @Test("mark significance by filling, and an interval without bounds by a dotted line")
  func marks() throws {
    func difference(_ sample: SampleReport) throws -> String {
      try #require(
        Figures.all(sample.report()).first {
          $0.name.hasPrefix("difference") && $0.name.contains("testa")
        }
      ).svg
    }
    let found = try difference(SampleReport())
    #expect(found.contains("class=\"found\"") && found.contains("class=\"open\""))
    #expect(!found.contains("class=\"interval unbounded\""))
    let few = try difference(SampleReport(replicates: 4, margin: 0.02))
    #expect(few.components(separatedBy: "class=\"interval unbounded\"").count == 5)
    #expect(!few.contains("class=\"found\""))
    #expect(few.contains("class=\"margin\""))
  }

  @Test("place sizes on a logarithmic axis: 4, 8 and 16 are equally far apart")
  func logarithmic() throws {
    let svg = try #require(Figures.all(SampleReport.standard).first).svg
    let pattern = /class="tick" x="([0-9.]+)" y="[0-9.]+" text-anchor="middle">([0-9a-z]+)</
    let x = Dictionary(
      uniqueKeysWithValues: svg.matches(of: pattern).map { (String($0.2), Double($0.1)!) })
    #expect(x.count == 4)
    #expect(abs((x["8"]! - x["4"]!) - (x["16"]! - x["8"]!)) < 0.02)
    #expect(x["all"]! > x["16"]!)
  }
}
