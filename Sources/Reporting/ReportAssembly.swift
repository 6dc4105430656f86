public import Core
internal import Evaluation
public import ManifestModel
public import Planning
public import Storage

/// Gathers from records and artifacts what the results of a study show.
public struct ReportAssembly {
  let study: Study
  let plan: Plan
  let records: [StepID: ActionRecord]
  let store: Store
  let designWarnings: [Diagnostic]

  /// - Parameter records: The record of every step of the plan.
  public init(
    study: Study, plan: Plan, records: [StepID: ActionRecord], store: Store,
    warnings: [Diagnostic]
  ) {
    self.study = study
    self.plan = plan
    self.records = records
    self.store = store
    designWarnings = warnings
  }

  public func report() throws -> StudyReport {
    var report = StudyReport(
      study: study.name.value, question: study.question?.value, studyDigest: plan.studyDigest,
      seed: study.seed.value)
    report.hashesImageIDs = study.results.imageIds.value == .hashed
    let counts = try subsetCounts()
    report.experiments = study.experiments.map { summary(of: $0, counts) }
    report.measurements = try study.experiments.flatMap { try measurements(of: $0, counts) }
    report.comparisons = try comparisons()
    report.curves = try study.experiments.flatMap { try curves(of: $0, counts) }
    report.pretraining = try pretrainingCurves()
    report.loads = try loads()
    report.datasets = try datasetRows()
    report.overlays = try overlays()
    report.provenance = plan.steps.compactMap { step in
      records[step.id].map { record in
        ProvenanceRow(
          step: step.id.text, kind: record.kind, version: record.version, key: record.key,
          outputs: record.outputs.map { .init(name: $0.name, digest: $0.digest) })
      }
    }
    report.numericsID = Set(records.values.map(\.numerics)).sorted().joined(separator: "; ")
    // The page itself says where a design cannot reject.
    report.warnings =
      designWarnings.filter { $0.code != "design.cannot-reject" }.map(\.message)
      + (try leakageWarnings(report.shown(image:)))
    report.notes = try notes()
    return report
  }

  // MARK: Reading artifacts

  func bytes(_ id: StepID, _ output: String) throws -> [UInt8] {
    guard let digest = records[id]?[output: output]?.digest else {
      throw StoreError(.unreadable, "\(id) has no output `\(output)`")
    }
    return try store.read(digest)
  }

  func artifact<Value: Decodable>(_ type: Value.Type, _ id: StepID, _ output: String) throws
    -> Value
  {
    try JSON.decode(type, from: bytes(id, output))
  }

  /// What each declared size of each experiment came to.
  typealias Counts = [String: [SubsetSize: SubsetCount]]

  private func subsetCounts() throws -> Counts {
    var counts: Counts = [:]
    for experiment in study.experiments {
      for size in experiment.subsetSizes {
        counts[experiment.name.value, default: [:]][size.value] = try artifact(
          SubsetCount.self, StepNames.subset(experiment, size.value, 1), "size")
      }
    }
    return counts
  }

  // MARK: Tables

  private func measurements(of experiment: Experiment, _ counts: Counts) throws -> [Measurement] {
    let name = experiment.name.value
    var rows: [Measurement] = []
    for size in experiment.subsetSizes.map(\.value) {
      for initialization in experiment.initializations.map(\.value) {
        for replicate in 1...experiment.replicates.value {
          for test in experiment.testSets {
            let id = StepNames.test(
              .measure, experiment, initialization, size, replicate, on: test)
            for metric in experiment.metrics.map(\.value) {
              let measured = try artifact(
                MeasuredValues.self, id, "values/\(metric.fullName)")
              rows += measured.values.map { value in
                Measurement(
                  experiment: name, size: size.description,
                  images: counts[name]?[size]?.images ?? 0, initialization: initialization,
                  replicate: replicate, testSet: test.description, metric: metric.fullName,
                  image: value.image, patient: value.patient, value: value.value,
                  reason: value.reason)
              }
            }
          }
        }
      }
    }
    return rows
  }

