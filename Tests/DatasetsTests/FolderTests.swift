import Core
import Datasets
import Foundation
import Imaging
import Testing

@Suite("Folders of images")
struct FolderTests {
  private func disk() -> Disk {
    var disk = Disk()
    for (i, name) in ["a", "b", "deep/c"].enumerated() {
      var (image, mask) = picture(width: 9, height: 9, gland: [1, 255, 3][i])
      image[0, 0] = RGB(UInt8(i), 0, 0)
      disk.files["img/\(name).png"] = PNG.encode(image)
      disk.files["lab/\(name).\(i == 1 ? "bmp" : "png")"] = i == 1 ? bmp(mask) : PNG.encode(mask)
    }
    disk.files["samples.csv"] = Array(
      "stem,split,case,kind\r\na,train,p1,x\r\n\"b.png\",test,\"p,2\",y\r\ndeep/c,train,p1,\"say \"\"z\"\"\""
        .utf8)
    return disk
  }

  private var request: DatasetRequest {
    DatasetRequest(
      format: .imageMaskFolder, group: "case", stratify: "kind",
      layout: .init(images: "img", masks: "lab/", table: "samples.csv", filePixelSize: 0.5))
  }

  @Test("pairs, splits, patients and strata come from folders and table")
  func pairs() throws {
    let (samples, problems) = try disk().run(request)
    #expect(problems == [])
    #expect(samples.map(\.id) == ["a", "b", "deep/c"])
    #expect(samples.map(\.split) == ["train", "test", "train"])
    #expect(samples.map(\.patient) == ["p1", "p,2", "p1"])
    #expect(samples.map(\.stratum) == ["x", "y", "say \"z\""])
    // A mask of one value is binary, so its components are the objects.
    #expect(samples.map(\.objects) == [2, 2, 2])
    #expect(samples[1].labels?.distinctLabels == [255])
    #expect(samples[0].pixelSize == 0.5)
  }

  @Test("without a table everything is train")
  func withoutTable() throws {
    var request = request
    (request.group, request.stratify, request.layout.table) = (nil, nil, nil)
    let (samples, problems) = try disk().run(request)
    #expect(problems == [])
    #expect(samples.allSatisfy { $0.split == "train" && $0.stratum.isEmpty })
  }

  @Test(
    "what a table can have wrong",
    arguments: [
      ("", "dataset.table-malformed"),
      ("stem;split\na;train\n", "dataset.table-malformed"),
      ("stem,case,kind\na,p,k\nb,p,k,more\ndeep/c,p,k\n", "dataset.table-malformed"),
      ("stem,case,case,kind\na,p,p,k\nb,p,p,k\ndeep/c,p,p,k\n", "dataset.table-malformed"),
      ("stem,case,kind\na,p,\"k\nb,p,k\n", "dataset.table-malformed"),
      ("image,case,kind\na,p,k\n", "dataset.unknown-column"),
      ("stem,case,kind\na,,k\nb,p,k\ndeep/c,p,k\n", "dataset.empty-cell"),
      ("stem,case,kind\na,p,k\nb,p,k\ndeep/c,p,k\nd,p,k\n", "dataset.row-without-image"),
      ("stem,case,kind\na,p,k\nb.png,p,k\ndeep/c,p,k\nb,p,k\n", "dataset.duplicate-row"),
      ("stem,case,kind\na,p,k\nb,p,k\n", "dataset.row-missing"),
    ])
  func malformed(table: String, code: String) throws {
    var disk = disk()
    disk.files["samples.csv"] = Array(table.utf8)
    let codes = try disk.run(request).problems.map(\.code.name)
    #expect(codes.first == code)
  }

  @Test("a byte order mark and Latin-1 bytes: the first is skipped, the second is refused")
  func encodings() throws {
    var disk = disk()
    disk.files["samples.csv"]!.insert(contentsOf: [0xEF, 0xBB, 0xBF], at: 0)
    #expect(try disk.run(request).problems == [])
    disk.files["samples.csv"]! += [0xFC]
    #expect(try disk.run(request).problems.first?.message == "the table is not UTF-8")
  }

  @Test("files that cannot be used are named with the reason")
  func badFiles() throws {
    var disk = disk()
    disk.files["img/b.png"] = nil
    disk.files["img/b.jpg"] = [0xFF, 0xD8, 0xFF]
    disk.files["img/a.png"] = PNG.encode(RGBImage(width: 7, height: 40, filledWith: RGB(1, 2, 3)))
    disk.files["lab/a.png"] = PNG.encode(RGBImage(width: 7, height: 40, filledWith: RGB(1, 2, 3)))
    disk.files["lab/._deep"] = [0]
    var request = request
    (request.group, request.stratify, request.layout.table) = (nil, nil, nil)
    #expect(
      try disk.problems(request) == [
        "dataset.unsupported-format img/b.jpg", "dataset.image-missing lab/b.bmp",
        "dataset.image-too-small img/a.png", "dataset.unreadable lab/a.png",
      ])
  }

  @Test("a target pixel size needs the files' own; a table that is named must be there")
  func missingFacts() throws {
    var request = request
    request.pixelSize = 1
    request.layout.filePixelSize = nil
    #expect(try disk().problems(request) == ["dataset.unknown-pixel-size "])
    request.pixelSize = nil
    request.layout.table = "other.csv"
    #expect(try disk().problems(request).first == "dataset.table-missing other.csv")
  }

  @Test("unlabelled images at any depth are train")
  func unlabelled() throws {
    let (samples, problems) = try disk().run(
      DatasetRequest(format: .imageFolder, layout: .init(images: ".")))
    // Two of the masks differ only in what 8 bits do not show.
    #expect(problems.map { "\($0.severity) \($0.code)" } == ["warning dataset.image-twice"])
    #expect(samples.map(\.id) == ["img/a", "img/b", "img/deep/c", "lab/a", "lab/b", "lab/deep/c"])
    #expect(samples.allSatisfy { $0.labels == nil && $0.objects == 0 && $0.split == "train" })
  }

  /// Cut from BBBC038 (CC0): a real RGBA image of nuclei with its 0/255 mask.
  @Test("a real crop with alpha is read")
  func realCrop() throws {
    let folder = Bundle.module.resourceURL!.appendingPathComponent("Fixtures")
    let disk = try Disk(files: [
      "images/crop.png": [UInt8](Data(contentsOf: folder.appendingPathComponent("crop.png"))),
      "masks/crop.png": [UInt8](Data(contentsOf: folder.appendingPathComponent("crop_mask.png"))),
    ])
    let (samples, problems) = try disk.run(DatasetRequest(format: .imageMaskFolder))
    #expect(problems == [])
    let sample = try #require(samples.first)
    #expect(sample.image.width == 48 && sample.image.height == 40)
    #expect(sample.labels?.distinctLabels == [255])
    #expect(sample.objects > 1)
  }
}
