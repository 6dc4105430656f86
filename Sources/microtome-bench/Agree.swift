internal import ArgumentParser
internal import Core
internal import Networks

struct Agree: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compare every row of a file of reference figures with what the engine computes.")

  @Option(help: "The file of figures, of the form of engine.json.")
  var reference: String

  @Option(help: "The tag under which the file's tensors are filled.")
  var tag: String

  @Option(help: "Threads at work; results do not depend on it.")
  var threads = 1

  @Flag(help: "Print exactly one JSON object.")
  var json = false

  func validate() throws {
    guard threads >= 1 else { throw ValidationError("--threads is at least 1") }
  }

  func run() throws {
    let bytes: [UInt8]
    do {
      bytes = try LocalFileSystem().read(Path(reference))
    } catch {
      throw ValidationError("\(error)")
    }
    let agreement: ReferenceAgreement
    do {
      agreement = try ReferenceAgreement(json: bytes, tag: tag)
    } catch {
      throw ValidationError("\(reference) is not a file of reference figures: \(error)")
    }
    var rows: [AgreementRow] = []
    for name in agreement.names {
      let found = agreement.rows(named: name, threads: threads)
      rows += found
      guard !json else { continue }
      for row in found {
        print("\(row.agrees ? "ok" : "NO")  \(row.name): \(row.deviation) (\(row.tolerance))")
      }
    }
    if json { print(JSON.text(["rows": rows])) }
  }
}
