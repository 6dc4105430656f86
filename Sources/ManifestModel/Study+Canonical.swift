public import Core

extension Study {
  /// The whole study without positions, every default written out: the pre-image of its digest.
  ///
  /// Where data and weights lie is left out, and so is the order of what has names: neither is part
  /// of what the study is.
  public var canonical: CanonicalValue {
    [
      "name": .text(name.value), "question": question.map { .text($0.value) } ?? .null,
      "seed": CanonicalValue(seed.value),
      "datasets": byName(datasets.map { ($0.name, $0.canonical) }),
      "initializations": byName(initializations.map { ($0.name, $0.source.canonical) }),
      "experiments": byName(experiments.map { ($0.name, $0.canonical) }),
      "comparisons": .list(comparisons.map(\.canonical)),
      "results": [
        "image_ids": word(results.imageIds), "overlays": .bool(results.overlays.value),
      ],
      "keep": .list(keep.map { .text($0.rawValue) }),
    ]
  }

  private func byName(_ values: [(Located<String>, CanonicalValue)]) -> CanonicalValue {
    .map(Dictionary(values.map { ($0.0.value, $0.1) }, uniquingKeysWith: { first, _ in first }))
  }
}

extension Dataset {
  /// What the images are; the root, which says where they lie, is left out.
  public var canonical: CanonicalValue {
    var values: [String: CanonicalValue] = [
      "format": word(format), "group": text(group), "stratify": text(stratify),
      "pixel_size": number(pixelSize), "digest": digest.map { .digest($0.value) } ?? .null,
    ]
    if let folder {
      values["folder"] = [
        "images": text(folder.images), "masks": text(folder.masks), "table": text(folder.table),
        "file_pixel_size": number(folder.filePixelSize),
      ]
    }
    if let options = reading.canonical { values["reading"] = options }
    if let synthesis {
      values["synthesis"] = [
        "splits": .list(
          synthesis.splits.map { [.text($0.name.value), CanonicalValue($0.count.value)] }),
        "size": whole(synthesis.size), "seed": whole(synthesis.seed),
        "scanner": whole(synthesis.scanner),
        "images_per_patient": whole(synthesis.imagesPerPatient),
      ]
    }
    return .map(values)
  }
}

extension ReadingOptions {
  /// The options that are set; `nil` if none is.
  public var canonical: CanonicalValue? {
    var values: [String: CanonicalValue] = [:]
    if let filePixelSize { values["file_pixel_size"] = .number(filePixelSize.value) }
    if let table { values["table"] = .text(table.value) }
    if let splitColumn { values["split_by"] = .text(splitColumn.value) }
    if let leakage, leakage.value != .warn { values["leakage"] = word(leakage) }
    if let mask, mask.value != .any { values["mask"] = word(mask) }
    if !classes.isEmpty { values["classes"] = .list(classes.map { .text($0.value) }) }
    if let classMerge, classMerge.value != .merged { values["class_merge"] = word(classMerge) }
    return values.isEmpty ? nil : .map(values)
  }
}

extension Initialization.Source {
  /// How the encoder is filled; the path of a weight file is left out.
  public var canonical: CanonicalValue {
    switch self {
    case .random(let normalization): ["random": ["normalization": word(normalization)]]
    case .weights(let weights):
      [
        "weights": [
          "sha256": text(weights.sha256), "normalization": word(weights.normalization),
        ]
      ]
    case .pretrain(let pretraining): ["pretrain": pretraining.canonical]
    }
  }
}

extension Pretraining {
  /// The pretraining; the task's augmentation and loss play no part in it and are left out.
  public var canonical: CanonicalValue {
    [
      "method": word(method), "dataset": .text("\(dataset.value)"),
      "augmentation": word(augmentation), "normalization": word(normalization),
      "projector": whole(projector), "redundancy_weight": number(redundancyWeight),
      "training": .map(training.shared),
    ]
  }
}

