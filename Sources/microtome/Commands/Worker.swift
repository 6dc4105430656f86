internal import ArgumentParser
internal import Core
internal import Execution
internal import Steps
internal import Storage

struct Worker: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run one action of a store in this process.",
    discussion: """
      `microtome run` starts this for each step. By hand it reproduces one step: a failed step shows \
      the whole command line.
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

  @Argument(help: "The action's key.")
  var key: String

  func run() throws {
    guard let key = Digest(hex: key) else {
      throw ValidationError("`\(self.key)` is not a key: 64 hexadecimal digits")
    }
    try Machine.requireKernels()
    let files = LocalFileSystem()
    let store: Store
    do throws(StoreError) {
      store = try Store(at: Session.absolute(self.store), files: files)
    } catch {
      throw CommandFailure(error)
    }
    let channel = WorkerChannel(supervised: supervised)
    channel.listen()
    let worker = StepWorker(
      store: store, files: files, key: key, step: step, threads: max(1, threads),
      locations: Dictionary(
        location.compactMap { word in
          word.firstIndex(of: "=").map {
            (String(word[..<$0]), Session.absolute(String(word[word.index(after: $0)...])))
          }
        }, uniquingKeysWith: { _, last in last }),
      numerics: NumericsIdentity.current, channel: channel)
    throw ExitCode(worker.run(StepRunners.runner(for:)).rawValue)
  }
}
