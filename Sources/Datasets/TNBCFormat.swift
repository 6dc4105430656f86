internal import Core
internal import Imaging

/// TNBC, nuclei of triple-negative breast cancer (Naylor et al., IEEE TMI 38:448-459, 2019).
///
/// 50 images of 512 x 512 pixels at 40x from 11 patients, 4,022 nuclei. From zenodo.org/records/1175282
/// (2579118 adds brain tissue), CC BY 4.0.
///
/// `Slide_01/01_1.png` with `GT_01/01_1.png`; the slide is the patient. There is no official test split:
/// all is `train` unless a table says otherwise. The root is a folder above the slides.
///
/// Traps:
/// - Masks are binary: a nucleus is an 8-connected region, and nuclei that touch are one.
/// - Some images are RGBA; alpha is dropped. `__MACOSX` is passed over.
struct TNBCFormat: DatasetFormatReader {
  var table: String?
  let rootHint = "let the root be the folder that holds `Slide_01` and `GT_01`"

  func listing(of files: [String], in content: DatasetContent) -> SampleListing {
    var listing = SampleListing()
    listing.filePixelSize = 0.25
    listing.ownColumns = ["patient"]
    listing.take(table: table, of: files)
    let all = listing.stems(of: files, in: ".", isDeep: true)
    func slide(_ stem: String, _ prefix: String) -> (id: String, patient: String)? {
      let parts = stem.split(separator: "/")
      guard parts.count >= 2, parts[parts.count - 2].hasPrefix(prefix) else { return nil }
      return (
        String(parts[parts.count - 1]), String(parts[parts.count - 2].dropFirst(prefix.count))
      )
    }
    var patients: [String: String] = [:]
    let images = all.compactMap { stem, file in
      slide(stem, "Slide_").map { found in
        patients[found.id] = found.patient
        return (stem: found.id, file: file)
      }
    }
    let masks = all.compactMap { stem, file in
      slide(stem, "GT_").map { (stem: $0.id, file: file) }
    }
    listing.pair(images: images, masks: listing.unique(masks)) { "GT_../\($0).png" }
    for i in listing.entries.indices {
      listing.entries[i].columns["patient"] = patients[listing.entries[i].id]
    }
    listing.finish()
    return listing
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    try ObjectLabels(regionsOf: try content.mask(mask), file: mask)
  }
}
