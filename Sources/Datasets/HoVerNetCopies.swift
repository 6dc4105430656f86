internal import Archives
internal import Core
internal import Imaging

/// The layout in which HoVer-Net's authors pass on nuclei datasets: `SPLIT/Images/a.png` (or `.tif`)
/// with `SPLIT/Labels/a.mat`; `Overlay` is not read.
///
/// A `.mat` of version 5 holds `inst_map`, a number for each nucleus's pixels, and with classes
/// `type_map` of the same size. Names of folders are compared without case. The root is the folder that
/// holds the splits.
struct HoVerNetCopy {
  var splits: [String]
  /// Whether two splits have images of one name, so that ids need the split's.
  var prefixesIDs = false

  func listing(of files: [String], pixelSize: Double?) -> SampleListing {
    var listing = SampleListing()
    listing.filePixelSize = pixelSize
    for split in splits {
      // A set without splits stands in the root itself.
      let folder = splits.count == 1 ? "" : "\(split)/"
      listing.pairFolders(
        of: files, split: split, images: "\(folder)Images", masks: "\(folder)Labels",
        maskEndings: ["mat"], idPrefix: prefixesIDs ? "\(split)_" : "")
    }
    listing.finish()
    return listing
  }

  /// Reads `inst_map`, and `type_map` where there are classes; `merge` gives each published class ours.
  static func labels(
    _ file: String, classes merge: [Int]? = nil, in content: DatasetContent
  ) throws -> ObjectLabels {
    let maps = try MatrixFile(file, names: ["inst_map", "type_map"], in: content)
    let instances = try maps.matrix("inst_map")
    guard let merge else {
      return try ObjectLabels(
        ids: instances.rows, width: instances.width, height: instances.height, file: file)
    }
    let types = try maps.matrix("type_map")
    guard (types.width, types.height) == (instances.width, instances.height) else {
      throw UnsoundFile(
        file, "`inst_map` and `type_map` differ in size", hint: "copy the file again")
    }
    return try ObjectLabels(
      ids: instances.rows,
      types: try types.rows.map { type in
        guard merge.indices ~= type else {
          throw UnsoundFile(
            file, "a pixel has the class \(type); the format has 1 to \(merge.count - 1)",
            hint: "check that the root holds this format")
        }
        return merge[type]
      },
      classCount: merge.max() ?? 0, width: instances.width, height: instances.height, file: file)
  }
}

/// The variables of a MAT file as matrices of whole numbers.
struct MatrixFile {
  private let file: String
  private let content: MATFile

  init(_ file: String, names: Set<String>, in content: DatasetContent) throws {
    self.file = file
    let bytes = try content.read(file)
    do throws(ArchiveError) {
      self.content = try MATFile.decode(bytes, names: names)
    } catch { throw Self.unreadable(file, error) }
  }

  /// A matrix by name, row by row.
  func matrix(_ name: String) throws -> (rows: [Int], width: Int, height: Int) {
    guard let array = content.array(named: name) else {
      throw UnsoundFile(
        file, "there is no variable `\(name)`", hint: "check that the root holds this format")
    }
    do throws(ArchiveError) {
      return (try array.integerRows(), array.shape[1], array.shape[0])
    } catch { throw Self.unreadable(file, error) }
  }

  private static func unreadable(_ file: String, _ error: ArchiveError) -> UnsoundFile {
    UnsoundFile(
      file, "the labels cannot be read: \(error.statement)", code: "dataset.unreadable",
      hint: error.hint ?? "replace the file by a sound copy")
  }
}
