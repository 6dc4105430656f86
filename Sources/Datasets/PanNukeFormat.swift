internal import Archives
internal import Core
internal import Imaging

/// PanNuke, nuclei and their types in 19 tissues (Gamper et al., arXiv 2003.10778).
///
/// 7,901 images of 256 x 256 pixels at 40x in three folds (2,656, 2,523, 2,722), 189,744 nuclei. From
/// Warwick's Tissue Image Analytics Centre, CC BY-NC-SA 4.0.
///
/// `Fold 1/images/fold1/images.npy` and `types.npy` beside `Fold 1/masks/fold1/masks.npy`; the splits are
/// `fold1`, `fold2`, `fold3`. Images are `[N, 256, 256, 3]`, masks `[N, 256, 256, 6]`, both float64: ids of
/// five classes, then a background that is not read. The root is the folder above these. Files are
/// several GB and are read one image at a time.
///
/// Traps:
/// - Ids are told apart by channel and id; where channels overlap, the later one has the pixel.
/// - About 115 patches in each fold show no nucleus: metrics are undefined there.
/// - Semi-automatic labels; images of TCGA, so encoders pretrained on TCGA have seen them.
struct PanNukeFormat: DatasetFormatReader {
  static let splits = ["fold1", "fold2", "fold3"]
  static let classNames = ["neoplastic", "inflammatory", "connective", "dead", "epithelial"]
  let rootHint = "let the root be the folder that holds `Fold 1`"

  var classes: [String]? { Self.classNames }

  func listing(of files: [String], in content: DatasetContent) throws -> SampleListing {
    var listing = SampleListing()
    listing.filePixelSize = 0.25
    listing.ownColumns = ["tissue"]
    for fold in Self.splits {
      func file(_ name: String) -> String? {
        files.first { $0.lowercased().hasSuffix("/\(fold)/\(name)") || $0 == "\(fold)/\(name)" }
      }
      guard let images = file("images.npy") else { continue }
      guard let masks = file("masks.npy") else {
        listing.problems.append(
          DatasetProblem(
            code: "dataset.mask-missing", file: images, message: "the fold has no masks",
            hint: "add `Fold \(fold.last!)/masks/\(fold)/masks.npy`"))
        continue
      }
      do {
        try list(fold, images, masks, file("types.npy"), in: content, &listing)
      } catch let error as UnsoundFile { listing.problems.append(error.problem) }
    }
    listing.finish()
    return listing
  }

  private func list(
    _ fold: String, _ images: String, _ masks: String, _ types: String?,
    in content: DatasetContent, _ listing: inout SampleListing
  ) throws {
    let count = try ArraySlices(images, channels: 3, in: content).count
    let maskCount = try ArraySlices(masks, channels: 6, in: content).count
    guard count == maskCount else {
      throw UnsoundFile(
        masks, "there are \(maskCount) masks for \(count) images", hint: "copy the fold again")
    }
    var tissues: [String]?
    if let types {
      let bytes = try content.read(types)
      do throws(ArchiveError) { tissues = try NPY.decode(bytes).texts() } catch {
        throw ArraySlices.unreadable(types, error)
      }
      guard tissues?.count == count else {
        throw UnsoundFile(
          types, "there are \(tissues?.count ?? 0) tissues for \(count) images",
          hint: "copy the fold again")
      }
    }
    for index in 0..<count {
      let digits = String(index)
      var entry = SampleListing.Entry(
        id: "\(fold)_" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits,
        image: images, mask: masks, split: fold)
      entry.position = index
      entry.columns["tissue"] = tissues?[index] ?? "unknown"
      listing.entries.append(entry)
    }
  }

  func image(_ entry: SampleListing.Entry, in content: DatasetContent) throws -> RGBImage {
    let slice = try ArraySlices(entry.image, channels: 3, in: content)
    let values = try slice.integers(of: entry.position, in: content)
    guard values.allSatisfy({ 0...255 ~= $0 }) else {
      throw UnsoundFile(
        entry.image, "image \(entry.position) has values outside 0 to 255",
        hint: "copy the fold again")
    }
    return RGBImage(width: slice.width, height: slice.height, pixels: values.map { UInt8($0) })
  }

  func labels(
    _ entry: SampleListing.Entry, mask: String, of image: RGBImage?, in content: DatasetContent
  ) throws -> ObjectLabels? {
    let slice = try ArraySlices(mask, channels: 6, in: content)
    let values = try slice.integers(of: entry.position, in: content)
    let area = slice.width * slice.height
    var (ids, types) = ([Int](repeating: 0, count: area), [Int](repeating: 0, count: area))
    for pixel in 0..<area {
      for channel in 0..<Self.classNames.count where values[6 * pixel + channel] != 0 {
        let id = values[6 * pixel + channel]
        guard 0..<(1 << 32) ~= id else {
          throw UnsoundFile(
            mask, "mask \(entry.position) has the id \(id)", hint: "copy the fold again")
        }
        // Ascending by class, then by id.
        ids[pixel] = channel << 32 | id
        types[pixel] = channel + 1
      }
    }
    return try ObjectLabels(
      ids: ids, types: types, classCount: Self.classNames.count, width: slice.width,
      height: slice.height, file: mask)
  }
}

/// The pictures of an array `[N, height, width, channels]` in an NPY file, one at a time.
private struct ArraySlices {
  private var file: String
  private var header: NPYHeader

  var count: Int { header.shape[0] }
  var height: Int { header.shape[1] }
  var width: Int { header.shape[2] }

  init(_ file: String, channels: Int, in content: DatasetContent) throws {
    self.file = file
    // A header has at most this.
    let start = try content.part(file, 0..<10_012)
    do throws(ArchiveError) { header = try NPYHeader(decoding: start) } catch {
      throw Self.unreadable(file, error)
    }
    let shape = header.shape
    guard shape.count == 4, shape[3] == channels, 1...4096 ~= shape[1], 1...4096 ~= shape[2] else {
      throw UnsoundFile(
        file, "its shape is \(shape); [N, height, width, \(channels)] is needed",
        hint: "check that the root holds this format")
    }
  }

  func integers(of index: Int, in content: DatasetContent) throws -> [Int] {
    let elements = header.count / max(1, count)
    let bytes = elements * header.element.size
    let start = header.dataOffset + index * bytes
    let slice = try content.part(file, start..<start + bytes)
    guard slice.count == bytes else {
      throw UnsoundFile(
        file, "it ends within image \(index)", code: "dataset.unreadable",
        hint: "copy the file again")
    }
    do throws(ArchiveError) {
      return try header.integers(slice, at: 0, in: 0..<elements)
    } catch { throw Self.unreadable(file, error) }
  }

  static func unreadable(_ file: String, _ error: ArchiveError) -> UnsoundFile {
    UnsoundFile(
      file, "the array cannot be read: \(error.statement)", code: "dataset.unreadable",
      hint: error.hint ?? "replace the file by a sound copy")
  }
}
