internal import Core

extension Plan {
  /// The plan as text, the same on every machine: one line for each step.
  ///
  /// Committed for each manifest as a golden file: a refactor leaves it byte for byte as it was.
  public var encoded: String {
    steps.map { step in
      let parameters = step.parameters.map { "\($0.name)=\($0.value.value)" }
      let inputs = step.inputs.map { "\($0.name)<-\($0.origin)" }
      let seed = step.seed.map { ["seed=\($0.value)"] } ?? []
      let words = ["\(step.id)", "\(step.kind.rawValue).v\(step.kind.version)"]
      return (words + parameters + inputs + seed).joined(separator: " ") + "\n"
    }.joined()
  }
}

extension Step.Input.Origin: CustomStringConvertible {
  public var description: String {
    switch self {
    case .output(let id, let name): "\(id):\(name)"
    case .listing(let dataset): "files of \(dataset)"
    case .file(let initialization): "weights of \(initialization)"
    }
  }
}
