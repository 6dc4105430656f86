internal import Core

/// Folders of images, with or without masks.
///
/// An `image-mask-folder` pairs `images/a.png` with `masks/a.png` (or `.bmp`) by the path below each
/// folder without its extension. A mask's zero is background and anything else foreground, so 0/1 and
/// 0/255 masks and instance ids all serve; ids of more than one value are kept. A table gives each
/// stem its split, patient and stratum; without one, or without a `split` column, all is `train`.
enum FolderFormat {
  static func listing(of files: [String], request: DatasetRequest) -> SampleListing {
    var listing = SampleListing()
    let layout = request.layout
    listing.filePixelSize = layout.filePixelSize
    listing.table = layout.table
    if let table = layout.table, !files.contains(table) {
      listing.table = nil
      listing.problems.append(
        DatasetProblem(
          code: "dataset.table-missing", file: table, message: "the table is not there",
          hint: "add the file, or correct `table:`"))
    }
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
}