extension Experiment {
  /// The experiment without its name.
  ///
  /// What came into the language later is left out where it is not set: older studies stay the same.
  public var canonical: CanonicalValue {
    var values: [String: CanonicalValue] = [
      "task": word(task), "model": model.canonical,
      "dataset": .text("\(dataset.value)"),
      "subset_sizes": .list(subsetSizes.map { .text("\($0.value)") }),
      "initialization": .list(initializations.map { .text($0.value) }),
      "replicates": whole(replicates), "training": training.canonical,
      "selection": selection.canonical,
      "inference": ["window": whole(inference.window), "stride": whole(inference.stride)],
      "test": .list(test.map { .text("\($0.value)") }),
      "out_of_domain": .list(outOfDomain.map { .text("\($0.value)") }),
      "metrics": .list(metrics.map { .text($0.value.fullName) }),
    ]
    if let objects {
      values["objects"] = [
        "minimum_size": whole(objects.minimumSize), "fill_holes": .bool(objects.fillsHoles.value),
      ]
    }
    return .map(values)
  }
}

extension Model {
  /// The network.
  public var canonical: CanonicalValue {
    var values: [String: CanonicalValue] = [
      "encoder": word(encoder), "decoder": word(decoder), "width": number(width),
    ]
    if let types { values["types"] = whole(types) }
    return .map(values)
  }
}

extension Training {
  /// All of it.
  public var canonical: CanonicalValue {
    var values = shared
    values["augmentation"] = word(augmentation)
    values["loss"] = word(loss)
    switch encoder.value {
    case .fineTuned: break
    case .frozen: values["encoder"] = "frozen"
    case .frozenFor(let share): values["encoder"] = ["frozen_for": .number(share)]
    }
    return .map(values)
  }

  /// What tasks and pretraining have in common.
  fileprivate var shared: [String: CanonicalValue] {
    let length: CanonicalValue =
      switch length {
      case .steps(let count): ["steps": whole(count)]
      case .epochs(let count): ["epochs": whole(count)]
      }
    return [
      "patch": whole(patch), "batch": whole(batch), "length": length,
      "optimizer": optimizer.canonical, "schedule": schedule.canonical,
    ]
  }
}

extension Optimizer {
  /// The rule and its constants.
  public var canonical: CanonicalValue {
    switch self {
    case .sgd(let rate, let momentum, let decay, let nesterov):
      [
        "sgd": [
          "learning_rate": number(rate), "momentum": number(momentum),
          "weight_decay": number(decay), "nesterov": .bool(nesterov.value),
        ]
      ]
    case .adam(let rate, let decay):
      ["adam": ["learning_rate": number(rate), "weight_decay": number(decay)]]
    case .adamw(let rate, let decay):
      ["adamw": ["learning_rate": number(rate), "weight_decay": number(decay)]]
    }
  }
}

extension Schedule {
  /// The schedule and its constants.
  public var canonical: CanonicalValue {
    switch self {
    case .constant: "constant"
    case .cosine(let warmup): ["cosine": ["warmup": whole(warmup)]]
    case .step(let every, let factor):
      ["step": ["every": whole(every), "factor": number(factor)]]
    }
  }
}

extension Selection {
  /// The rule and its constants.
  public var canonical: CanonicalValue {
    switch self {
    case .last: "last"
    case .holdout(let share, let metric, let every):
      ["holdout": number(share), "metric": word(metric), "every": whole(every)]
    }
  }
}

extension Comparison {
  /// The question and how it is tested.
  public var canonical: CanonicalValue {
    [
      "experiment": .text(experiment.value), "candidate": .text(candidate.value),
      "baseline": .text(baseline.value), "metric": .text(metric.value.fullName),
      "alpha": number(alpha), "correction": word(correction), "family": word(family),
      "equivalence_margin": number(equivalenceMargin),
    ]
  }
}

private func word(_ value: Located<some ManifestWord>) -> CanonicalValue {
  .text(value.value.rawValue)
}

private func whole(_ value: Located<Int>) -> CanonicalValue { CanonicalValue(value.value) }

private func number(_ value: Located<Double>?) -> CanonicalValue {
  value.map { .number($0.value) } ?? .null
}

private func text(_ value: Located<String>?) -> CanonicalValue {
  value.map { .text($0.value) } ?? .null
}
