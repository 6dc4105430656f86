public import Core
public import Planning

/// What carries out one kind of step; each kind has one, in `Steps`.
public protocol StepRunner: Sendable {
  /// Reads the inputs, writes the outputs; what it writes depends on the action alone.
  func run(_ context: StepContext) throws
}

/// A step that could not give its outputs, with everything that was wrong.
public struct StepFailure: Error, Hashable, CustomStringConvertible {
  public var problems: [FailureNote.Problem]

  public init(_ problems: [FailureNote.Problem]) { self.problems = problems }

  public init(_ code: String, _ message: String, hint: String? = nil) {
    problems = [.init(code: code, message: message, hint: hint)]
  }

  public var description: String { problems.map(\.message).joined(separator: "\n") }
}

/// The step was asked to stop and has kept what it needs to go on.
public struct StepInterrupted: Error {
  public init() {}
}

/// An action as its worker sees it: decoded from the object that its key names.
public struct StepAction: Hashable, Sendable {
  public let kind: StepKind
  public let version: Int
  public let parameters: [String: CanonicalValue]
  public let inputs: [String: Digest]
  public let seed: UInt64

  /// `nil` for bytes that are not an action of this release.
  public init?(decoding bytes: [UInt8]) {
    guard let parts = try? CanonicalValue(decoding: bytes).list, parts.count == 6,
      parts[0] == "microtome.action.v1", let kind = parts[1].text.flatMap(StepKind.init),
      let version = parts[2].integer, let parameters = parts[3].map, let inputs = parts[4].map
    else { return nil }
    self.kind = kind
    self.version = version
    self.parameters = parameters
    self.inputs = inputs.compactMapValues(\.digest)
    seed = UInt64(bitPattern: Int64(parts[5].integer ?? 0))
  }
}
