internal import Core

/// Studies that are too large to be planned: a few bytes of manifest can mean any number of steps.
enum SizeChecks {
  /// How many predictions a study may ask for.
  ///
  /// A cell takes minutes, so this many are decades; their plan would still fit in memory.
  private static let mostPredictions = 1_000_000

  /// Reports a study of too many cells and test sets.
  static func check(_ study: Study, _ reading: inout Reading) {
    // A number out of its range has been told already.
    guard !reading.diagnostics.contains(where: { $0.severity == .error }) else { return }
    // In floating point, because the product may be past the word.
    var predictions = 0.0
    for experiment in study.experiments {
      let factors = [
        experiment.subsetSizes.count, experiment.initializations.count,
        experiment.replicates.value, experiment.test.count + experiment.outOfDomain.count,
      ]
      predictions += factors.map(Double.init).reduce(1, *)
      guard predictions > Double(mostPredictions) else { continue }
      return reading.error(
        "manifest.too-many-cells",
        "the study asks for more than \(mostPredictions) predictions: sizes, initializations, "
          + "replicates and test sets multiply",
        at: experiment.name.location, hint: "use fewer `subset_sizes` or `replicates`")
    }
  }
}
