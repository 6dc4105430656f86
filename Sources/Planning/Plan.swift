public import Core

/// The graph of steps that a study means; pure data.
///
/// Steps stand in an order in which every step follows those it reads.
public struct Plan: Hashable, Sendable {
  public var study: String
  /// The digest of the canonical study, without positions.
  public var studyDigest: Digest
  public var steps: [Step]
  /// What is wrong with the design although it can be run, such as too few replicates to reject.
  public var warnings: [Diagnostic]
  /// The number of (experiment, size, initialization, replicate).
  public var cells: Int
  private let positions: [StepID: Int]

  public init(
    study: String, studyDigest: Digest, steps: [Step], warnings: [Diagnostic], cells: Int
  ) {
    self.study = study
    self.studyDigest = studyDigest
    self.steps = steps
    self.warnings = warnings
    self.cells = cells
    positions = Dictionary(
      steps.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first }
    )
  }

  /// The step with an id.
  public subscript(id: StepID) -> Step? { positions[id].map { steps[$0] } }

  /// Where a step stands in `steps`.
  public func position(of id: StepID) -> Int? { positions[id] }
}

/// A step's name in its study, which reads like a path: `gland/imagenet/n=8/r=3/train`.
public struct StepID: Hashable, Sendable, Comparable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  public let text: String
  public init(_ text: String) { self.text = text }
  public init(stringLiteral text: String) { self.text = text }
  public var description: String { text }
  public static func < (a: StepID, b: StepID) -> Bool {
    a.text.utf8.lexicographicallyPrecedes(b.text.utf8)
  }
}

/// One unit of work: kind, parameters, named inputs.
public struct Step: Hashable, Sendable {
  public var id: StepID
  public var kind: StepKind
  /// Ascending by name. Only what the step reads.
  public var parameters: [Parameter]
  /// Ascending by name.
  public var inputs: [Input]
  /// The study's seed, for kinds that draw.
  public var seed: Located<Int64>?
  /// The experiment, dataset or initialization that the step belongs to, for people.
  public var group: String
  /// The line of the manifest that asked for the step.
  public var location: SourceLocation?

  /// A value that the step reads; where it was written is no part of its identity.
  public struct Parameter: Hashable, Sendable {
    public var name: String
    public var value: Located<CanonicalValue>

    public init(_ name: String, _ value: CanonicalValue, at location: SourceLocation?) {
      self.name = name
      self.value = Located(value, at: location)
    }
  }

  /// An artifact that the step reads, and where it comes from.
  public struct Input: Hashable, Sendable {
    public enum Origin: Hashable, Sendable {
      /// A named output of another step.
      case output(StepID, String)
      /// The listing of a dataset's files.
      case listing(dataset: String)
      /// The weight file of an initialization.
      case file(initialization: String)
    }
    public var name: String
    public var origin: Origin

    public init(_ name: String, _ origin: Origin) {
      self.name = name
      self.origin = origin
    }
  }

  public init(
    id: StepID, kind: StepKind, parameters: [Parameter], inputs: [Input], seed: Located<Int>,
    group: String, location: SourceLocation?
  ) {
    self.id = id
    self.kind = kind
    self.parameters = parameters.sorted { $0.name < $1.name }
    self.inputs = inputs.sorted { $0.name < $1.name }
    self.seed = kind.draws ? seed.map { Int64($0) } : nil
    self.group = group
    self.location = location
  }

  /// The steps whose outputs this one reads, each once, in order of input name.
  public var dependencies: [StepID] {
    var seen: Set<StepID> = []
    return inputs.compactMap { input in
      guard case .output(let id, _) = input.origin, seen.insert(id).inserted else { return nil }
      return id
    }
  }

  /// The action that this step is once its inputs are known: the pre-image of its key.
  ///
  /// Nothing about host, path, time, thread count or names is in it.
  public func action(inputs digests: [String: Digest]) -> CanonicalValue {
    precondition(inputs.allSatisfy { digests[$0.name] != nil }, "\(id) lacks an input")
    return [
      "microtome.action.v1", .text(kind.rawValue), CanonicalValue(kind.version),
      .map(Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.value.value) })),
      .map(digests.mapValues { .digest($0) }),
      seed.map { .integer($0.value) } ?? .null,
    ]
  }
}
