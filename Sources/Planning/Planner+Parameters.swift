internal import Core
internal import ManifestModel

extension Planner {
  typealias Parameters = [Step.Parameter]

  func parameters(of dataset: Dataset) -> Parameters {
    var parameters: Parameters = [
      text("group", dataset.group, or: dataset.name.location),
      text("stratify", dataset.stratify, or: dataset.name.location),
      .init(
        "pixel_size", dataset.pixelSize.map { .number($0.value) } ?? .null,
        at: dataset.pixelSize?.location ?? dataset.name.location),
    ]
    if let folder = dataset.folder {
      parameters += [
        text("folder.images", folder.images, or: nil), text("folder.masks", folder.masks, or: nil),
        text("folder.table", folder.table, or: dataset.name.location),
        .init(
          "folder.pixel_size", folder.filePixelSize.map { .number($0.value) } ?? .null,
          at: folder.filePixelSize?.location ?? dataset.name.location),
      ]
    }
    return parameters + self.parameters(of: dataset.reading)
  }

  /// The options that are set: a study written before one existed keeps its keys.
  private func parameters(of reading: ReadingOptions) -> Parameters {
    var parameters: Parameters = []
    if let size = reading.filePixelSize { parameters.append(number("file_pixel_size", size)) }
    if let table = reading.table { parameters.append(text("table", table, or: nil)) }
    if let column = reading.splitColumn { parameters.append(text("split_by", column, or: nil)) }
    if let leakage = reading.leakage, leakage.value != .warn {
      parameters.append(
        .init("leakage", .text(leakage.value.rawValue), at: leakage.location))
    }
    if let mask = reading.mask, mask.value != .any {
      parameters.append(.init("mask", .text(mask.value.rawValue), at: mask.location))
    }
    if let first = reading.classes.first {
      parameters.append(
        .init("classes", .list(reading.classes.map { .text($0.value) }), at: first.location))
    }
    if let merge = reading.classMerge, merge.value != .merged {
      parameters.append(.init("class_merge", .text(merge.value.rawValue), at: merge.location))
    }
    return parameters
  }

  func parameters(of recipe: Synthesis, format: Located<DatasetFormat>) -> Parameters {
    [
      .init("format", .text(format.value.rawValue), at: format.location),
      .init(
        "images",
        .list(recipe.splits.map { [.text($0.name.value), CanonicalValue($0.count.value)] }),
        at: recipe.splits.first?.name.location),
      integer("size", recipe.size), integer("seed", recipe.seed),
      integer("scanner", recipe.scanner), integer("images_per_patient", recipe.imagesPerPatient),
    ]
  }

  func encoderParameters(of model: Model) -> Parameters {
    [
      .init("model.encoder", .text(model.encoder.value.rawValue), at: model.encoder.location),
      number("model.width", model.width),
    ]
  }

  func parameters(of model: Model) -> Parameters {
    encoderParameters(of: model) + [
      .init("model.decoder", .text(model.decoder.value.rawValue), at: model.decoder.location)
    ] + (model.types.map { [integer("model.types", $0)] } ?? [])
  }

  /// How masks become objects, where the study says it.
  func parameters(of objects: ObjectOptions?) -> Parameters {
    guard let objects else { return [] }
    return [
      integer("objects.minimum_size", objects.minimumSize),
      .init(
        "objects.fill_holes", .bool(objects.fillsHoles.value), at: objects.fillsHoles.location),
    ]
  }

  func parameters(of inference: Inference) -> Parameters {
    [integer("inference.window", inference.window), integer("inference.stride", inference.stride)]
  }

  /// What a training step reads of its experiment: not the metrics, the test sets or the inference.
  func parameters(of experiment: Experiment) -> Parameters {
    var parameters = parameters(of: experiment.model) + parameters(of: experiment.training)
    parameters.append(
      .init("task", .text(experiment.task.value.rawValue), at: experiment.task.location))
    switch experiment.selection {
    case .last:
      parameters.append(.init("selection.metric", "last", at: experiment.name.location))
    case .holdout(_, let metric, let every):
      parameters += [
        .init("selection.metric", .text(metric.value.rawValue), at: metric.location),
        integer("selection.every", every),
      ]
    }
    return parameters
  }

