public import Core

extension StudyRun {
  /// What a run is allowed to do.
  public struct Options: Sendable {
    /// What all steps share.
    public var budget: Budget
    /// How often a step is tried again whose worker died, overran its time, or could not use the disk.
    public var retries = 0
    /// How long one step may run; `nil` for as long as it takes.
    public var stepLimit: Duration?
    /// How long a step that overran its time has to save its work before it is killed.
    public var grace = Duration.seconds(10)
    /// Whether a failure stops new steps, not only those that depend on it.
    public var failFast: Bool
    /// The program that is started as `worker`.
    public var program: Path

    public init(budget: Budget, failFast: Bool, program: Path) {
      self.budget = budget
      self.failFast = failFast
      self.program = program
    }
  }
}
