/// What the steps of a run may take together.
public struct Budget: Hashable, Sendable {
  /// How many steps at once.
  public var jobs: Int
  /// How many processor cores.
  public var cores: Int
  /// How many bytes of memory, by what steps are expected to take; nothing holds them to it.
  public var memory: Int64

  public init(jobs: Int, cores: Int, memory: Int64) {
    precondition(jobs > 0 && cores > 0 && memory > 0, "a budget that no step could start in")
    self.jobs = jobs
    self.cores = cores
    self.memory = memory
  }

  /// So much that no step waits for another to end.
  public static let unlimited = Budget(jobs: 1 << 30, cores: 1 << 30, memory: 1 << 60)
}
