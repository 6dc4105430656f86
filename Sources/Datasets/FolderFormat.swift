internal import Core
internal import Imaging

/// Folders of images, with or without masks.
///
/// An `image-mask-folder` pairs `images/a.png` with `masks/a.png` (PNG, BMP or TIFF) by the path below
/// each folder without its extension. A table gives each stem its split, patient and stratum; without
/// one, or without a `split` column, all is `train`.
///
/// What a mask's value means is `mask:`:
/// - `any` (the default): zero is background and anything else foreground, so 0/1 and 0/255 masks and
///   instance ids all serve; ids of more than one value are kept.
/// - `binary`: objects are the 8-connected regions of what is not zero.
/// - `instances`: a value is an object's number, even where there is only one.
/// - `classes`: a value is a class, named in `classes:`; objects are 8-connected regions of one class.
struct FolderFormat: DatasetFormatReader {
  var request: DatasetRequest

  var rootHint: String { "let the root be the folder that holds `\(request.layout.images)`" }
  var classes: [String]? { request.layout.mask == .classes ? request.layout.classes : nil }

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    var listing = SampleListing()
    let layout = request.layout
    listing.filePixelSize = layout.filePixelSize
    listing.take(table: layout.table, of: files)
    let images = listing.stems(of: files, in: layout.images, isDeep: true)
    if request.format == .imageFolder {
      listing.isLabelled = false
      listing.entries = images.map { SampleListing.Entry(id: $0.stem, image: $0.file) }
    } else {
      let masks = listing.stems(of: files, in: layout.masks, isDeep: true)
      listing.pair(images: images, masks: masks) { "\(layout.masks)/\($0).png" }
    }
    return listing
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    let map = try content.mask(mask)
    return switch request.layout.mask {
    case .any: ObjectLabels(map)
    case .binary: try ObjectLabels(regionsOf: map, file: mask)
    case .instances:
      try ObjectLabels(
        ids: map.labels.map(Int.init), width: map.width, height: map.height, file: mask)
    case .classes:
      try ObjectLabels(regionsOf: map, among: request.layout.classes, file: mask)
    }
  }
}
