internal import Core

/// The files of a dataset, sorted out into samples before any of them is read.
struct SampleListing {
  /// One sample's files.
  struct Entry {
    var id: String
    var image: String
    /// `nil` if there is none; then a problem says so, or the format has none.
    var mask: String?
    /// The split that the name fixes; `nil` if the table decides.
    var split: String?
  }

  /// Ascending by id.
  var entries: [Entry] = []
  /// The table, if the format or the request names one.
  var table: String?
  /// Whether samples must have a row as soon as there is a table.
  var nameColumns: [String] = ["stem", "name"]
  /// Short words of a manifest and the columns that they mean.
  var columnAliases: [String: String] = [:]
  var isLabelled = true
  var filePixelSize: Double?
  var problems: [DatasetProblem] = []
}

extension SampleListing {
  /// Groups image files of a folder by stem; problems say what cannot be told apart or read.
  ///
  /// - Parameters:
  ///   - folder: The folder, relative to the root; `.` is the root.
  ///   - isDeep: Whether folders below it count.
  mutating func stems(
    of files: [String], in folder: String, isDeep: Bool
  ) -> [(stem: String, file: String)] {
    let prefix = Self.prefix(of: folder)
    var found: [String: String] = [:]
    var order: [String] = []
    for file in files where file.hasPrefix(prefix) {
      let name = String(file.dropFirst(prefix.count))
      let parts = name.split(separator: "/", omittingEmptySubsequences: false)
      guard isDeep || parts.count == 1, !parts.contains(where: { $0.hasPrefix(".") }) else {
        continue
      }
      guard let dot = name.lastIndex(of: "."), !name[dot...].contains("/") else { continue }
      let stem = String(name[..<dot])
      switch name[name.index(after: dot)...].lowercased() {
      case "png", "bmp":
        if let other = found[stem] {
          problems.append(
            DatasetProblem(
              code: "dataset.duplicate-stem", file: file,
              message: "the name without its extension is the same as that of `\(other)`",
              hint: "keep one of the two"))
        } else {
          found[stem] = file
          order.append(stem)
        }
      case "jpg", "jpeg", "tif", "tiff", "gif", "svs", "jp2", "webp":
        problems.append(
          DatasetProblem(
            code: "dataset.unsupported-format", file: file,
            message: "only PNG and BMP are read", hint: "convert the file to PNG"))
      default: continue
      }
    }
    return order.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { ($0, found[$0]!) }
  }

  /// Pairs images and masks by stem; problems say which have no partner.
  mutating func pair(
    images: [(stem: String, file: String)], masks: [(stem: String, file: String)],
    maskName: (_ stem: String) -> String
  ) {
    let maskFiles = Dictionary(uniqueKeysWithValues: masks.map { ($0.stem, $0.file) })
    let imageStems = Set(images.map(\.stem))
    for (stem, file) in images {
      if maskFiles[stem] == nil {
        problems.append(
          DatasetProblem(
            code: "dataset.mask-missing", file: file, message: "the image has no mask",
            hint: "add `\(maskName(stem))`, or remove the image"))
      }
      entries.append(Entry(id: stem, image: file, mask: maskFiles[stem]))
    }
    for (stem, file) in masks where !imageStems.contains(stem) {
      problems.append(
        DatasetProblem(
          code: "dataset.image-missing", file: file, message: "the mask has no image",
          hint: "add the image `\(stem)`, or remove the mask"))
    }
  }

  private static func prefix(of folder: String) -> String {
    var folder = folder
    while folder.hasSuffix("/") { folder.removeLast() }
    return folder.isEmpty || folder == "." ? "" : folder + "/"
  }
}
