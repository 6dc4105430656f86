internal import Core
internal import Imaging

/// MoNuSeg, nuclei of several organs (Kumar et al., IEEE TMI 39:1380-1391, 2020), and the set of Kumar et
/// al. (IEEE TMI 36:1550-1560, 2017), which is 30 of its 37 training images.
///
/// Images of 1000 x 1000 pixels at 40x from TCGA, 37 to train and 14 to test, with the outlines of about
/// 22,000 nuclei. From monuseg.grand-challenge.org under CC BY-NC-SA 4.0.
///
/// `MoNuSeg 2018 Training Data/Tissue Images/*.tif` with `Annotations/*.xml`, and `MoNuSegTestData` with
/// both in one folder: images and annotations are paired by name wherever they lie, and a folder whose
/// name has `test` in it is the split `test`. The root is a folder above.
///
/// Annotations are polygons of Aperio's ImageScope in pixels, X to the right. A pixel belongs to a
/// polygon if its centre, (column + 0.5, row + 0.5), does; of overlapping nuclei the one that stands
/// later in the file has the pixel. This is half a pixel off both usual conversions, which lie on either
/// side: MATLAB's `poly2mask` and scikit-image's `draw.polygon`.
///
/// Traps:
/// - TIFF with LZW (training) and PackBits (test).
/// - Polygons overlap, leave the image, and sometimes have no area: such are left out with a warning.
/// - More than 255 nuclei in an image.
/// - An annotation may lack its `MicronsPerPixel`; then 0.25 is taken, which 40x means.
/// - Several images are of one patient (`stratify: site` is the centre that the barcode names).
/// - The HoVer-Net copy of Kumar has images of the same name with other pixels.
struct MonusegFormat: DatasetFormatReader {
  static let splits = ["train", "test"]
  static let pixelSize = 0.25
  let rootHint = "let the root be the folder above the images and the annotations in XML"

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    var listing = SampleListing()
    listing.filePixelSize = Self.pixelSize
    listing.ownColumns = ["patient", "site"]
    var images: [(stem: String, file: String)] = []
    var splits: [String: String] = [:]
    for (stem, file) in listing.stems(of: files, in: ".", isDeep: true, isFlattened: true) {
      images.append((stem, file))
      let folders = file.split(separator: "/").dropLast()
      splits[stem] = folders.contains { $0.lowercased().contains("test") } ? "test" : "train"
    }
    let masks = listing.stems(
      of: files, in: ".", isDeep: true, isFlattened: true, endings: ["xml"])
    listing.pair(images: images, masks: masks) { "\($0).xml" }
    for i in listing.entries.indices {
      let id = listing.entries[i].id
      listing.entries[i].split = splits[id]
      listing.entries[i].columns = TCGABarcode.columns(of: id)
    }
    listing.finish()
    return listing
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    let annotations = try AperioAnnotations(decoding: try content.read(mask), file: mask)
    guard let image else { return nil }
    var labels = ObjectLabels(LabelMap(width: image.width, height: image.height))
    guard annotations.polygons.count <= Int(UInt16.max) else {
      throw UnsoundFile(
        mask, "there are \(annotations.polygons.count) polygons; at most \(UInt16.max) are read",
        hint: "remove what is no nucleus")
    }
    for (i, polygon) in annotations.polygons.enumerated() {
      PolygonFill.fill(polygon, with: UInt16(i + 1), in: &labels.map)
    }
    let hidden = annotations.polygons.count - labels.map.distinctLabels.count
    labels = try ObjectLabels(
      ids: labels.map.labels.map(Int.init), width: image.width, height: image.height, file: mask)
    labels.pixelSize = annotations.micronsPerPixel
    if hidden > 0 {
      labels.warnings.append(
        DatasetProblem(
          severity: .warning, code: "dataset.polygon-without-pixel", file: mask,
          message: "\(hidden) of \(annotations.polygons.count) polygons have no pixel of their own",
          hint: "check those that have no area, lie outside, or are covered by later ones"))
    }
    return labels
  }
}

/// The name of an image from The Cancer Genome Atlas: `TCGA-B0-5698-01Z-00-DX1`.
enum TCGABarcode {
  /// The patient (the first three parts) and the site that sent the tissue (the second part).
  static func columns(of name: String) -> [String: String] {
    let parts = name.split(separator: "-")
    guard parts.count >= 3, parts[0] == "TCGA" else { return ["patient": name, "site": "unknown"] }
    return ["patient": parts[..<3].joined(separator: "-"), "site": String(parts[1])]
  }
}
