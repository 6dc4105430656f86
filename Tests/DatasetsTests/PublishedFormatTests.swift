import Core
import Imaging
import Testing

@testable import Datasets

/// The published formats, on tiny sets of the real layouts whose pixels `make_datasets.py` wrote.
@Suite("Published formats")
struct PublishedFormatTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var folder: String
    var format: DatasetRequest.Format
    /// Samples as `ID SPLIT PATIENT STRATUM OBJECTS CLASSES`.
    var samples: [String]
    var pixelSize: Double?
    var group: String?
    var stratify: String?
    var problems: [String] = []
    var testDescription: String { folder }
  }

  static let cases = [
    Case(
      folder: "crag", format: .crag,
      samples: [
        "test_1 valid test_1  5 -", "train_1 train train_1  5 -", "train_2 train train_2  5 -",
      ], pixelSize: 0.55),
    Case(
      folder: "monuseg", format: .monuseg,
      samples: [
        "TCGA-B0-5698-01A-01-TS1 test TCGA-B0-5698 B0 2 -",
        "TCGA-B0-5698-01Z-00-DX1 train TCGA-B0-5698 B0 3 -",
        "TCGA-B0-5710-01Z-00-DX1 train TCGA-B0-5710 B0 2 -",
      ], pixelSize: nil, group: "patient", stratify: "site",
      problems: [
        "warning dataset.polygon-without-pixel", "warning dataset.patient-in-two-splits",
      ]),
    Case(
      folder: "kumar", format: .kumar,
      samples: [
        "TCGA-18-5592-01Z-00-DX1 train TCGA-18-5592 18 5 -",
        "TCGA-21-5784-01Z-00-DX1 test_same TCGA-21-5784 21 5 -",
        "TCGA-AY-A8YK-01A-01-TS1 test_diff TCGA-AY-A8YK AY 5 -",
      ], pixelSize: 0.25, group: "patient", stratify: "site"),
    Case(
      folder: "cpm15", format: .cpm15, samples: ["image_00 train image_00  5 -"], pixelSize: nil),
    Case(
      folder: "cpm17", format: .cpm17,
      samples: [
        "test_image_00 test test_image_00  5 -", "train_image_00 train train_image_00  5 -",
      ], pixelSize: nil),
    Case(
      folder: "consep", format: .consep,
      samples: ["test_1 test test_1  5 1,2,3,3,4", "train_1 train train_1  5 1,2,3,3,4"],
      pixelSize: 0.25),
    // Objects 2 and 3 touch.
    Case(
      folder: "tnbc", format: .tnbc,
      samples: ["01_1 train 01  4 -", "01_2 train 01  4 -", "02_1 train 02  4 -"],
      pixelSize: 0.25, group: "patient"),
    Case(
      folder: "pannuke", format: .pannuke,
      samples: [
        "fold1_0000 fold1 fold1_0000 Breast 3 1,1,5",
        "fold1_0001 fold1 fold1_0001 Adrenal_gland 0 ",
        "fold2_0000 fold2 fold2_0000 Breast 3 1,1,5",
      ], pixelSize: 0.25, stratify: "tissue", problems: ["warning dataset.mask-empty"]),
    Case(
      folder: "lizard", format: .lizard,
      samples: [
        "consep_1 fold3 consep_1 consep 5 1,2,6,4,3", "glas_2 fold2 glas_2 glas 5 1,2,6,4,3",
      ], pixelSize: 0.5, stratify: "source"),
    Case(
      folder: "dsb2018", format: .dsb2018,
      samples: ["00ae65 train 00ae65  3 -", "0121d6 train 0121d6  3 -"], pixelSize: nil),
    Case(
      folder: "nucls", format: .nucls,
      samples: ["test_1 test test_1  5 1,2,1,2,2", "train_1 train train_1  5 1,2,1,2,2"],
      pixelSize: nil),
  ]

  @Test(
    "the published layout gives splits, patients, strata, objects and classes", arguments: cases)
  func layout(of expected: Case) throws {
    let request = DatasetRequest(
      format: expected.format, group: expected.group, stratify: expected.stratify)
    let (samples, problems) = try Disk(fixture: expected.folder).run(request)
    #expect(problems.map { "\($0.severity) \($0.code)" } == expected.problems)
    #expect(
      samples.map { sample in
        let classes = sample.classes.map { $0.map(String.init).joined(separator: ",") } ?? "-"
        return "\(sample.id) \(sample.split) \(sample.patient) \(sample.stratum)"
          + " \(sample.objects) \(classes)"
      } == expected.samples)
    if expected.format != .monuseg {
      #expect(samples.allSatisfy { $0.pixelSize == expected.pixelSize })
    }
    for sample in samples {
      let labels = try #require(sample.labels)
      #expect((labels.width, labels.height) == (sample.image.width, sample.image.height))
      #expect(labels.distinctLabels == (0..<sample.objects).map { UInt16($0 + 1) })
      // The generated tissue is dark exactly where an object is.
      guard ![.monuseg, .pannuke, .dsb2018].contains(expected.format) else { continue }
      for i in 0..<labels.labels.count {
        #expect((labels.labels[i] != 0) == (sample.image.pixels[3 * i] == 110))
      }
    }
  }

  @Test(
    "everything missing, truncated or of another size is a problem with its file",
    arguments: cases.map(\.folder))
  func damage(folder: String) throws {
    let expected = try #require(Self.cases.first { $0.folder == folder })
    let whole = try Disk(fixture: folder)
    for (name, bytes) in whole.files where !name.hasSuffix(".yaml") && !name.contains("MACOSX") {
      var disk = whole
      disk.files[name] = Array(bytes.prefix(bytes.count / 2))
      let (samples, problems) = try disk.run(DatasetRequest(format: expected.format))
      let isRead = !name.contains("Overlay") && name != "kinds.csv"
      #expect(problems.contains { $0.severity == .error } == isRead, "\(name)")
      #expect(problems.allSatisfy { $0.hint != nil })
      #expect(samples.count <= expected.samples.count)
    }
    let (_, problems) = try Disk().run(DatasetRequest(format: expected.format))
    #expect(problems.contains { $0.code == "dataset.empty" })
  }

  @Test("CoNSeP's seven classes are kept where a study wants them")
  func allClasses() throws {
    let request = DatasetRequest(format: .consep, mergesClasses: false)
    let samples = try Disk(fixture: "consep").run(request).samples
    #expect(samples.map(\.classes) == [[1, 2, 3, 4, 7], [1, 2, 3, 4, 7]])
    #expect(request.classes?.count == 7)
    #expect(DatasetRequest(format: .consep).classes?.count == 4)
  }

  @Test("an annotation's own pixel size goes before the format's, and the study's before both")
  func pixelSizes() throws {
    var request = DatasetRequest(format: .monuseg)
    let own = try Disk(fixture: "monuseg").run(request).samples
    #expect(own.map(\.pixelSize) == [0.252, 0.252, 0.25])
    request.pixelSize = 0.504
    let samples = try Disk(fixture: "monuseg").run(request).samples
    #expect(samples.map(\.image.width) == [12, 12, 12])
    #expect(samples[0].labels?.distinctLabels == [1, 2])
    request.layout.filePixelSize = 0.504
    #expect(try Disk(fixture: "monuseg").run(request).samples[0].image.width == 24)
  }

  @Test("resampling keeps ids and classes exact")
  func resampling() throws {
    let request = DatasetRequest(format: .consep, pixelSize: 0.5)
    let sample = try #require(try Disk(fixture: "consep").run(request).samples.first)
    #expect(sample.image.width == 12 && sample.pixelSize == 0.5)
    #expect(sample.labels?.distinctLabels == [1, 2, 3, 4, 5])
    #expect(sample.classes == [1, 2, 3, 3, 4] && sample.objects == 5)
  }

  @Test("a table gives the splits of a set that has none, and chooses its images")
  func table() throws {
    let layout = DatasetRequest.Layout(table: "kinds.csv", splitColumn: "kind")
    let request = DatasetRequest(format: .dsb2018, layout: layout)
    let (samples, problems) = try Disk(fixture: "dsb2018").run(request)
    #expect(problems == [])
    #expect(samples.map { "\($0.id) \($0.split)" } == ["00ae65 purple"])
    var wrong = request
    wrong.layout.splitColumn = "colour"
    #expect(try Disk(fixture: "dsb2018").problems(wrong) == ["dataset.unknown-column kinds.csv"])
  }

  @Test("of overlapping masks the later one has the pixel")
  func overlappingMasks() throws {
    let sample = try #require(
      try Disk(fixture: "dsb2018").run(DatasetRequest(format: .dsb2018)).samples.first)
    let areas = [1, 2, 3].map { id in sample.labels?.labels.count { $0 == id } }
    #expect(areas == [16, 8, 24])
  }
}
