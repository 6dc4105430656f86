internal import Core
internal import ManifestModel
internal import Planning

extension ReportAssembly {
  func summary(of experiment: Experiment, _ counts: Counts) -> ExperimentSummary {
    let name = experiment.name.value
    return ExperimentSummary(
      name: name, task: experiment.task.value.rawValue, model: Self.phrase(experiment.model),
      training: "\(Self.phrase(experiment.training)); \(Self.phrase(experiment.selection))",
      dataset: experiment.dataset.value.description,
      sizes: experiment.subsetSizes.map {
        .init(label: $0.value.description, images: counts[name]?[$0.value]?.images ?? 0)
      },
      initializations: experiment.initializations.map(\.value),
      replicates: experiment.replicates.value,
      testSets: experiment.test.map { .init(name: $0.value.description, inDomain: true) }
        + experiment.outOfDomain.map { .init(name: $0.value.description, inDomain: false) },
      metrics: experiment.metrics.map(\.value.fullName))
  }

  private static func phrase(_ model: Model) -> String {
    let width = model.width.value == 1 ? "" : " at width \(shortestDecimal(model.width.value))"
    let types = model.types.map { ", \($0.value) types" } ?? ""
    return "\(model.decoder.value.rawValue) on \(model.encoder.value.rawValue)\(width)\(types)"
  }

  private static func phrase(_ training: Training) -> String {
    let length =
      switch training.length {
      case .steps(let steps): "\(steps.value) steps"
      case .epochs(let epochs): "\(epochs.value) epochs"
      }
    let schedule =
      switch training.schedule {
      case .constant: "constant"
      case .cosine(let warmup): "cosine with \(warmup.value) steps of warm-up"
      case .step(let every, let factor):
        "times \(shortestDecimal(factor.value)) every \(every.value) steps"
      }
    return "\(length) of \(training.batch.value) patches of \(training.patch.value) px, "
      + "\(phrase(training.optimizer)), learning rate \(schedule), "
      + "\(training.augmentation.value.rawValue) augmentation, \(training.loss.value.rawValue)"
      + phrase(training.encoder.value)
  }

  private static func phrase(_ encoder: EncoderTraining) -> String {
    switch encoder {
    case .fineTuned: ""
    case .frozen: ", encoder frozen"
    case .frozenFor(let share):
      ", encoder frozen for the first \(shortestDecimal(share * 100)) % of the steps"
    }
  }

  private static func phrase(_ optimizer: Optimizer) -> String {
    switch optimizer {
    case .sgd(let rate, let momentum, let decay, _):
      "SGD \(shortestDecimal(rate.value)), momentum \(shortestDecimal(momentum.value)), "
        + "weight decay \(shortestDecimal(decay.value))"
    case .adam(let rate, let decay):
      "Adam \(shortestDecimal(rate.value)), weight decay \(shortestDecimal(decay.value))"
    case .adamw(let rate, let decay):
      "AdamW \(shortestDecimal(rate.value)), weight decay \(shortestDecimal(decay.value))"
    }
  }

  private static func phrase(_ selection: Selection) -> String {
    switch selection {
    case .last: "the last weights"
    case .holdout(let share, let metric, let every):
      "the weights with the best \(metric.value.rawValue) on a hold-out of "
        + "\(shortestDecimal(share.value * 100)) % of the subset, looked at every "
        + "\(every.value) steps"
    }
  }
}
