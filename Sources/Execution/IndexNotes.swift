internal import Core
internal import Planning
internal import Storage

/// What a run has to tell the index, gathered so that a thousand short steps cost a few transactions.
struct IndexNotes {
  private let index: StoreIndex
  private let scope: String
  private var costs: [(record: ActionRecord, likeness: Digest?)] = []
  private var keys: [(step: String, key: Digest)] = []
  private let clock = ContinuousClock()
  private var lastFlush: ContinuousClock.Instant

  init(index: StoreIndex, scope: String) {
    self.index = index
    self.scope = scope
    lastFlush = clock.now
  }

  mutating func add(costOf record: ActionRecord, likeness: Digest) {
    costs.append((record, likeness))
  }

  /// Notes the key that a step had in this run; a run that is killed loses what its last second told.
  mutating func add(key: Digest, of step: StepID) {
    keys.append((step.text, key))
    if clock.now - lastFlush > .seconds(1) { flush() }
  }

  /// Writes what was gathered. The index is derived: a run does not fail because it could not be
  /// written.
  mutating func flush() {
    try? index.remember(costsOf: costs)
    try? index.remember(keys: keys, in: scope)
    costs = []
    keys = []
    lastFlush = clock.now
  }
}
