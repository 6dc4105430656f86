internal import Core
internal import Imaging

/// GlaS, the gland segmentation contest of MICCAI 2015.
///
/// 165 images of colon tissue stained with H&E from 16 patients (Sirinukunwattana et al., Medical
/// Image Analysis 35:489-502, 2017), mostly 775 x 522 pixels of 0.62005 micrometres. To be had from
/// the University of Warwick's Tissue Image Analytics Centre for research only; it must not be passed
/// on.
///
/// One flat folder: `train_1.bmp`, `train_1_anno.bmp`, the same for `testA_` and `testB_`, and
/// `Grade.csv`; copies in PNG are read too. An annotation's pixel is the gland's number, 0 is
/// background. The root is the folder that holds the images.
///
/// Traps:
/// - Header and values of `Grade.csv` start with blanks.
/// - The official splits share patients: a test on testA or testB is not a test on new patients.
/// - A patient's images can have different grades.
/// - Six image sizes in one set.
/// - Gland numbers are components of a binary mask: glands that touch share a number.
struct GlasFormat: DatasetFormatReader {
  static let pixelSize = 0.62005
  static let splits = ["train", "testA", "testB"]
  let rootHint = "let the root be the folder that holds `train_1.bmp`"

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    var listing = SampleListing()
    listing.filePixelSize = Self.pixelSize
    listing.table = files.contains("Grade.csv") ? "Grade.csv" : nil
    listing.nameColumns = ["name"]
    listing.columnAliases = ["patient": "patient ID", "grade": "grade (GlaS)"]
    let suffix = "_anno"
    var images: [(stem: String, file: String)] = []
    var masks: [(stem: String, file: String)] = []
    for (stem, file) in listing.stems(of: files, in: ".", isDeep: false) {
      let isMask = stem.hasSuffix(suffix)
      let name = isMask ? String(stem.dropLast(suffix.count)) : stem
      if Self.split(of: name) == nil {
        listing.problems.append(
          DatasetProblem(
            severity: .warning, code: "dataset.unexpected-name", file: file,
            message:
              "the name starts with none of \(Self.splits.map { $0 + "_" }), so it is left out",
            hint: "remove the file, or give it its official name"))
      } else if isMask {
        masks.append((name, file))
      } else {
        images.append((name, file))
      }
    }
    listing.pair(images: images, masks: masks) { "\($0)_anno.bmp" }
    for i in listing.entries.indices {
      listing.entries[i].split = Self.split(of: listing.entries[i].id)
    }
    return listing
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    ObjectLabels(try content.mask(mask))
  }

  private static func split(of stem: String) -> String? {
    splits.first { stem.hasPrefix($0 + "_") }
  }
}
