internal import ArgumentParser
internal import Core
internal import Execution
internal import Steps
internal import Storage

struct Worker: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Run one action of a store in this process.",
    discussion: """
      `microtome run` starts this for each long step, and one that serves the short ones. By hand it \
      reproduces one step: a failed step shows the whole command line.
      """,
    shouldDisplay: false)

  @Option(help: "The store's directory.")
  var store: String

  @Option(help: "How many threads to use; the results do not depend on it.")
  var threads = 1

  @Option(help: "The step's id, for the record.")
  var step = ""

  @Option(help: ArgumentHelp("Where material outside the store lies.", valueName: "name=path"))
  var location: [String] = []

  @Flag(help: .hidden)
  var supervised = false

  @Flag(help: .hidden)
  var serve = false

  @Argument(help: "The action's key.")
  var key: String?

  func validate() throws {
    if (key == nil) != serve { throw ValidationError("a worker needs the key of an action") }
  }

  func run() throws {
    try Machine.requireKernels()
    let files = LocalFileSystem()
    let place = Session.absolute(store)
    if supervised { Machine.yieldMemoryFirst() }
    let channel = WorkerChannel(supervised: supervised)
    channel.listen()
    guard let key else {
      return WorkerServer(
        store: place, files: files, numerics: NumericsIdentity.current, channel: channel
      ).run(StepRunners.runner(for:))
    }
    guard let digest = Digest(hex: key) else {
      throw ValidationError("`\(key)` is not a key: 64 hexadecimal digits")
    }
    let worker = StepWorker(
      store: try Store(at: place, files: files), files: files,
      job: WorkerJob(key: digest, step: step, threads: max(1, threads), locations: locations),
      numerics: NumericsIdentity.current, channel: channel)
    throw ExitCode(worker.run(StepRunners.runner(for:)).rawValue)
  }

  private var locations: [String: String] {
    Dictionary(
      location.compactMap { word in
        word.firstIndex(of: "=").map {
          (String(word[..<$0]), Session.absolute(String(word[word.index(after: $0)...])).text)
        }
      }, uniquingKeysWith: { _, last in last })
  }
}
