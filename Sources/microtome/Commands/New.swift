internal import ArgumentParser
internal import Core
internal import ManifestModel

struct New: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new",
    abstract: "Write a commented manifest to start from.",
    discussion: """
      Prints to standard output unless --output is given:

        microtome new my-study --output manifests/my-study.yaml
      """)

  @Argument(help: "The study's name: letters, digits, `-`, `_` and `.`.")
  var name: String

  @Option(name: .shortAndLong, help: "The file to write; an existing file is kept.")
  var output: String?

  @Flag(help: "Print exactly one JSON object to standard output.")
  var json = false

  func run() throws {
    let plain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
    guard plain, name.count <= 100, name.first?.isLetter == true || name.first?.isNumber == true
    else {
      throw CommandFailure(
        status: 2, code: "command-line", message: "`\(name)` is no name for a study",
        hint: "use at most 100 letters, digits, `-`, `_` and `.`")
    }
    let text = ManifestTemplate.text(named: name)
    let console = Console()
    guard let output else {
      console.result(json ? JSON.text(["manifest": text]) : String(text.dropLast()))
      return
    }
    let files = LocalFileSystem()
    let path = Session.absolute(output)
    do throws(FileError) {
      guard try !files.exists(path) else {
        throw FileError(operation: "write", path: path, number: 17, reason: "it is there already")
      }
      try files.createDirectory(path.parent)
      try files.write(Array(text.utf8), to: path)
    } catch {
      throw CommandFailure(error)
    }
    if json { console.result(JSON.text(["path": path.text])) }
    console.say("wrote \(output); next: microtome plan \(output)")
  }
}
