internal import Core
internal import Storage

/// What the last failed try of an action said, kept until it succeeds.
public struct FailureNote: Hashable, Sendable, Codable {
  /// One thing that was wrong.
  public struct Problem: Hashable, Sendable, Codable {
    public var code: String
    public var message: String
    public var hint: String?
    /// Whether it only warns.
    public var isWarning: Bool

    public init(code: String, message: String, hint: String? = nil, isWarning: Bool = false) {
      self.code = code
      self.message = message
      self.hint = hint
      self.isWarning = isWarning
    }
  }

  public var problems: [Problem]
  /// Whether the disk or the system was at fault, so that another try may succeed. What an action
  /// says of its own input it would say again: its result depends on nothing else.
  public var isOfSurroundings: Bool?

  public init(problems: [Problem], isOfSurroundings: Bool? = nil) {
    self.problems = problems
    self.isOfSurroundings = isOfSurroundings
  }

  static func path(of key: Digest, in workspace: Workspace) -> Path {
    workspace.store.workPath(of: key) / "failure.json"
  }

  /// The first problem of the last try; `nil` if there was none.
  static func read(key: Digest, in workspace: Workspace) -> String? {
    guard let bytes = try? workspace.files.read(path(of: key, in: workspace)),
      let note = try? JSON.decode(FailureNote.self, from: bytes)
    else { return nil }
    return note.problems.first?.message ?? "it failed"
  }
}
