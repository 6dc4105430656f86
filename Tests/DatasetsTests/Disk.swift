import Datasets
import Foundation
import Imaging

/// A dataset's files in memory, by relative name.
struct Disk {
  var files: [String: [UInt8]] = [:]

  struct Missing: Error {}

  /// No files, or those given.
  init(files: [String: [UInt8]] = [:]) { self.files = files }

  /// The files of a committed folder.
  init(fixture folder: String) throws {
    let root = Bundle.module.resourceURL!.appending(path: "Fixtures/\(folder)")
    for name in try FileManager.default.subpathsOfDirectory(atPath: root.path) {
      let url = root.appending(path: name)
      guard !url.hasDirectoryPath, let data = try? Data(contentsOf: url) else { continue }
      files[name] = [UInt8](data)
    }
  }

  /// Imports everything; samples and problems as they came.
  func run(
    _ request: DatasetRequest
  ) throws -> (samples: [ImportedSample], problems: [DatasetProblem]) {
    var samples: [ImportedSample] = []
    let problems = try DatasetImport.run(
      request, files: files.keys.sorted(),
      read: { name in
        guard let bytes = files[name] else { throw Missing() }
        return bytes
      },
      emit: { samples.append($0) })
    return (samples, problems)
  }

  /// The codes of all problems with the files that they are about.
  func problems(_ request: DatasetRequest) throws -> [String] {
    try run(request).problems.map { "\($0.code) \($0.file)" }
  }
}

/// GlaS in its official layout with tiny generated pixels: two patients in train, one of them in testA.
func glas(extension ending: String = "bmp") -> Disk {
  var disk = Disk()
  let names = ["train_1", "train_2", "train_10", "testA_1", "testB_1"]
  for (i, name) in names.enumerated() {
    let (image, mask) = picture(width: 12 + i, height: 10, gland: UInt16(i + 1))
    disk.files["\(name).\(ending)"] = ending == "bmp" ? bmp(image) : PNG.encode(image)
    disk.files["\(name)_anno.\(ending)"] =
      ending == "bmp"
      ? bmp(mask)
      : PNG.encode(grey: mask.labels.map { UInt8($0) }, width: mask.width, height: mask.height)
  }
  disk.files["Grade.csv"] = Array(
    """
    name,patient ID, grade (GlaS), grade (Sirinukunwattana et al. 2015)
    testA_1,4, benign, adenomatous
    testB_1,9, malignant, moderately differentiated
    train_1,4, benign, healthy
    train_2,7, malignant, "poorly, differentiated"
    train_10,4, malignant, moderately-to-poorly differentated

    """.utf8)
  return disk
}

/// An image with one gland of two parts, labelled as asked.
func picture(width: Int, height: Int, gland: UInt16) -> (image: RGBImage, mask: LabelMap) {
  var image = RGBImage(width: width, height: height, filledWith: RGB(230, 200, 220))
  var mask = LabelMap(width: width, height: height)
  for y in 1..<height - 1 {
    for x in 1..<4 {
      image[x, y] = RGB(UInt8(90 + x), UInt8(60 + y), 140)
      mask[x, y] = gland
    }
    mask[width - 2, y] = gland
  }
  return (image, mask)
}

/// A 24-bit bitmap, bottom row first.
func bmp(_ image: RGBImage) -> [UInt8] {
  bitmap(width: image.width, height: image.height, bits: 24, palette: []) { x, y in
    let colour = image[x, y]
    return [colour.blue, colour.green, colour.red]
  }
}

/// An 8-bit bitmap with a palette, the index being the label, as GlaS has them.
func bmp(_ map: LabelMap) -> [UInt8] {
  let palette: [UInt8] = (0..<256).flatMap { [UInt8($0), UInt8($0), UInt8($0), 0] }
  return bitmap(width: map.width, height: map.height, bits: 8, palette: palette) { x, y in
    [UInt8(map[x, y])]
  }
}

private func bitmap(
  width: Int, height: Int, bits: Int, palette: [UInt8], pixel: (Int, Int) -> [UInt8]
) -> [UInt8] {
  func long(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(value >> (8 * $0) & 255) } }
  let stride = (width * bits + 31) / 32 * 4
  let offset = 54 + palette.count
  let channels = 1 | bits << 16
  let header = [offset + stride * height, 0, offset, 40, width, height, channels, 0]
  let rest = [stride * height, 2835, 2835, 0, 0]
  var bytes = Array("BM".utf8) + (header + rest).flatMap(long) + palette
  for y in (0..<height).reversed() {
    let row = (0..<width).flatMap { pixel($0, y) }
    bytes += row + [UInt8](repeating: 0, count: stride - row.count)
  }
  return bytes
}
