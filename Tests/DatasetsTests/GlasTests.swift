import Core
import Datasets
import Foundation
import Imaging
import Testing

@Suite("GlaS")
struct GlasTests {
  private let request = DatasetRequest(format: .glas, group: "patient", stratify: "grade")

  @Test("the official layout gives splits, patients, grades and glands", arguments: ["bmp", "png"])
  func official(ending: String) throws {
    let (samples, problems) = try glas(extension: ending).run(request)
    #expect(problems.map(\.code) == ["dataset.patient-in-two-splits"])
    #expect(samples.map(\.id) == ["testA_1", "testB_1", "train_1", "train_10", "train_2"])
    #expect(samples.map(\.split) == ["testA", "testB", "train", "train", "train"])
    #expect(samples.map(\.patient) == ["4", "9", "4", "4", "7"])
    #expect(
      samples.map(\.stratum) == ["benign", "malignant", "benign", "malignant", "malignant"])
    #expect(samples.allSatisfy { $0.pixelSize == 0.62005 && $0.objects == 2 })
    let expected = picture(width: 12, height: 10, gland: 1)
    #expect(samples[2].image == expected.image && samples[2].labels == expected.mask)
  }

  @Test("without group and stratify the table may be absent, and each image is its own patient")
  func withoutTable() throws {
    var disk = glas()
    disk.files["Grade.csv"] = nil
    let (samples, problems) = try disk.run(DatasetRequest(format: .glas))
    #expect(problems == [])
    #expect(samples.map(\.patient) == samples.map(\.id))
    #expect(
      try disk.problems(request) == Array(repeating: "dataset.table-missing Grade.csv", count: 2))
  }

  @Test("resampling scales image, mask and pixel size together")
  func pixelSize() throws {
    var request = request
    request.pixelSize = 2 * 0.62005
    let sample = try #require(glas().run(request).samples.first { $0.id == "train_1" })
    #expect(sample.image.width == 6 && sample.image.height == 5)
    #expect(sample.labels?.width == 6 && sample.labels?.height == 5)
    #expect(sample.pixelSize == 1.2401)
  }

  /// Everything wrong at once, each thing with its file.
  @Test("all problems are reported at once, and sound samples are still handed over")
  func allAtOnce() throws {
    var disk = glas()
    disk.files["train_2_anno.bmp"] = nil
    disk.files["train_9_anno.bmp"] = disk.files["train_1_anno.bmp"]
    disk.files["testB_1_anno.bmp"] = bmp(LabelMap(width: 5, height: 6))
    disk.files["testA_1.bmp"] = Array(disk.files["testA_1.bmp"]!.dropLast(9))
    disk.files["train_10_anno.bmp"] = bmp(LabelMap(width: 14, height: 10))
    disk.files["train_11.bmp"] = disk.files["train_1.bmp"]
    disk.files["train_11_anno.bmp"] = disk.files["train_1_anno.bmp"]
    disk.files["notes.png"] = [1]
    disk.files["Grade.csv"]! += Array("train_1,5, benign, healthy\ntrain_77,5,benign,x\n".utf8)
    let (samples, problems) = try disk.run(request)
    #expect(
      problems.map { "\($0.severity) \($0.code) \($0.file)" } == [
        "warning dataset.unexpected-name notes.png",
        "error dataset.mask-missing train_2.bmp",
        "error dataset.image-missing train_9_anno.bmp",
        "error dataset.duplicate-row Grade.csv",
        "error dataset.row-without-image Grade.csv",
        "error dataset.unreadable testA_1.bmp",
        "error dataset.size-mismatch testB_1_anno.bmp",
        "warning dataset.mask-empty train_10_anno.bmp",
        "error dataset.row-missing train_11.bmp",
      ])
    #expect(samples.map(\.id) == ["train_1", "train_10"])
    #expect(problems[6].message == "the mask is 5 x 6 pixels, its image 16 x 10")
    #expect(problems[5].message.contains("bytes; its header needs"))
    #expect(problems.allSatisfy { $0.hint != nil })
  }

  @Test("an unknown column lists the columns")
  func unknownColumn() throws {
    let request = DatasetRequest(format: .glas, group: "case", stratify: "grade")
    let problem = try #require(glas().run(request).problems.first)
    #expect(problem.code == "dataset.unknown-column")
    #expect(problem.message == "the table has no column `case` for `group:`")
    #expect(problem.hint?.contains("`patient ID`, `grade (GlaS)`") == true)
  }

  @Test("the same image in two formats is one too many")
  func duplicateStem() throws {
    var disk = glas()
    disk.files["train_1.png"] = PNG.encode(picture(width: 12, height: 10, gland: 1).image)
    #expect(
      try disk.problems(request) == [
        "dataset.duplicate-stem train_1.png", "dataset.patient-in-two-splits ",
      ])
  }

  @Test("an empty folder and one without images are told apart")
  func empty() throws {
    #expect(try Disk().run(request).problems.last?.message == "there are no files")
    let other = try Disk(files: ["a.txt": []]).run(DatasetRequest(format: .glas)).problems
    #expect(other.map(\.message) == ["none of the 1 files is an image"])
  }

  @Test("what reading throws ends the import")
  func readError() {
    #expect(throws: Disk.Missing.self) {
      try DatasetImport.run(
        DatasetRequest(format: .glas), files: ["train_1.bmp", "train_1_anno.bmp"],
        read: { _ in throw Disk.Missing() }, emit: { _ in })
    }
  }
}

/// The published images, where they lie beside the repository; they must never be in it.
@Suite("GlaS on disk")
struct RealGlasTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "shared/data")

  static func isPresent(_ folder: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appending(path: folder).path)
  }

  private func run(
    _ folder: String
  ) throws -> (samples: [ImportedSample], problems: [DatasetProblem]) {
    let folder = Self.root.appending(path: folder)
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    var samples: [ImportedSample] = []
    let problems = try DatasetImport.run(
      DatasetRequest(format: .glas, group: "patient", stratify: "grade"), files: names,
      read: { try [UInt8](Data(contentsOf: folder.appending(path: $0))) },
      emit: { samples.append($0) })
    return (samples, problems)
  }

  @Test(
    "60 images of 16 patients in three splits",
    .enabled(if: isPresent("glas"), "GlaS is not in ../shared/data/glas"))
  func counts() throws {
    let (samples, problems) = try run("glas")
    #expect(problems == [])
    let splits = Dictionary(grouping: samples, by: \.split).mapValues(\.count)
    #expect(splits == ["train": 30, "testA": 15, "testB": 15])
    #expect(Set(samples.map(\.patient)).count == 16)
    #expect(Set(samples.map(\.stratum)) == ["benign", "malignant"])
    #expect(samples.allSatisfy { $0.objects > 0 })
  }

  @Test(
    "BMP and PNG give the same pixels and glands",
    .enabled(
      if: isPresent("glas") && isPresent("glas-bmp"), "GlaS is not in ../shared/data/glas-bmp"))
  func formats() throws {
    let png = try Dictionary(uniqueKeysWithValues: run("glas").samples.map { ($0.id, $0) })
    let (bmp, problems) = try run("glas-bmp")
    #expect(problems == [] && bmp.count == 4)
    for sample in bmp { #expect(png[sample.id] == sample) }
  }
}