  private func comparisons() throws -> [ComparisonRow] {
    var pooled = 0
    return try study.comparisons.flatMap { comparison -> [ComparisonRow] in
      let experiment = study.experiment(named: comparison.experiment.value)!
      return try experiment.testSets.map { test in
        let id = StepNames.compare(comparison, on: test)
        let isPooled = comparison.family.value == .study
        defer { pooled += isPooled ? 1 : 0 }
        return ComparisonRow(
          experiment: experiment.name.value, candidate: comparison.candidate.value,
          baseline: comparison.baseline.value, metric: comparison.metric.value.fullName,
          testSet: test.description, inDomain: experiment.test.contains { $0.value == test },
          family: isPooled ? study.name.value : String(id.text.dropLast("/compare".count)),
          result: try isPooled
            ? artifact(ComparisonResult.self, StepNames.adjust, StepNames.pooled(pooled))
            : artifact(ComparisonResult.self, id, "comparison"))
      }
    }
  }

  private func curves(of experiment: Experiment, _ counts: Counts) throws -> [TrainingCurve] {
    var curves: [TrainingCurve] = []
    for initialization in experiment.initializations.map(\.value) {
      for size in experiment.subsetSizes.map(\.value) {
        for replicate in 1...experiment.replicates.value {
          let curve = try artifact(
            TrainingCurves.self, StepNames.train(experiment, initialization, size, replicate),
            "curves")
          curves.append(
            TrainingCurve(
              experiment: experiment.name.value, initialization: initialization,
              size: size.description, images: counts[experiment.name.value]?[size]?.images ?? 0,
              replicate: replicate, loss: curve.loss.map(\.forReport),
              validation: curve.validation.map(\.forReport),
              validationMetric: curve.metric ?? "", selectedStep: curve.selected,
              lastStep: curve.last))
        }
      }
    }
    return curves
  }
}

extension TrainingCurves.Point {
  fileprivate var forReport: CurvePoint { CurvePoint(step: step, value: value) }
}

extension ReportAssembly {
  private func pretrainingCurves() throws -> [PretrainingCurve] {
    try encoderSteps().compactMap { initialization, id in
      guard case .pretrain(let pretraining) = initialization.source else { return nil }
      let curve = try artifact(TrainingCurves.self, id, "curves")
      return PretrainingCurve(
        initialization: initialization.name.value,
        description: "\(pretraining.method.value.rawValue) on \(pretraining.dataset.value), "
          + "\(pretraining.augmentation.value.rawValue) views, \(curve.last) steps of "
          + "\(pretraining.training.batch.value) images",
        loss: curve.loss.map(\.forReport))
    }
  }

  private func loads() throws -> [LoadReport] {
    let random = study.initializations.compactMap { initialization -> LoadReport? in
      guard case .random(let normalization) = initialization.source, isUsed(initialization) else {
        return nil
      }
      return LoadReport(
        initialization: initialization.name.value, source: LoadReport.none,
        normalization: normalization.value.rawValue, matched: 0, missing: [], unexpected: [],
        share: 0)
    }
    return try random
      + encoderSteps().map { initialization, id in
        let load = try artifact(EncoderLoad.self, id, "report")
        let (source, normalization) =
          switch initialization.source {
          case .weights(let weights): (weights.path.value.name, weights.normalization.value)
          case .pretrain(let pretraining): (id.text, pretraining.normalization.value)
          case .random(let normalization): (LoadReport.none, normalization.value)
          }
        return LoadReport(
          initialization: initialization.name.value, source: source,
          normalization: normalization.rawValue, matched: load.matched, missing: load.missing,
          unexpected: load.unexpected, share: load.share)
      }
  }

  /// Every initialization with the step that makes its encoder, once for each width.
  private func encoderSteps() -> [(Initialization, StepID)] {
    var seen: Set<StepID> = []
    return study.initializations.flatMap { initialization in
      study.experiments.compactMap { experiment -> (Initialization, StepID)? in
        guard experiment.initializations.contains(initialization.name),
          let id = StepNames.encoder(of: initialization, for: experiment.model),
          seen.insert(id).inserted
        else { return nil }
        return (initialization, id)
      }
    }
  }

  private func isUsed(_ initialization: Initialization) -> Bool {
    study.experiments.contains { $0.initializations.contains(initialization.name) }
  }
}
