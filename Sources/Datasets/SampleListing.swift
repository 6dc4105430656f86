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
    /// What the name says of the patient and other columns.
    var columns: [String: String] = [:]
    /// The place in a file that holds several images.
    var position = 0
    /// All masks, where each object has its own.
    var parts: [String] = []
  }

  /// Ascending by id.
  var entries: [Entry] = []
  /// The table, if the format or the request names one.
  var table: String?
  /// Columns that may name the sample; the first that the table has does.
  var nameColumns: [String] = ["stem", "name"]
  /// Short words of a manifest and the columns that they mean.
  var columnAliases: [String: String] = [:]
  /// Columns that every entry has without a table.
  var ownColumns: Set<String> = []
  /// The column that names the split, and what is put before its values.
  var splitColumn = "split"
  var splitPrefix = ""
  /// Whether images without a row are left out instead of reported.
  var takesOnlyRows = false
  var isLabelled = true
  var filePixelSize: Double?
  var problems: [DatasetProblem] = []
}

extension SampleListing {
  /// What is read as an image.
  static let imageEndings: Set<String> = ["png", "bmp", "tif", "tiff"]

  /// Groups files of a folder by stem; problems say what cannot be told apart or read.
  ///
  /// - Parameters:
  ///   - folder: The folder, relative to the root; `.` is the root.
  ///   - isDeep: Whether folders below it count.
  ///   - isFlattened: Whether the stem leaves out the folders.
  ///   - endings: The extensions that are taken, in lower case.
  mutating func stems(
    of files: [String], in folder: String, isDeep: Bool, isFlattened: Bool = false,
    endings: Set<String> = imageEndings
  ) -> [(stem: String, file: String)] {
    let prefix = Self.prefix(of: folder)
    var found: [String: String] = [:]
    var order: [String] = []
    for file in files where file.hasPrefix(prefix) {
      let name = String(file.dropFirst(prefix.count))
      let parts = name.split(separator: "/", omittingEmptySubsequences: false)
      // What begins with a dot, or stands in `__MACOSX`, is an archiver's.
      guard isDeep || parts.count == 1,
        !parts.contains(where: { $0.hasPrefix(".") || $0 == "__MACOSX" })
      else { continue }
      guard let dot = name.lastIndex(of: "."), !name[dot...].contains("/") else { continue }
      var stem = String(name[..<dot])
      if isFlattened { stem = String(stem.split(separator: "/").last ?? "") }
      switch name[name.index(after: dot)...].lowercased() {
      case let ending where endings.contains(ending):
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
      case "jpg", "jpeg", "gif", "svs", "jp2", "webp":
        guard endings == Self.imageEndings else { continue }
        problems.append(
          DatasetProblem(
            code: "dataset.unsupported-format", file: file,
            message: "only PNG, BMP and TIFF are read", hint: "convert the file to PNG"))
      default: continue
      }
    }
    return order.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { ($0, found[$0]!) }
  }

  /// Pairs the images and masks of one split's two folders, whose names are compared without case.
  mutating func pairFolders(
    of files: [String], split: String, images: String, masks: String,
    maskEndings: Set<String> = imageEndings, idPrefix: String = ""
  ) {
    let imageFolder = Self.folder(images, in: files)
    let maskFolder = Self.folder(masks, in: files)
    let first = entries.count
    let found = stems(of: files, in: imageFolder, isDeep: false)
    let labels = stems(of: files, in: maskFolder, isDeep: false, endings: maskEndings)
    let ending = maskEndings.count == 1 ? maskEndings.first! : "png"
    pair(images: found, masks: labels) { "\(maskFolder)/\($0).\(ending)" }
    for i in first..<entries.count {
      entries[i].id = idPrefix + entries[i].id
      entries[i].split = split
    }
  }

  /// Looks for the table that the request names, if it names one.
  mutating func take(table: String?, of files: [String]) {
    self.table = table
    if let table, !files.contains(table) {
      self.table = nil
      problems.append(
        DatasetProblem(
          code: "dataset.table-missing", file: table, message: "the table is not there",
          hint: "add the file, or correct `table:`"))
    }
  }

  /// Sorts the entries by id; those of one name are a problem.
  mutating func finish() {
    entries.sort { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    var kept: [Entry] = []
    for entry in entries {
      if let other = kept.last, other.id == entry.id {
        problems.append(
          DatasetProblem(
            code: "dataset.duplicate-stem", file: entry.image,
            message: "the name without its extension is the same as that of `\(other.image)`",
            hint: "keep one of the two"))
      } else {
        kept.append(entry)
      }
    }
    entries = kept
  }

  /// The first file of each stem; the others are a problem.
  mutating func unique(
    _ files: [(stem: String, file: String)]
  ) -> [(stem: String, file: String)] {
    var seen: [String: String] = [:]
    return files.filter { stem, file in
      if let other = seen.updateValue(file, forKey: stem) {
        problems.append(
          DatasetProblem(
            code: "dataset.duplicate-stem", file: file,
            message: "the name without its extension is the same as that of `\(other)`",
            hint: "keep one of the two"))
        return false
      }
      return true
    }
  }

  /// Pairs images and masks by stem; problems say which have no partner.
  mutating func pair(
    images: [(stem: String, file: String)], masks: [(stem: String, file: String)],
    maskName: (_ stem: String) -> String
  ) {
    let maskFiles = Dictionary(masks.map { ($0.stem, $0.file) }) { first, _ in first }
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

  /// The folder as it is spelled on disk, if it is there.
  private static func folder(_ name: String, in files: [String]) -> String {
    let wanted = name.lowercased() + "/"
    guard let file = files.first(where: { $0.lowercased().hasPrefix(wanted) }) else { return name }
    return String(file.prefix(name.count))
  }

  private static func prefix(of folder: String) -> String {
    var folder = folder
    while folder.hasSuffix("/") { folder.removeLast() }
    return folder.isEmpty || folder == "." ? "" : folder + "/"
  }
}
