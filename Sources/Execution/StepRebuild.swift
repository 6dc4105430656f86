public import Core
public import Planning
internal import Storage

/// Runs recorded steps again, each in an empty store of its own, and compares every output byte.
///
/// A step gets what its record says that it read, not what another rebuilt step gave: one step that is
/// not reproducible is named alone, and not with all that depend on it.
public struct StepRebuild {
  /// How a step that ran again compares with its record.
  public enum Outcome: Hashable, Sendable {
    case identical
    /// The first output, or part of one, that differs.
    case different(name: String, detail: String)
    /// It did not run to its end.
    case failed(detail: String)
  }

  let plan: Plan
  let resolution: Resolution
  let externals: Externals
  let workspace: Workspace
  let program: Path
  let threads: Int

  /// - Parameters:
  ///   - program: The program that is started as `worker`.
  ///   - threads: How many threads a step may use; its bytes do not depend on it.
  public init(
    plan: Plan, resolution: Resolution, externals: Externals, workspace: Workspace, program: Path,
    threads: Int
  ) {
    self.plan = plan
    self.resolution = resolution
    self.externals = externals
    self.workspace = workspace
    self.program = program
    self.threads = threads
  }

  /// Runs one recorded step again.
  ///
  /// - Parameter scratch: A directory for the empty store; it is removed at the end.
  public func run(_ step: Step, in scratch: Path) throws -> Outcome {
    guard let record = resolution.record(of: step.id), let inputs = resolution.inputs[step.id]
    else {
      preconditionFailure("\(step.id) has no record to compare with")
    }
    try workspace.files.remove(scratch)
    defer { try? workspace.files.remove(scratch) }
    let empty = try Store(at: scratch, files: workspace.files)
    try empty.write(step.action(inputs: inputs).encoded)
    for digest in try material(of: step, inputs) { try empty.take(digest, from: workspace.store) }
    if let problem = try work(step, record.key, in: empty) { return .failed(detail: problem) }
    guard let rebuilt = try empty.record(for: record.key) else {
      return .failed(detail: "it left no record")
    }
    return try compare(rebuilt, in: empty, with: record)
  }

  /// The objects that a step can read: its inputs, and what those name inside themselves.
  private func material(of step: Step, _ inputs: [String: Digest]) throws -> Set<Digest> {
    var objects: Set<Digest> = []
    for input in step.inputs {
      // A weight file is an input by its digest, and no object.
      if let digest = inputs[input.name], try workspace.store.size(of: digest) != nil {
        objects.insert(digest)
      }
      guard case .output(let id, _) = input.origin, let maker = resolution.record(of: id) else {
        continue
      }
      objects.formUnion(maker.parts.map(\.digest))
    }
    return objects
  }

  /// Runs a worker; gives what went wrong, if anything did.
  private func work(_ step: Step, _ key: Digest, in empty: Store) throws -> String? {
    let log = empty.logPath(of: key)
    try workspace.files.createDirectory(log.parent)
    let locations = externals.locations(of: step)
    let process = try WorkerProcess(
      program: program,
      arguments: [
        "worker", "--store", empty.root.text, "--threads", "\(step.kind.isHeavy ? threads : 1)",
        "--step", step.id.text, "--supervised",
      ] + locations.flatMap { ["--location", "\($0.name)=\($0.path)"] } + [key.hex], log: log)
    var isClosed = false
    while !isClosed {
      WorkerProcess.wait(for: [process], milliseconds: 1000)
      isClosed = process.receive().isClosed
    }
    let end = process.finish()
    if end == .exited(StepWorker.Ending.succeeded.rawValue) { return nil }
    let words = String(decoding: (try? workspace.files.read(log)) ?? [], as: UTF8.self)
    return words.split(separator: "\n").last.map(String.init) ?? "its worker ended with \(end)"
  }

  private func compare(
    _ rebuilt: ActionRecord, in empty: Store, with record: ActionRecord
  ) throws -> Outcome {
    for (ours, theirs) in [(rebuilt.outputs, record.outputs), (rebuilt.parts, record.parts)] {
      for (new, old) in zip(ours, theirs) where new != old {
        guard new.name == old.name else {
          return .different(name: old.name, detail: "is not there")
        }
        let (a, b) = (try empty.read(new.digest), try workspace.store.read(old.digest))
        let position =
          zip(a, b).enumerated().first { $1.0 != $1.1 }?.offset ?? min(a.count, b.count)
        return .different(
          name: old.name,
          detail: "differs from byte \(position) of \(b.count) on: \(new.digest) "
            + "now, \(old.digest) recorded")
      }
      if ours.count != theirs.count {
        let names = (ours.count > theirs.count ? ours : theirs).map(\.name)
        return .different(
          name: names[min(ours.count, theirs.count)], detail: "is only there once")
      }
    }
    return .identical
  }
}
