public import Core
public import Planning
internal import Storage

/// A warm worker: runs short steps one after another, until its controller closes the line.
///
/// Starting a process costs more than a short step does. Each step still gets its own log, its own
/// lease and a store that has verified nothing yet, so that what it gives depends on its action alone.
public struct WorkerServer {
  let store: Path
  let files: any FileSystem
  let numerics: String
  let channel: WorkerChannel

  public init(store: Path, files: any FileSystem, numerics: String, channel: WorkerChannel) {
    self.store = store
    self.files = files
    self.numerics = numerics
    self.channel = channel
  }

  /// Serves until the process ends.
  public func run(_ runner: (StepKind) -> any StepRunner) {
    channel.forEachJob { job in
      channel.send(.ended(ending(of: job, runner).rawValue))
    }
  }

  private func ending(
    of job: WorkerJob, _ runner: (StepKind) -> any StepRunner
  ) -> StepWorker.Ending {
    do throws(StoreError) {
      let store = try Store(at: store, files: files)
      channel.redirect(to: store.logPath(of: job.key))
      return StepWorker(
        store: store, files: files, job: job, numerics: numerics, channel: channel
      ).run(runner)
    } catch {
      channel.send(
        .failed(
          FailureNote(
            problems: [.init(code: "store.unusable", message: error.message)],
            isOfSurroundings: true)))
      return .failed
    }
  }
}
