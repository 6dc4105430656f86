internal import Core

/// What the keys of an experiment mean together.
enum ExperimentChecks {
  /// Reports everything that contradicts itself in one experiment.
  static func check(_ experiment: Experiment, _ node: YAMLNode, _ reading: inout Reading) {
    checkNetwork(experiment, node, &reading)
    checkInference(experiment.inference, &reading)
    checkSelection(experiment, node, &reading)
    checkSizes(experiment, &reading)
    checkSplits(experiment, &reading)
    checkMetrics(experiment, &reading)
  }

  /// A task has one decoder; encoder, loss, types and objects are those that go with it.
  private static func checkNetwork(
    _ experiment: Experiment, _ node: YAMLNode, _ reading: inout Reading
  ) {
    let (task, model) = (experiment.task.value, experiment.model)
    let decoder = model.decoder.value
    guard decoder == task.decoder else {
      reading.error(
        "manifest.decoder-of-another-task", "`\(decoder)` does not give what `\(task)` asks for",
        at: model.decoder.location, hint: "set `decoder: \(task.decoder)`")
      return
    }
    if !decoder.encoders.contains(model.encoder.value) {
      reading.error(
        "manifest.encoder-without-decoder",
        "`\(decoder)` cannot decode what `\(model.encoder.value)` gives",
        at: model.encoder.location,
        hint: "use one of \(decoder.encoders.map { "`\($0)`" }.joined(separator: ", "))")
    }
    let loss = experiment.training.loss
    if loss.value.decoder != decoder {
      reading.error(
        "manifest.loss-of-another-decoder",
        "`\(loss.value)` does not measure what `\(decoder)` gives",
        at: loss.location, hint: "set `loss: \(decoder.standardLoss)`, or remove `loss`")
    }
    if decoder != .hovernet, let types = model.types {
      reading.error(
        "manifest.no-types", "`\(decoder)` does not tell types of nuclei apart", at: types.location,
        hint: "remove `types`, or set `decoder: hovernet`")
    }
    if decoder == .hovernet, let objects = experiment.objects {
      reading.error(
        "manifest.objects-of-another-task",
        "`\(task)` predicts single objects: there is no mask to take apart",
        at: objects.minimumSize.location, hint: "remove `objects`")
    }
    if decoder != .hovernet, case .holdout(_, let metric, _) = experiment.selection,
      metric.value == .pq
    {
      reading.error(
        "manifest.selection-of-another-task", "`\(task)` predicts no objects to select by",
        at: metric.location, hint: "set `metric: dice`")
    }
  }

  private static func checkMetrics(_ experiment: Experiment, _ reading: inout Reading) {
    for metric in experiment.metrics
    where metric.value.requirement > experiment.prediction {
      reading.error(
        "manifest.metric-needs-types",
        "`\(metric.value)` needs the type of each nucleus, which `\(experiment.task.value)` does not"
          + " predict" + (experiment.task.value.decoder == .hovernet ? " without `types`" : ""),
        at: metric.location, hint: "use `pq` or `aji`, which need objects alone")
    }
    for metric in experiment.metrics where metric.value.needsPixelSize {
      let test = experiment.testSets.first {
        reading.declared.datasetValues[$0.dataset]?.knowsPixelSize == false
      }
      guard let name = test?.dataset, let dataset = reading.declared.datasetValues[name] else {
        continue
      }
      reading.error(
        "manifest.metric-needs-pixel-size",
        "`\(metric.value)` pairs centres within micrometres, and the pixel size of `\(name)` is not "
          + "known", at: metric.location,
        hint: dataset.root == nil
          ? "use `dq`, which needs none" : "add `file_pixel_size` to `\(name)`, in micrometres")
    }
  }

  private static func checkInference(_ inference: Inference, _ reading: inout Reading) {
    guard inference.stride.value > inference.window.value else { return }
    reading.error(
      "manifest.stride-too-long",
      "a stride of \(inference.stride.value) leaves gaps between windows of "
        + "\(inference.window.value)",
      at: inference.stride.location, hint: "set `stride: \(inference.window.value / 2)`")
  }

  private static func checkSelection(
    _ experiment: Experiment, _ node: YAMLNode, _ reading: inout Reading
  ) {
    guard case .holdout(let share, _, let every) = experiment.selection else { return }
    if case .steps(let steps) = experiment.training.length,
      node["training"]?["steps"] != nil, every.value > steps.value
    {
      reading.error(
        "manifest.never-selected",
        "training ends after \(steps.value) steps, before the first look at \(every.value)",
        at: every.location, hint: "set `every: \(max(1, steps.value / 10))`")
    }
    for size in experiment.subsetSizes where share.value < 1 {
      guard case .count(let images) = size.value, images > 0 else { continue }
      let held = max(1, Int((share.value * Double(images) + 0.5).rounded(.down)))
      if held >= images {
        reading.error(
          "manifest.nothing-to-train-on",
          "a hold-out of \(held) leaves nothing to train on of \(images)", at: size.location,
          hint: "remove this size, or set `selection: last`")
      }
    }
  }

  private static func checkSizes(_ experiment: Experiment, _ reading: inout Reading) {
    let reference = experiment.dataset.value
    guard
      let pool = reading.declared.datasetValues[reference.dataset]?.synthesis?
        .splits.first(where: { $0.name.value == reference.split })?.count.value
    else { return }
    var seen: [Int: SubsetSize] = [:]
    for size in experiment.subsetSizes {
      let images = size.value.images(ofPool: pool)
      if images > pool {
        reading.error(
          "manifest.subset-too-large",
          "\(images) images cannot be drawn from the \(pool) of `\(reference)`",
          at: size.location, hint: "write `all`, or raise the count of images")
      } else if let other = seen.updateValue(size.value, forKey: images), other != size.value {
        reading.error(
          "manifest.repeated",
          "`\(size.value)` and `\(other)` are both \(images) of the \(pool) images of "
            + "`\(reference)`",
          at: size.location, hint: "remove one of the two")
      }
    }
  }

  private static func checkSplits(_ experiment: Experiment, _ reading: inout Reading) {
    let training = experiment.dataset
    var seen: Set<SplitReference> = []
    checkLabels(of: training, &reading)
    for test in experiment.test + experiment.outOfDomain {
      if reading.declared.holdSameImages(test.value, training.value) {
        reading.error(
          "manifest.test-on-training",
          "`\(test.value)` is what the experiment trains on", at: test.location,
          hint: "test on a split that the network has not seen")
      } else if !seen.insert(test.value).inserted, !experiment.repeats(test.value) {
        reading.error(
          "manifest.repeated", "`\(test.value)` is in `test` and in `out_of_domain`",
          at: test.location, hint: "remove one of the two")
      }
      if test.value.dataset != training.value.dataset { checkLabels(of: test, &reading) }
    }
  }

  private static func checkLabels(
    of split: Located<SplitReference>, _ reading: inout Reading
  ) {
    let name = split.value.dataset
    guard let dataset = reading.declared.datasetValues[name], !dataset.format.value.isLabelled
    else { return }
    reading.error(
      "manifest.unlabelled", "the dataset `\(name)` has no masks", at: split.location,
      hint: "name a dataset with masks; `\(name)` can serve pretraining only")
  }
}

extension Experiment {
  /// Whether one list names a split twice, which is reported for the list already.
  fileprivate func repeats(_ split: SplitReference) -> Bool {
    test.count { $0.value == split } > 1 || outOfDomain.count { $0.value == split } > 1
  }
}
