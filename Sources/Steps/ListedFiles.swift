internal import Core
internal import Execution

/// The files of a dataset under the digests of its listing.
///
/// The listing is the identity: a file that changed since must not enter under its name.
final class ListedFiles {
  private let root: Path
  private let digests: [String: Digest]
  private let files: any FileSystem
  /// The files read in parts, as they were when their whole content was checked.
  private var checked: [String: FileStatus] = [:]

  init(root: Path, digests: [String: Digest], files: any FileSystem) {
    self.root = root
    self.digests = digests
    self.files = files
  }

  /// A file's whole content.
  func read(_ name: String) throws -> [UInt8] {
    let bytes = try files.read(root / name)
    guard SHA256.digest(of: bytes) == digests[name] else { throw changed(name) }
    return bytes
  }

  /// Some bytes of a file of any size; its whole content is checked before the first of them.
  func readPart(_ name: String, _ range: Range<Int>) throws -> [UInt8] {
    let path = root / name
    if checked[name] == nil {
      let status = try files.status(of: path)
      guard try files.digest(of: path) == digests[name] else { throw changed(name) }
      checked[name] = status
    }
    let bytes = try files.read(path, in: range)
    guard try files.status(of: path) == checked[name] else { throw changed(name) }
    return bytes
  }

  private func changed(_ name: String) -> StepFailure {
    StepFailure(
      "data.changed", "\(name) changed after it was listed", hint: "run the study again")
  }
}
