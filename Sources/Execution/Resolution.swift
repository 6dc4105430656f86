public import Core
public import Planning
public import Storage

/// What is known of a step before it runs.
public enum StepState: Hashable, Sendable {
  /// Its action was run before and all that it gave is there.
  case cached(ActionRecord)
  /// Its inputs are known and its action has no usable record.
  case ready(key: Digest)
  /// It reads a step that is not cached.
  case waiting
  /// It reads files that are not on this machine, so nobody can say what it would do.
  case noData(Absence)
  /// Another process runs the action.
  case running(key: Digest)
  /// The action was tried before and failed.
  case failed(key: Digest, reason: String)

  /// The word for people and for JSON.
  public var word: String {
    switch self {
    case .cached: "cached"
    case .ready: "ready"
    case .waiting: "waiting"
    case .noData: "no-data"
    case .running: "running"
    case .failed: "failed"
    }
  }

  /// Every word, in the order in which counts are shown.
  public static let words = ["cached", "ready", "waiting", "no-data", "running", "failed"]

  /// The key of the step's action, where its inputs are known.
  public var key: Digest? {
    switch self {
    case .cached(let record): record.key
    case .ready(let key), .running(let key), .failed(let key, _): key
    case .waiting, .noData: nil
    }
  }
}

/// The state of every step of a plan against a store.
public struct Resolution: Sendable {
  public private(set) var states: [StepID: StepState] = [:]
  /// The digests of the inputs of every step whose inputs are known.
  public private(set) var inputs: [StepID: [String: Digest]] = [:]

  /// Looks at every step once, in order.
  public init(of plan: Plan, externals: Externals, in workspace: Workspace) throws {
    let store = workspace.store
    for step in plan.steps {
      guard let digests = Self.inputs(of: step, externals: externals, records: states) else {
        states[step.id] = externals.absence(for: step).map { .noData($0) } ?? .waiting
        continue
      }
      inputs[step.id] = digests
      let key = step.action(inputs: digests).identity
      if let record = try store.record(for: key), try store.holdsOutputs(of: record) {
        states[step.id] = .cached(record)
      } else if Lease.isHeld(key, in: store) {
        states[step.id] = .running(key: key)
      } else if let reason = FailureNote.read(key: key, in: workspace) {
        states[step.id] = .failed(key: key, reason: reason)
      } else {
        states[step.id] = .ready(key: key)
      }
    }
  }

  /// The digests that a step reads; `nil` as long as one of them is not known.
  private static func inputs(
    of step: Step, externals: Externals, records: [StepID: StepState]
  ) -> [String: Digest]? {
    step.inputDigests { id, output in
      if case .cached(let record)? = records[id] { record[output: output]?.digest } else { nil }
    } external: {
      externals.digest(of: $0)
    }
  }

  /// How many steps of the plan read files that are not here, or a step that does.
  public func countOfStepsWithoutData(in plan: Plan) -> Int {
    var found: Set<StepID> = []
    for step in plan.steps {
      if case .noData? = states[step.id] {
        found.insert(step.id)
      } else if step.dependencies.contains(where: found.contains) {
        found.insert(step.id)
      }
    }
    return found.count
  }

  /// The record of a cached step.
  public func record(of id: StepID) -> ActionRecord? {
    if case .cached(let record)? = states[id] { record } else { nil }
  }
}

extension Step {
  /// The digests behind the inputs, by name; `nil` as soon as one is unknown.
  func inputDigests(
    output: (StepID, String) -> Digest?, external: (Input.Origin) -> Digest?
  ) -> [String: Digest]? {
    var digests: [String: Digest] = [:]
    for input in inputs {
      let digest =
        if case .output(let id, let name) = input.origin { output(id, name) } else {
          external(input.origin)
        }
      guard let digest else { return nil }
      digests[input.name] = digest
    }
    return digests
  }
}
