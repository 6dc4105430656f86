internal import ArgumentParser
internal import Core
internal import ManifestModel
internal import Planning

struct Validate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate",
    abstract: "Check manifests: all problems at once, each with place, excerpt and hint.",
    discussion: "Nothing runs and no data are read. Warnings alone leave the exit code 0.")

  @Argument(help: "Manifests to check.", completion: .file(extensions: ["yaml", "yml"]))
  var files: [String]

  @Flag(help: "Print exactly one JSON object to standard output.")
  var json = false

  func run() throws {
    let console = Console()
    let loader = ManifestLoader(files: LocalFileSystem())
    var found: [Diagnostic] = []
    for file in files {
      do throws(InvalidManifest) {
        let manifest = try loader.load(Session.absolute(file), displayedAs: file)
        let warnings = (manifest.warnings + plan(manifest.study).warnings).inSourceOrder
        show(warnings, manifest.sources, console)
        found += warnings
        if warnings.isEmpty { console.say("\(file): \(console.colour("valid", .green))") }
      } catch {
        show(error.diagnostics, error.sources, console)
        found += error.diagnostics
      }
    }
    if json { console.result(JSON.text(DiagnosticsShape(found))) }
    if found.contains(where: { $0.severity == .error }) { throw ExitCode(2) }
  }

  private func show(_ found: [Diagnostic], _ sources: [String: String], _ console: Console) {
    for diagnostic in found { console.say(console.render(diagnostic, sources)) }
  }
}
