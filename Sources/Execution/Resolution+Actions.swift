public import Core
public import Planning
public import Storage

extension Resolution {
  /// Writes those of the lost actions that a plan says how to write; gives their number.
  public func restoreActions(
    _ lost: Set<Digest>, of plan: Plan, in store: Store
  ) throws -> Int {
    var restored = 0
    for step in plan.steps {
      guard let inputs = inputs[step.id] else { continue }
      let action = step.action(inputs: inputs)
      guard lost.contains(action.identity) else { continue }
      try store.write(action.encoded)
      restored += 1
    }
    return restored
  }
}
