internal import Archives
internal import Core
internal import Imaging

/// NuCLS, nuclei of breast cancer (Amgad et al., GigaScience 11:giac037, 2022), in the sample that ships
/// with CellViT++.
///
/// 15 images of 256 x 256 pixels, 10 to train and 5 to test, two classes. CC0.
///
/// `train/images/train_1.png` with `train/labels/train_1.npy`, a pickled dictionary of `inst_map` and
/// `type_map` (0 background, 1 other, 2 tumour), read without running the pickle; the same below `test`.
/// `splits` and `label_map.yaml` are not read. The root is the folder that holds `train`.
///
/// Traps:
/// - Outlines look made by a machine: weak truth.
/// - The images' pixel size is not given.
struct NuCLSFormat: DatasetFormatReader {
  static let splits = ["train", "test"]
  static let classNames = ["non-tumour", "tumour"]
  let rootHint = "let the root be the folder that holds `train/images` and `train/labels`"

  var classes: [String]? { Self.classNames }

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    var listing = SampleListing()
    for split in Self.splits {
      listing.pairFolders(
        of: files, split: split, images: "\(split)/images", masks: "\(split)/labels",
        maskEndings: ["npy"])
    }
    listing.finish()
    return listing
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    let bytes = try content.read(mask)
    let arrays: [String: PickledArrays.Array]
    do throws(ArchiveError) {
      arrays = try PickledArrays.decode(bytes).arrays
    } catch {
      throw UnsoundFile(
        mask, "the labels cannot be read: \(error.statement)", code: "dataset.unreadable",
        hint: error.hint ?? "replace the file by a sound copy")
    }
    guard let instances = arrays["inst_map"], let types = arrays["type_map"],
      instances.shape.count == 2, types.shape == instances.shape
    else {
      throw UnsoundFile(
        mask, "it needs `inst_map` and `type_map`, matrices of one size",
        hint: "check that the root holds this format")
    }
    return try ObjectLabels(
      ids: instances.integers, types: types.integers, classCount: Self.classNames.count,
      width: instances.shape[1], height: instances.shape[0], file: mask)
  }
}
