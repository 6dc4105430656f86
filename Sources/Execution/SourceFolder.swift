internal import Core

/// The folder of a dataset, from which nothing leads out.
///
/// A link to a file counts if the file lies in the folder too. Links to folders are refused, so no
/// file is listed twice and no chain of links goes round for ever.
struct SourceFolder {
  let root: Path
  /// The dataset's table, which may have any name.
  let table: String?
  /// The extensions of the format's labels besides images and tables; no other format lists them, so
  /// that what lies beside its files stays out of its identity.
  var labelSuffixes: Set<String> = []
  let files: any FileSystem

  /// A folder that cannot be a dataset's.
  struct Problem: Error {
    var code: Diagnostic.Code
    var message: String
    var hint: String
  }

  // Images that no format reads yet are listed too, so that the import refuses them by name instead
  // of training on what is left.
  private static let suffixes: Set = [
    "png", "bmp", "csv", "tif", "tiff", "jpg", "jpeg", "gif", "svs", "jp2", "webp",
  ]

  /// A file or directory by its name relative to the root, and how it looked.
  typealias Entry = (name: String, status: FileStatus)

  /// The files that dataset formats read, in order, and the directories that were listed for them.
  func list() throws -> (files: [Entry], directories: [Entry]) {
    let origin = try files.resolved(root)
    var found: [Entry] = []
    var listed: [Entry] = []
    var directories = [""]
    while let directory = directories.popLast() {
      // Before it is listed: a name that comes later changes the directory after this look.
      listed.append((directory, try status(of: directory)))
      let links = try files.links(in: root / directory)
      for name in try files.list(root / directory) where !name.hasPrefix(".") {
        let relative = directory.isEmpty ? name : "\(directory)/\(name)"
        let status = try status(of: relative)
        if links.contains(name) { try check(relative, status, staysIn: origin) }
        switch status.kind {
        case .directory: directories.append(relative)
        case .file
        where Self.suffixes.contains(Path(name).suffix) || relative == table
          || labelSuffixes.contains(Path(name).suffix):
          found.append((relative, status))
        case .file, .other: continue
        }
      }
    }
    found.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    try checkNames(found.map(\.name))
    return (found, listed)
  }

  private func status(of name: String) throws -> FileStatus {
    if let status = try files.status(of: root / name) { return status }
    // Names are decoded as UTF-8; one that is not leads nowhere.
    let isText = !name.unicodeScalars.contains("\u{FFFD}")
    throw Problem(
      code: isText ? "data.broken-link" : "data.name-not-utf8",
      message: isText
        ? "`\(name)` is a link to nothing, or its content was not fetched"
        : "the name `\(name)` is not UTF-8",
      hint: isText ? "fetch the file, or remove the link" : "rename the file")
  }

  private func check(
    _ name: String, _ status: FileStatus, staysIn origin: Path
  ) throws {
    if status.kind == .directory {
      throw Problem(
        code: "data.directory-link", message: "`\(name)` is a link to a folder",
        hint: "links to folders are not followed: move the folder there, or let it be the root")
    }
    let target = try files.resolved(root / name)
    guard target.text.hasPrefix(origin.text == "/" ? "/" : origin.text + "/") else {
      throw Problem(
        code: "data.link-outside", message: "`\(name)` is a link that leads out of the dataset",
        hint: "copy the file into the dataset's folder")
    }
  }

  /// Swift takes two spellings of one accented letter for the same name; so do some file systems.
  private func checkNames(_ names: [String]) throws {
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw Problem(
        code: "data.same-name",
        message: "two files are called `\(name)`, in two spellings of Unicode",
        hint: "rename one of the two")
    }
  }
}
