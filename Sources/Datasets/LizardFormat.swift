internal import Core
internal import Imaging

/// Lizard, nuclei and their types in colon tissue (Graham et al., ICCV workshops 2021).
///
/// 238 images of varied size at 20x (0.5 micrometres), about 495,000 nuclei. From Warwick's Tissue Image
/// Analytics Centre, CC BY-NC-SA 4.0.
///
/// `lizard_images1/Lizard_Images1/*.png`, `lizard_images2/Lizard_Images2/*.png` and
/// `lizard_labels/Lizard_Labels/Labels/*.mat` beside `info.csv`. A `.mat` of version 5 holds `inst_map`
/// and the columns `id` and `class`: row k of `class` belongs to the nucleus `id[k]`. The splits are the
/// three folds of `info.csv`: `fold1`, `fold2`, `fold3`. The root is the folder above these.
///
/// Traps:
/// - Row k is not nucleus k: nuclei are found by `id`.
/// - The images come from GlaS, CRAG, CoNSeP, PanNuke and others (`stratify: source`): a model trained on
///   Lizard has seen images of those sets, in another size, which no pixel hash can tell.
struct LizardFormat: DatasetFormatReader {
  static let splits = ["fold1", "fold2", "fold3"]
  static let classNames = [
    "neutrophil", "epithelial", "lymphocyte", "plasma", "eosinophil", "connective",
  ]
  let rootHint = "let the root be the folder that holds `lizard_images1` and `lizard_labels`"

  var classes: [String]? { Self.classNames }

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    var listing = SampleListing()
    listing.filePixelSize = 0.5
    listing.nameColumns = ["Filename"]
    listing.columnAliases = ["source": "Source"]
    listing.splitColumn = "Split"
    listing.splitPrefix = "fold"
    let table = files.first { $0.split(separator: "/").last == "info.csv" }
    listing.take(table: table ?? "info.csv", of: files)
    let images = listing.stems(of: files, in: ".", isDeep: true, isFlattened: true)
      .filter { $0.file.lowercased().contains("lizard_images") }
    let masks = listing.stems(
      of: files, in: ".", isDeep: true, isFlattened: true, endings: ["mat"])
    listing.pair(images: images, masks: masks) { "Labels/\($0).mat" }
    listing.finish()
    return listing
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    let file = try MatrixFile(mask, names: ["inst_map", "id", "class"], in: content)
    let instances = try file.matrix("inst_map")
    let (ids, types) = (try file.matrix("id").rows, try file.matrix("class").rows)
    guard ids.count == types.count, Set(ids).count == ids.count else {
      throw UnsoundFile(
        mask, "`id` and `class` do not list the same nuclei", hint: "copy the file again")
    }
    let typeOfID = Dictionary(uniqueKeysWithValues: zip(ids, types))
    return try ObjectLabels(
      ids: instances.rows, types: instances.rows.map { typeOfID[$0] ?? 0 },
      classCount: Self.classNames.count, width: instances.width, height: instances.height,
      file: mask)
  }
}
