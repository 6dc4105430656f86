internal import Core
internal import ManifestModel
internal import Planning
internal import Storage

extension ReportAssembly {
  /// One row for each split of each dataset that the study reads.
  func datasetRows() throws -> [DatasetRow] {
    try study.datasets.flatMap { dataset -> [DatasetRow] in
      let id = StepNames.images(of: dataset)
      guard let record = records[id] else { return [] }
      let listing =
        dataset.synthesis == nil
        ? records[StepID("\(dataset.name.value)/source")]?[output: "listing"]?.digest : nil
      return try record.outputs.map(\.name).filter { $0.hasPrefix("split/") }.map { name in
        let index = try artifact(SplitIndex.self, id, name)
        return row(dataset, index, listing: listing ?? record.key)
      }
    }
  }

  private func row(_ dataset: Dataset, _ index: SplitIndex, listing: Digest) -> DatasetRow {
    let samples = index.samples
    let strata = Dictionary(grouping: samples.compactMap(\.stratum).filter { !$0.isEmpty }) { $0 }
    let areas = samples.map { ($0.width * $0.height, "\($0.width) x \($0.height)") }.sorted {
      $0.0 < $1.0
    }
    let sizes = [areas.first?.1, areas.last?.1].compactMap(\.self)
    return DatasetRow(
      name: dataset.name.value, format: dataset.format.value.rawValue, split: index.split,
      images: samples.count, patients: Set(samples.map(\.patient)).count,
      strata: strata.sorted { $0.key < $1.key }.map { .init(name: $0.key, images: $0.value.count) },
      sizes: sizes.first == sizes.last ? sizes.first ?? "" : sizes.joined(separator: " to "),
      objects: samples.contains { $0.objects != nil }
        ? samples.reduce(0) { $0 + ($1.objects ?? 0) } : nil,
      pixelSize: samples.first?.pixelSize, listing: listing)
  }

  /// Images that a model has seen, in training or pretraining, and is tested on all the same.
  ///
  /// - Parameter shown: An image's id as the results show it.
  func leakageWarnings(_ shown: (String) -> String) throws -> [String] {
    var warnings: [String] = []
    for experiment in study.experiments {
      let tests = experiment.testSets
      for (role, seen) in try seenSplits(of: experiment) {
        for test in tests {
          if seen == test {
            warnings.append("\(role) \(seen) is a test set of `\(experiment.name.value)`")
            continue
          }
          let shared = try index(of: test).images(alsoIn: index(of: seen))
          if !shared.isEmpty {
            let named = shared.map { "`\(shown($0.here))` is `\(shown($0.there))`" }
            warnings.append(
              "leakage: \(Wording.count(shared.count, "image")) of \(test) "
                + "\(shared.count == 1 ? "is" : "are") also in \(seen), which is the \(role) of "
                + "`\(experiment.name.value)`: \(named.listed())")
          }
          if seen.dataset == test.dataset { warnings += try patientWarning(seen, test, role) }
        }
      }
    }
    return warnings
  }

  private func patientWarning(
    _ seen: SplitReference, _ test: SplitReference, _ role: String
  ) throws -> [String] {
    let dataset = study.dataset(named: seen.dataset)
    // Without a group column every image is its own patient, and nothing can be said.
    guard dataset?.group != nil || dataset?.synthesis != nil else { return [] }
    let shared = Set(try index(of: seen).samples.map(\.patient))
      .intersection(try index(of: test).samples.map(\.patient))
    guard !shared.isEmpty else { return [] }
    return [
      "\(shared.count) patients of \(test) are also in \(seen), the \(role): in-domain figures may be "
        + "better than for new patients"
    ]
  }

  private func seenSplits(
    of experiment: Experiment
  ) throws -> [(role: String, split: SplitReference)] {
    var seen = [(role: "training set", split: experiment.dataset.value)]
    for name in experiment.initializations {
      if case .pretrain(let pretraining)? = study.initialization(named: name.value)?.source {
        seen.append(("pretraining set of \(name.value)", pretraining.dataset.value))
      }
    }
    return seen
  }

  private func index(of reference: SplitReference) throws -> SplitIndex {
    let dataset = study.dataset(named: reference.dataset)!
    return try artifact(
      SplitIndex.self, StepNames.images(of: dataset), "split/\(reference.split)")
  }

  /// What a reader should know besides: caveats of sizes and of records.
  func notes() throws -> [String] {
    var notes: [String] = []
    for experiment in study.experiments {
      if experiment.subsetSizes.contains(where: { $0.value == .all }) {
        notes.append(
          "At size `all` of `\(experiment.name.value)` every replicate has the whole pool: replicates "
            + "differ only in hold-out and training noise.")
      }
      if case .epochs = experiment.training.length {
        notes.append(
          "`\(experiment.name.value)` trains for epochs: larger subsets take more optimiser steps.")
      }
    }
    var seen: Set<String> = []
    for step in plan.steps {
      let warnings = (records[step.id]?.warnings ?? []).filter { seen.insert($0).inserted }
      // Warnings of an import name files, which hashed ids must not give away.
      if study.results.imageIds.value == .hashed, step.kind == .import, !warnings.isEmpty {
        notes.append("\(step.id): \(warnings.count) warnings, in its log")
      } else {
        notes += warnings.map { "\(step.id): \($0)" }
      }
    }
    return notes
  }
}
