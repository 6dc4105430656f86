internal import Imaging

/// Kumar in the copy that came with HoVer-Net: nuclei of seven organs (Kumar et al., IEEE TMI
/// 36:1550-1560, 2017), split as in Graham et al. (Medical Image Analysis 58:101563, 2019).
///
/// 30 images of 1000 x 1000 pixels at 40x: `train` 16, `test_same` 8 (organs of the training set),
/// `test_diff` 6 (others). CC BY-NC-SA 4.0, like MoNuSeg. Read as `HoVerNetCopy`, ids in `inst_map`.
///
/// Traps:
/// - All 30 are among MoNuSeg's training images; six have other pixels under the same name.
/// - Studies that say 16/14 join the two test splits: list both under `test:`.
struct KumarFormat: DatasetFormatReader {
  static let splits = ["train", "test_same", "test_diff"]
  let rootHint = "let the root be the folder that holds `train/Images` and `train/Labels`"

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    var listing = HoVerNetCopy(splits: Self.splits).listing(of: files, pixelSize: 0.25)
    listing.ownColumns = ["patient", "site"]
    for i in listing.entries.indices {
      listing.entries[i].columns = TCGABarcode.columns(of: listing.entries[i].id)
    }
    return listing
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    try HoVerNetCopy.labels(mask, in: content)
  }
}
