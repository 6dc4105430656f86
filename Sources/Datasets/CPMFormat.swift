internal import Imaging

/// CPM-15 and CPM-17, nuclei of the challenges on computational precision medicine (Vu et al., Frontiers
/// in Bioengineering and Biotechnology 7:53, 2019), in the copies that came with HoVer-Net.
///
/// CPM-15: 15 images without a test split, `Images` and `Labels` in the root, all `train`. CPM-17: 32
/// images to train and 32 to test, 500 x 500 to 600 x 600 pixels. The challenges' own terms apply. Read
/// as `HoVerNetCopy`, ids in `inst_map`.
///
/// Traps:
/// - Images at 20x and at 40x are mixed and nothing says which is which: the pixel size is not known
///   unless `file_pixel_size` says so.
/// - CPM-17's two splits have images of the same names, so ids here begin with the split's.
/// - A study reports 31/31 images of CPM-17: the import records what is there.
struct CPMFormat: DatasetFormatReader {
  /// 15 or 17.
  var year: Int

  var rootHint: String {
    year == 15
      ? "let the root be the folder that holds `Images` and `Labels`"
      : "let the root be the folder that holds `train/Images` and `train/Labels`"
  }

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    let copy =
      year == 15
      ? HoVerNetCopy(splits: ["train"])
      : HoVerNetCopy(splits: ["train", "test"], prefixesIDs: true)
    return copy.listing(of: files, pixelSize: nil)
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    try HoVerNetCopy.labels(mask, in: content)
  }
}
