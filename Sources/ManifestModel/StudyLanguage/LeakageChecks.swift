internal import Core

/// Images that serve two purposes which should not meet.
enum LeakageChecks {
  /// Warns of encoders that were pretrained on what they are tested on, or refuses them.
  static func checkPretraining(_ study: Study, _ reading: inout Reading) {
    for initialization in study.initializations {
      guard case .pretrain(let pretraining) = initialization.source else { continue }
      let users = study.experiments.filter {
        $0.initializations.contains { $0.value == initialization.name.value }
      }
      let tests = users.flatMap { $0.test + $0.outOfDomain }
      guard
        let test = tests.first(where: {
          reading.declared.holdSameImages($0.value, pretraining.dataset.value)
        })
      else { continue }
      let isRefused = [test.value, pretraining.dataset.value].contains {
        reading.declared.datasetValues[$0.dataset]?.refusesLeakage == true
      }
      let message =
        "`\(initialization.name.value)` is pretrained on `\(test.value)`, which it is tested on"
      if isRefused {
        reading.error(
          "manifest.pretraining-on-test", message, at: pretraining.dataset.location,
          hint: "pretrain on another split, or write `leakage: warn`")
      } else {
        reading.warning(
          "manifest.pretraining-on-test", message, at: pretraining.dataset.location,
          hint: "pretrain on another split, or report that the encoder has seen the test images")
      }
    }
  }
}

extension Declarations {
  /// Whether two splits are one by name, or by what their datasets read.
  func holdSameImages(_ a: SplitReference, _ b: SplitReference) -> Bool {
    guard a != b else { return true }
    guard a.split == b.split, let first = datasetValues[a.dataset],
      let second = datasetValues[b.dataset], let root = first.root
    else { return false }
    return root == second.root && first.format == second.format && first.folder == second.folder
      && first.reading == second.reading
  }
}
