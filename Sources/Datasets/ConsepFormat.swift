internal import Imaging

/// CoNSeP, nuclei and their types in colorectal tissue (Graham et al., HoVer-Net, Medical Image Analysis
/// 58:101563, 2019).
///
/// 41 images of 1000 x 1000 pixels at 40x, 27 to train and 14 to test, 24,319 nuclei, from 16 patients.
/// From Warwick's Tissue Image Analytics Centre, whose page is often down. Read as `HoVerNetCopy`, ids in
/// `inst_map` and classes in `type_map`.
///
/// Seven classes are annotated; the paper evaluates four, and so does `classes: merged`: epithelial joins
/// healthy (3) and malignant (4), spindle-shaped joins fibroblast (5), muscle (6) and endothelial (7).
///
/// Traps:
/// - The published evaluation has the merge commented out: whoever runs it as it is measures seven.
/// - Nothing says which images are of one patient.
struct ConsepFormat: DatasetFormatReader {
  static let splits = ["train", "test"]
  static let mergedClasses = ["miscellaneous", "inflammatory", "epithelial", "spindle-shaped"]
  static let allClasses = [
    "other", "inflammatory", "healthy-epithelial", "malignant-epithelial", "fibroblast", "muscle",
    "endothelial",
  ]
  /// Our class for each of the published ones, 0 being background.
  private static let merge = [0, 1, 2, 3, 3, 4, 4, 4]

  /// Whether the seven classes become the paper's four.
  var isMerged: Bool
  let rootHint = "let the root be the folder that holds `Train/Images` and `Train/Labels`"

  var classes: [String]? { isMerged ? Self.mergedClasses : Self.allClasses }

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    HoVerNetCopy(splits: Self.splits).listing(of: files, pixelSize: 0.25)
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    try HoVerNetCopy.labels(mask, classes: isMerged ? Self.merge : Array(0...7), in: content)
  }
}
