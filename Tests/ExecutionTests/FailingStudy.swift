import Core
import ManifestModel
import Planning
import Storage
import Synchronization
import Testing

@testable import Execution

/// A small study over files, run as `run` does it with workers in this process, for tests that make
/// operations fail under it.
struct FailingStudy {
  /// How a run ended, if not at its end, in the words and with the code that people get.
  enum Ending: Equatable {
    case done([StepID: [NamedObject]])
    case stopped(exit: Int, words: String)
  }

  private static let manifest = """
    microtome: 1
    study: failing
    datasets:
      files: { format: image-mask-folder, root: data, table: table.csv }
    initializations: { random: {} }
    experiments:
      gland:
        task: gland-segmentation
        model: { encoder: resnet18, decoder: unet }
        dataset: files
        subset_sizes: [2]
        initialization: [random]
        replicates: 1
        training: { patch: 32, batch: 1, steps: 1, optimizer: { adam: { learning_rate: 1.0e-3 } } }
        selection: last
        test: [files/test]

    """

  /// Reads all that a step reads and gives what its readers want, from the inputs alone.
  private struct Runner: StepRunner {
    let outputs: [String]

    func run(_ context: StepContext) throws {
      var bytes: [UInt8] = []
      for name in context.action.inputs.keys.sorted() { bytes += try context.read(input: name) }
      if context.action.kind == .import {
        bytes += try context.files.read(context.location("root") / "images/a.png")
      }
      try context.saveCheckpoint(bytes)
      bytes = try context.loadCheckpoint() ?? []
      for name in outputs {
        let digest = SHA256.digest(of: bytes + Array(name.utf8))
        let part = try context.store("part of \(name)", digest.bytes)
        _ = try context.read(object: part.digest)
        try context.write(output: name, Array(part.digest.hex.utf8))
      }
    }
  }

  let root: Path
  private let study: Study
  let thePlan: Plan

  init(at root: Path) throws {
    self.root = root
    study = try ManifestLoader(files: Self.disk(root)).load(
      root / "study.yaml", displayedAs: "study.yaml"
    ).study
    thePlan = plan(study)
  }

  /// A disk in memory with the study and its data. SQLite and the leases know the real one only.
  func disk() throws(FileError) -> MemoryFileSystem { try Self.disk(root) }

  private static func disk(_ root: Path) throws(FileError) -> MemoryFileSystem {
    let disk = MemoryFileSystem()
    try disk.createDirectory(root / "data/images")
    try disk.write(Array(manifest.utf8), to: root / "study.yaml")
    try disk.write(Array("stem,split\n".utf8), to: root / "data/table.csv")
    try disk.write([1, 2, 3], to: root / "data/images/a.png")
    return disk
  }

  /// Opens the index on the real disk.
  func workspace() throws -> Workspace {
    try Workspace(
      manifest: root / "study.yaml", study: "failing", store: root / "store", results: nil,
      files: LocalFileSystem())
  }

  /// What `run` does.
  ///
  /// - Parameter isNoted: Whether the index learns of the files and the steps.
  func run(in workspace: Workspace, _ files: any FileSystem, isNoted: Bool = false) -> Ending {
    ending {
      var workspace = workspace
      workspace.files = files
      workspace.store = try Store(at: workspace.store.root, files: files)
      return try run(in: workspace, isNoted: isNoted)
    }
  }

  /// What becomes of a body that may fail, in words and with the exit code.
  func ending(of body: () throws -> Ending) -> Ending {
    do {
      return try body()
    } catch let problems as EnvironmentProblems {
      return .stopped(exit: 3, words: problems.diagnostics.map(\.message).joined())
    } catch let error where error is StoreError || error is FileError {
      return .stopped(exit: 3, words: "\(error)")
    } catch {
      // What nobody has foreseen is a defect of ours.
      return .stopped(exit: 70, words: "\(error)")
    }
  }

  private func run(in workspace: Workspace, isNoted: Bool) throws -> Ending {
    let externals = try ExternalScan(
      study: study, locations: DataLocations(arguments: [:], file: nil, root: root),
      // Files that changed just before they were looked at are not remembered.
      workspace: workspace, now: isNoted ? .max : 0, progress: { _, _, _ in }
    ).run(for: thePlan)
    _ = try workspace.index.costs()
    var notes = isNoted ? IndexNotes(index: workspace.index, scope: workspace.scope) : nil
    defer { notes?.flush() }
    var records: [StepID: ActionRecord] = [:]
    for step in thePlan.steps {
      let inputs = step.inputDigests(
        output: { records[$0]?[output: $1]?.digest }, external: { externals.digest(of: $0) })!
      let action = step.action(inputs: inputs)
      if let words = try work(step, action, in: workspace) {
        return .stopped(exit: 1, words: words)
      }
      guard let record = try workspace.store.record(for: action.identity) else {
        throw StoreError(.unreadable, "\(step.id) has left no record")
      }
      records[step.id] = record
      notes?.add(costOf: record, likeness: step.likeness)
      notes?.add(key: record.key, of: step.id)
    }
    return .done(records.mapValues(\.outputs))
  }

  private func work(
    _ step: Step, _ action: CanonicalValue, in workspace: Workspace
  ) throws -> String? {
    if let record = try workspace.store.record(for: action.identity),
      try workspace.store.holdsOutputs(of: record)
    {
      return nil
    }
    try workspace.store.write(action.encoded)
    let said = Mutex("")
    let outputs = thePlan.steps.flatMap(\.inputs).compactMap { input -> String? in
      if case .output(step.id, let name) = input.origin { name } else { nil }
    }
    let worker = StepWorker(
      store: workspace.store, files: workspace.files,
      job: WorkerJob(
        key: action.identity, step: step.id.text, threads: 1,
        locations: ["root": (root / "data").text]), numerics: "tests",
      channel: WorkerChannel(supervised: false) { line in said.withLock { $0 += line } })
    let ending = worker.run { _ in Runner(outputs: Set(outputs).sorted() + ["also"]) }
    return ending == .succeeded ? nil : said.withLock { $0 }
  }
}
