public import Core

/// One action for a worker: what the command line says for a worker that runs a single one.
public struct WorkerJob: Hashable, Sendable, Codable {
  public var key: Digest
  /// The step's id, for the record.
  public var step: String
  public var threads: Int
  /// Where material outside the store lies, by name.
  public var locations: [String: String]

  public init(key: Digest, step: String, threads: Int, locations: [String: String]) {
    self.key = key
    self.step = step
    self.threads = threads
    self.locations = locations
  }
}

/// What a controller tells its worker, one JSON object a line.
enum WorkerRequest: Hashable, Codable {
  /// A warm worker runs this next.
  case run(WorkerJob)
  /// Save the work and end the step.
  case stop
}
