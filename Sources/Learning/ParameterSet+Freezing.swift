extension ParameterSet {
  /// Freezes the parameters whose names begin with a prefix.
  ///
  /// They take no gradient and, in optimisers made afterwards, no state. What only frozen parts
  /// have touched is not kept for the backward pass.
  ///
  /// - Parameters:
  ///   - prefix: Such as `encoder.` or `layer1.`; the empty one freezes all.
  ///   - holdingStatistics: Whether batch normalisations there run on their running statistics,
  ///     unchanged, in training too; otherwise they go on with the batch's.
  public func freeze(_ prefix: String = "", holdingStatistics: Bool = true) {
    for parameter in all where parameter.name.hasPrefix(prefix) {
      parameter.isFrozen = !parameter.isStatistic || holdingStatistics
    }
  }

  /// Makes the parameters whose names begin with a prefix learn again.
  public func unfreeze(_ prefix: String = "") {
    for parameter in all where parameter.name.hasPrefix(prefix) { parameter.isFrozen = false }
  }
}
