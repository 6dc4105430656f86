internal import Core
public import Planning
public import Storage

extension Step {
  /// What the step is expected to take: what those like it took, else what it declares.
  public func demand(knowing costs: PastCosts) -> StepDemand {
    var demand = demand
    if let cost = costs.alike[likeness] { demand.memory = cost.peakBytes }
    return demand
  }

  /// Which past actions tell what this step will cost.
  var likeness: Digest {
    Likeness.digest(
      kind: .text(kind.rawValue), version: CanonicalValue(kind.version),
      parameters: Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.value.value) }))
  }
}