  func parameters(of pretraining: Pretraining) -> Parameters {
    parameters(of: pretraining.training).filter {
      // The views have their own augmentation, and the method is the loss.
      $0.name != "training.augmentation" && $0.name != "training.loss"
    } + [
      .init("method", .text(pretraining.method.value.rawValue), at: pretraining.method.location),
      .init(
        "augmentation", .text(pretraining.augmentation.value.rawValue),
        at: pretraining.augmentation.location),
      .init(
        "normalization", .text(pretraining.normalization.value.rawValue),
        at: pretraining.normalization.location),
      integer("projector", pretraining.projector),
      number("redundancy_weight", pretraining.redundancyWeight),
    ]
  }

  func parameters(of training: Training) -> Parameters {
    var parameters: Parameters = [
      integer("training.patch", training.patch), integer("training.batch", training.batch),
      .init(
        "training.augmentation", .text(training.augmentation.value.rawValue),
        at: training.augmentation.location),
      .init("training.loss", .text(training.loss.value.rawValue), at: training.loss.location),
    ]
    switch training.length {
    case .steps(let steps): parameters.append(integer("training.steps", steps))
    case .epochs(let epochs): parameters.append(integer("training.epochs", epochs))
    }
    // A fine-tuned encoder is not written: studies from before there was a choice keep their keys.
    switch training.encoder.value {
    case .fineTuned: break
    case .frozen:
      parameters.append(.init("training.encoder", "frozen", at: training.encoder.location))
    case .frozenFor(let share):
      parameters.append(
        .init("training.encoder.frozen_for", .number(share), at: training.encoder.location))
    }
    return parameters + self.parameters(of: training.optimizer, at: training.batch.location)
      + self.parameters(of: training.schedule, at: training.batch.location)
  }

  private func parameters(of optimizer: Optimizer, at place: SourceLocation?) -> Parameters {
    func common(_ name: String, _ rate: Located<Double>, _ decay: Located<Double>) -> Parameters {
      [
        .init("training.optimizer", .text(name), at: rate.location),
        number("training.optimizer.learning_rate", rate),
        number("training.optimizer.weight_decay", decay),
      ]
    }
    switch optimizer {
    case .sgd(let rate, let momentum, let decay, let nesterov):
      return common("sgd", rate, decay) + [
        number("training.optimizer.momentum", momentum),
        .init("training.optimizer.nesterov", .bool(nesterov.value), at: nesterov.location),
      ]
    case .adam(let rate, let decay): return common("adam", rate, decay)
    case .adamw(let rate, let decay): return common("adamw", rate, decay)
    }
  }

  private func parameters(of schedule: Schedule, at place: SourceLocation?) -> Parameters {
    switch schedule {
    case .constant: [.init("training.schedule", "constant", at: place)]
    case .cosine(let warmup):
      [
        .init("training.schedule", "cosine", at: warmup.location),
        integer("training.schedule.warmup", warmup),
      ]
    case .step(let every, let factor):
      [
        .init("training.schedule", "step", at: every.location),
        integer("training.schedule.every", every), number("training.schedule.factor", factor),
      ]
    }
  }

  private func integer(_ name: String, _ value: Located<Int>) -> Step.Parameter {
    .init(name, CanonicalValue(value.value), at: value.location)
  }

  private func number(_ name: String, _ value: Located<Double>) -> Step.Parameter {
    .init(name, .number(value.value), at: value.location)
  }

  private func text(
    _ name: String, _ value: Located<String>?, or place: SourceLocation?
  ) -> Step.Parameter {
    .init(name, value.map { .text($0.value) } ?? .null, at: value?.location ?? place)
  }
}
