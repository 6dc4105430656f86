internal import Core

/// The worker processes that serve short steps, and those of them that have nothing to do.
struct WarmWorkers {
  private let program: Path
  private let store: Path
  private var idle: [WorkerProcess] = []

  init(program: Path, store: Path) {
    self.program = program
    self.store = store
  }

  /// A worker that runs the job: one that waits for work, else a new one.
  mutating func start(_ job: WorkerJob) throws(FileError) -> WorkerProcess {
    while let worker = idle.popLast() {
      // One that died while it had nothing to do is replaced.
      if !worker.hasEnded, worker.send(.run(job)) { return worker }
      _ = worker.finish()
    }
    let worker = try WorkerProcess(
      program: program, arguments: ["worker", "--store", store.text, "--supervised", "--serve"],
      log: nil)
    // A worker that is gone at once has closed its line, and whoever listens to it learns how.
    worker.send(.run(job))
    return worker
  }

  /// Takes a worker back that is done with its step.
  mutating func release(_ worker: WorkerProcess) { idle.append(worker) }

  /// Ends the workers that have nothing to do.
  mutating func dismiss() {
    for worker in idle { _ = worker.finish() }
    idle = []
  }
}
