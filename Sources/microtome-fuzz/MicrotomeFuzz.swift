internal import ArgumentParser
internal import Core

/// Hands damaged files to the parsers that read files of strangers.
#if !FUZZER
  @main
#endif
struct MicrotomeFuzz: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "microtome-fuzz",
    abstract: "Hands damaged files to the parsers that read files of strangers.",
    discussion: """
      Every file is made from a committed one and a number, so a crash can be had again. Parsers \
      run in a process of their own with limits on memory and processor time; a file that ends it \
      is kept, and the next one goes on.

        microtome-fuzz                            a short run over every parser
        microtome-fuzz png --executions 10000000  a long one
        microtome-fuzz png --file crash           one file, in this process

      Exit codes: 0 every file was read or refused; 1 a file was not.
      """)

  @Argument(help: "Which parsers: \(Parser.allCases.map(\.rawValue).joined(separator: ", ")).")
  var parsers: [String] = []
  @Option(help: "How many damaged files each parser gets.")
  var executions = 2000
  @Option(help: "Other numbers give other damage.")
  var seed: UInt64 = 1
  @Option(help: ArgumentHelp("The folder `Tests` of the repository.", valueName: "directory"))
  var tests = "Tests"
  @Option(help: ArgumentHelp("Where files that crash a parser are kept.", valueName: "directory"))
  var artifacts = ".build/fuzz"
  @Option(help: ArgumentHelp("Read one file instead, in this process.", valueName: "path"))
  var file: String?
  @Flag(help: "Print one JSON object.")
  var json = false
  @Option(help: .hidden) var attack: Int?

  func validate() throws {
    for name in parsers where Parser(rawValue: name) == nil {
      throw ValidationError("there is no parser `\(name)`")
    }
    guard executions > 0 else { throw ValidationError("--executions is at least 1") }
    guard file == nil && attack == nil || parsers.count == 1 else {
      throw ValidationError("name the one parser that reads the file")
    }
  }

  func run() throws {
    let files = LocalFileSystem()
    let corpus = Corpus(tests: Path(tests), files: files)
    let chosen = parsers.isEmpty ? Parser.allCases : parsers.compactMap(Parser.init)
    if let file {
      print(chosen[0].accepts(try files.read(Path(file))) ? "accepted" : "refused")
      return
    }
    var outcomes: [Campaign.Outcome] = []
    for parser in chosen {
      let attempts = Attempts(
        parser: parser, mutator: try corpus.mutator(for: parser), seed: seed)
      if let attack {
        return Attacker.run(attempts, attack..<attack + executions, progress: 3)
      }
      let outcome = try Campaign(
        attempts: attempts,
        arguments: [parser.rawValue, "--seed", "\(seed)", "--tests", tests],
        artifacts: Path(artifacts), files: files
      ).run(0..<executions)
      if !json { Self.show(outcome) }
      outcomes.append(outcome)
    }
    if json { print(JSON.text(outcomes)) }
    if outcomes.contains(where: { !$0.crashes.isEmpty }) { throw ExitCode(1) }
  }

  private static func show(_ outcome: Campaign.Outcome) {
    print(
      "\(outcome.parser): \(outcome.executions) files, \(outcome.accepted) accepted, "
        + "\(outcome.crashes.count) crashes")
    for crash in outcome.crashes { print("  \(crash.end): \(crash.path)") }
  }
}
