public import Core
public import Planning

/// A dataset's files or a weight file that are not on this machine.
public struct Absence: Hashable, Sendable {
  /// The input that cannot be read: the listing of a dataset or the file of an initialization.
  public var origin: Step.Input.Origin
  /// The dataset or initialization, as `--data NAME=PATH` names it.
  public var name: String
  /// Where it was looked for; `nil` where nothing says where it lies.
  public var path: Path?
  /// What `run` refuses with, at the manifest's line.
  public var diagnostic: Diagnostic

  /// The absence in one phrase, and what ends it.
  public var sentence: String {
    let place = path.map { "not here, looked for at \($0)" } ?? "not here, and nothing says where"
    return "`\(name)` is \(place): say where with `--data \(name)=PATH`"
  }
}

extension [Absence] {
  /// What a command has to say that cannot do without them.
  public var problems: EnvironmentProblems {
    EnvironmentProblems(diagnostics: map(\.diagnostic).inSourceOrder)
  }
}
