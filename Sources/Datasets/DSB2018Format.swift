internal import Core
internal import Imaging

/// The 2018 Data Science Bowl's nuclei, BBBC038 (Caicedo et al., Nature Methods 16:1247-1253, 2019).
///
/// Images of many kinds of microscopy, some of stained tissue. From bbbc.broadinstitute.org/BBBC038,
/// CC0.
///
/// `stage1_train/ID/images/ID.png` with one 0/255 mask for each nucleus in `stage1_train/ID/masks`. All
/// is `train` unless a table says otherwise: its column `split`, or the one that `split_by` names, such as
/// the kind of microscopy. With a table only the images that have a row are read. The root is a folder
/// above the ids.
///
/// Traps:
/// - Images are RGBA; alpha is dropped.
/// - Masks of one image may overlap: of two nuclei the one whose file name comes later has the pixel.
/// - Pixel sizes differ and are not given.
struct DSB2018Format: DatasetFormatReader {
  var table: String?
  var splitColumn: String?
  let rootHint = "let the root be the folder that holds `stage1_train`"

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    var listing = SampleListing()
    listing.nameColumns = ["stem", "name", "image_id", "ImageId"]
    listing.takesOnlyRows = true
    listing.splitColumn = splitColumn ?? "split"
    listing.take(table: table, of: files)
    var masks: [String: [String]] = [:]
    var images: [(stem: String, file: String)] = []
    for (stem, file) in listing.stems(of: files, in: ".", isDeep: true) {
      let parts = stem.split(separator: "/").map(String.init)
      guard parts.count >= 3 else { continue }
      let id = parts[parts.count - 3]
      switch parts[parts.count - 2] {
      case "images": images.append((id, file))
      case "masks": masks[id, default: []].append(file)
      default: continue
      }
    }
    let first = masks.compactMap { id, files in files.first.map { (stem: id, file: $0) } }
      .sorted { $0.stem < $1.stem }
    listing.pair(images: images, masks: first) { "\($0)/masks" }
    for i in listing.entries.indices {
      listing.entries[i].parts = masks[listing.entries[i].id] ?? []
    }
    listing.finish()
    return listing
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    var map: LabelMap?
    guard entry.parts.count <= Int(UInt16.max) else {
      throw UnsoundFile(mask, "there are \(entry.parts.count) masks", hint: "remove some")
    }
    for (i, file) in entry.parts.enumerated() {
      let nucleus = try content.mask(file)
      var whole = map ?? LabelMap(width: nucleus.width, height: nucleus.height)
      guard (nucleus.width, nucleus.height) == (whole.width, whole.height) else {
        throw UnsoundFile(
          file,
          "the mask is \(nucleus.width) x \(nucleus.height) pixels, the one before"
            + " \(whole.width) x \(whole.height)", code: "dataset.size-mismatch",
          hint: "replace the mask by one of the image's size")
      }
      for (k, value) in nucleus.labels.enumerated() where value != 0 {
        whole.labels[k] = UInt16(i + 1)
      }
      map = whole
    }
    guard let map else { return nil }
    var labels = try ObjectLabels(
      ids: map.labels.map(Int.init), width: map.width, height: map.height, file: mask)
    let lost = entry.parts.count - labels.map.distinctLabels.count
    if lost > 0 {
      labels.warnings.append(
        DatasetProblem(
          severity: .warning, code: "dataset.mask-hidden", file: entry.image,
          message: "\(lost) of its \(entry.parts.count) masks are empty or covered by others",
          hint: "check those masks"))
    }
    return labels
  }
}
