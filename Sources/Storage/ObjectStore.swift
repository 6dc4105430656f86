public import Core

/// Immutable content, named by its SHA-256.
public protocol ObjectStore: Sendable {
  /// Stores bytes and returns their name; storing the same bytes again is free.
  @discardableResult
  func write(_ bytes: [UInt8]) throws(StoreError) -> Digest
  /// The bytes of an object, checked against its name.
  func read(_ digest: Digest) throws(StoreError) -> [UInt8]
  /// The size of an object in bytes; `nil` if it is not there. Its bytes are not looked at.
  func size(of digest: Digest) throws(StoreError) -> Int64?
}

/// What actions gave, by their keys.
public protocol ActionRecords: Sendable {
  /// The record of an action; `nil` if it never succeeded.
  func record(for key: Digest) throws(StoreError) -> ActionRecord?
  /// Makes a record visible, at once and durably.
  func publish(_ record: ActionRecord) throws(StoreError)
}

/// An object under a name: an output of an action, or an entry of a tree.
public struct NamedObject: Hashable, Sendable, Codable {
  public var name: String
  public var digest: Digest
  public var bytes: Int64

  public init(name: String, digest: Digest, bytes: Int64) {
    self.name = name
    self.digest = digest
    self.bytes = bytes
  }
}

/// What an action gave, and the facts of its run that are no part of its identity.
public struct ActionRecord: Hashable, Sendable, Codable {
  public var key: Digest
  public var kind: String
  public var version: Int
  /// Ascending by name.
  public var outputs: [NamedObject]
  /// The objects that the outputs name inside themselves, such as the images of a split.
  public var parts: [NamedObject]
  /// The id that the step had in the study that ran it.
  public var step: String
  public var seconds: Double
  public var cpuSeconds: Double
  public var peakBytes: Int64
  public var threads: Int
  /// Architecture, kernel revision and library versions that decide bits.
  public var numerics: String
  /// When the step finished, ISO 8601 in UTC.
  public var finished: String
  /// Findings that did not stop the step.
  public var warnings: [String]
  /// Objects that were given and then freed, because no study wants them kept; what needs one makes
  /// it again. Ascending.
  public var freed: [Digest]?

  public init(
    key: Digest, kind: String, version: Int, outputs: [NamedObject],
    parts: [NamedObject] = [], step: String,
    seconds: Double, cpuSeconds: Double, peakBytes: Int64, threads: Int, numerics: String,
    finished: String, warnings: [String]
  ) {
    self.key = key
    self.kind = kind
    self.version = version
    self.outputs = outputs.sorted { $0.name < $1.name }
    self.parts = parts
    self.step = step
    self.seconds = seconds
    self.cpuSeconds = cpuSeconds
    self.peakBytes = peakBytes
    self.threads = threads
    self.numerics = numerics
    self.finished = finished
    self.warnings = warnings
  }

  /// The objects that have to be there.
  public var kept: [NamedObject] {
    guard let freed = freed.map(Set.init) else { return outputs + parts }
    return (outputs + parts).filter { !freed.contains($0.digest) }
  }

  /// The output under a name.
  public subscript(output name: String) -> NamedObject? {
    outputs.first { $0.name == name }
  }
}
