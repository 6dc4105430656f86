public import Core
public import Storage
private import Synchronization

/// Everything a running step may touch: its action, the store, its checkpoint, and word to the outside.
public final class StepContext: Sendable {
  public let action: StepAction
  public let key: Digest
  /// How many threads the step may use; the bits do not depend on it.
  public let threads: Int
  public let files: any FileSystem
  private let store: Store
  private let locations: [String: Path]
  private let numerics: String
  private let channel: WorkerChannel
  private let gathered = Mutex(Gathered())

  private struct Gathered {
    var outputs: [NamedObject] = []
    var parts: [NamedObject] = []
    var warnings: [String] = []
  }

  public init(
    action: StepAction, key: Digest, threads: Int, store: Store, files: any FileSystem,
    locations: [String: Path], numerics: String, channel: WorkerChannel
  ) {
    self.action = action
    self.key = key
    self.threads = threads
    self.store = store
    self.files = files
    self.locations = locations
    self.numerics = numerics
    self.channel = channel
  }

  /// A parameter of the action; a plan of this release always has those its runners read.
  public func parameter(_ name: String) -> CanonicalValue {
    guard let value = action.parameters[name] else {
      preconditionFailure("the action has no parameter `\(name)`")
    }
    return value
  }

  public func integer(_ name: String) -> Int { parameter(name).integer! }
  public func number(_ name: String) -> Double { parameter(name).number! }
  public func text(_ name: String) -> String { parameter(name).text! }

  /// The bytes of an input, checked against their digest.
  public func read(input name: String) throws -> [UInt8] {
    guard let digest = action.inputs[name] else {
      preconditionFailure("the action has no input `\(name)`")
    }
    return try store.read(digest)
  }

  /// The bytes of an object that an input names.
  public func read(object digest: Digest) throws -> [UInt8] { try store.read(digest) }

  /// Stores bytes that an output will name.
  public func store(_ name: String, _ bytes: [UInt8]) throws -> NamedObject {
    let part = NamedObject(name: name, digest: try store.write(bytes), bytes: Int64(bytes.count))
    gathered.withLock { $0.parts.append(part) }
    return part
  }

  /// Gives a named output.
  public func write(output name: String, _ bytes: [UInt8]) throws {
    let digest = try store.write(bytes)
    gathered.withLock {
      $0.outputs.append(.init(name: name, digest: digest, bytes: Int64(bytes.count)))
    }
  }

  /// Where something outside the store lies, such as the root of a dataset.
  public func location(_ name: String) throws -> Path {
    guard let path = locations[name] else {
      throw StepFailure(
        "worker.no-location", "the step needs the location of its \(name)",
        hint: "pass `--location \(name)=PATH`")
    }
    return path
  }

  /// A finding that does not stop the step; it goes into the record and the report.
  public func warn(_ message: String) {
    gathered.withLock { $0.warnings.append(message) }
    channel.say("warning: \(message)")
  }

  /// A line for the step's log.
  public func note(_ line: String) { channel.say(line) }

  /// Tells how far the step is, from 0 to 1.
  public func progress(_ fraction: Double, _ note: String) {
    channel.send(.progress(fraction, note))
  }

  /// Whether the step should save what it has and throw `StepInterrupted`.
  public var shouldStop: Bool { channel.shouldStop }

  /// Saves work in progress, replacing what was saved before; a killed step goes on from it.
  public func saveCheckpoint(_ bytes: [UInt8]) throws {
    try files.createDirectory(store.workPath(of: key))
    try files.write(seal(bytes) + bytes, to: checkpointPath)
  }

  /// What was saved last; `nil` if nothing was, if it is damaged, or if other arithmetic saved it.
  public func loadCheckpoint() throws -> [UInt8]? {
    guard try files.exists(checkpointPath) else { return nil }
    let bytes = try files.read(checkpointPath)
    guard bytes.count >= 32 else { return nil }
    let content = Array(bytes.dropFirst(32))
    return seal(content) == Array(bytes.prefix(32)) ? content : nil
  }

  /// Half a run with one arithmetic and half with another would give bytes that neither gives.
  private func seal(_ content: [UInt8]) -> [UInt8] {
    SHA256.digest(of: Array(numerics.utf8) + content).bytes
  }

  private var checkpointPath: Path { store.workPath(of: key) / "checkpoint" }

  var outputs: [NamedObject] { gathered.withLock { $0.outputs } }
  var parts: [NamedObject] { gathered.withLock { $0.parts } }
  var warnings: [String] { gathered.withLock { $0.warnings } }
}
