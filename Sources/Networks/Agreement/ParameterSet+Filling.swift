internal import Learning

extension ParameterSet {
  /// Gives every parameter values that its key and a tag determine; see `ReferenceAgreement`.
  func fill(tag: String) {
    for parameter in all {
      let fanIn = parameter.shape.dropFirst().reduce(1, *)
      let (scale, offset): (Float, Float) =
        switch parameter.name.split(separator: ".").last {
        case "weight" where parameter.shape.count > 1:
          (Float((6 / Double(fanIn)).squareRoot() * 0.7), 0)
        case "weight": (0.2, 1)
        case "bias", "running_mean": (0.1, 0)
        case "running_var": (0.5, 1)
        default: (0.02, 0)
        }
      parameter.set(
        HashedUniform("\(tag)/\(parameter.name)").values(
          parameter.count, scale: scale, offset: offset,
          isFolded: parameter.name.hasSuffix("running_var")))
    }
  }
}
