internal import Core
internal import Imaging

/// CRAG, colorectal adenocarcinoma glands (Graham et al., MILD-Net, Medical Image Analysis 52:199-211,
/// 2019).
///
/// 213 images of about 1512 x 1516 pixels at 20x (0.55 micrometres), 173 to train and 40 to test. To be
/// had on registration from Warwick's Tissue Image Analytics Centre, not for commercial use.
///
/// `train/Images/train_1.png` with `train/Annotation/train_1.png`, the same below `valid`; `Overlay` is
/// not read. An annotation's pixel is the gland's number. The root is the folder that holds `train`.
///
/// Traps:
/// - The test images are in `valid`, and that is what the split is called.
/// - Nothing says which images are of one patient.
/// - Studies give other counts than 173 and 40: the import records what is there.
struct CragFormat: DatasetFormatReader {
  static let splits = ["train", "valid"]
  static let pixelSize = 0.55
  let rootHint = "let the root be the folder that holds `train/Images`"

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    var listing = SampleListing()
    listing.filePixelSize = Self.pixelSize
    for split in Self.splits {
      listing.pairFolders(
        of: files, split: split, images: "\(split)/Images", masks: "\(split)/Annotation")
    }
    listing.finish()
    return listing
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    ObjectLabels(try content.mask(mask))
  }
}
