internal import Core
public import ManifestModel

/// Lowers a study into the steps that would produce its results.
///
/// Pure: reads no file, clock, environment or random source. Equal studies give equal plans, and an
/// equal plan encodes to the same bytes on every machine.
///
/// - Complexity: O(*steps* + *inputs*).
public func plan(_ study: Study) -> Plan {
  var planner = Planner(study: study)
  for experiment in study.experiments { planner.add(experiment) }
  planner.addComparisons()
  return Plan(
    study: study.name.value, studyDigest: study.canonical.identity, steps: planner.steps,
    warnings: designWarnings(of: study), cells: planner.cells)
}

/// Collects steps; each is added after those it reads, and once.
struct Planner {
  let study: Study
  private(set) var steps: [Step] = []
  private(set) var cells = 0
  private var known: [StepID: Int] = [:]

  init(study: Study) { self.study = study }

  mutating func add(_ experiment: Experiment) {
    let images = dataset(experiment.dataset.value)
    let tests = experiment.testSets
    // The same for every cell, and in order already when a step sorts them.
    let training = parameters(of: experiment).sorted { $0.name < $1.name }
    let leakage = addLeakageCheck(of: experiment)
    for size in experiment.subsetSizes {
      for replicate in 1...experiment.replicates.value {
        addSubset(experiment, size, replicate, images, leakage)
        for name in experiment.initializations {
          cells += 1
          addTraining(experiment, size, replicate, name.value, images, training)
          for test in tests { addTest(experiment, size, replicate, name.value, test) }
        }
      }
    }
    guard study.results.overlays.value else { return }
    // The smallest and the largest size of the first replicate: enough to see what the numbers mean.
    var shown = [experiment.subsetSizes.first, experiment.subsetSizes.last].compactMap(\.self)
    if shown.first == shown.last { shown.removeLast() }
    for size in shown {
      for name in experiment.initializations {
        for test in tests { addOverlay(experiment, size, name.value, test) }
      }
    }
  }

  /// Adds a step unless another part of the study has asked for it already.
  @discardableResult
  mutating func add(
    _ id: StepID, _ kind: StepKind, _ parameters: [Step.Parameter], _ inputs: [Step.Input],
    group: String, at location: SourceLocation?
  ) -> StepID {
    let step = Step(
      id: id, kind: kind, parameters: parameters, inputs: inputs, seed: study.seed,
      group: group, location: location)
    if let position = known.updateValue(steps.count, forKey: id) {
      known[id] = position
      let first = steps[position]
      precondition(
        first.kind == kind && first.parameters == step.parameters && first.inputs == step.inputs,
        "two different steps are called \(id)")
    } else {
      steps.append(step)
    }
    return id
  }

  /// The step that indexes a dataset: `import` for files, `synthesize` for generated images.
  mutating func dataset(_ reference: SplitReference) -> StepID {
    guard let dataset = study.dataset(named: reference.dataset) else {
      preconditionFailure("a valid study names datasets that it has")
    }
    let name = dataset.name.value
    // Every test of every cell asks for its images again.
    let images = StepNames.images(of: dataset)
    if known[images] != nil { return images }
    if let recipe = dataset.synthesis {
      return add(
        images, .synthesize, parameters(of: recipe, format: dataset.format),
        [], group: name, at: dataset.name.location)
    }
    let format = Step.Parameter(
      "format", .text(dataset.format.value.rawValue), at: dataset.format.location)
    let source = add(
      StepID("\(name)/source"), .source, [format], [.init("files", .listing(dataset: name))],
      group: name, at: dataset.name.location)
    return add(
      images, .import, [format] + parameters(of: dataset),
      [.init("listing", .output(source, "listing"))], group: name, at: dataset.name.location)
  }

  private mutating func addSubset(
    _ experiment: Experiment, _ size: Located<SubsetSize>, _ replicate: Int, _ images: StepID,
    _ leakage: StepID?
  ) {
    var holdout = Step.Parameter("selection.holdout", .null, at: experiment.name.location)
    if case .holdout(let share, _, _) = experiment.selection {
      holdout = .init("selection.holdout", .number(share.value), at: share.location)
    }
    add(
      StepNames.subset(experiment, size.value, replicate), .subset,
      [
        .init("size", .text(size.value.description), at: size.location),
        .init("replicate", CanonicalValue(replicate), at: experiment.replicates.location), holdout,
      ],
      [.init("split", .output(images, "split/\(experiment.dataset.value.split)"))]
        + unless(leakage), group: experiment.name.value, at: size.location)
  }

  private mutating func addTraining(
    _ experiment: Experiment, _ size: Located<SubsetSize>, _ replicate: Int, _ name: String,
    _ images: StepID, _ shared: Parameters
  ) {
    let initialization = self.initialization(named: name)
    var inputs: [Step.Input] = [
      .init("split", .output(images, "split/\(experiment.dataset.value.split)")),
      .init("subset", .output(StepNames.subset(experiment, size.value, replicate), "subset")),
    ]
    var parameters = shared
    parameters.append(
      .init("replicate", CanonicalValue(replicate), at: experiment.replicates.location))
    if let encoder = addEncoder(initialization, model: experiment.model) {
      inputs.append(.init("encoder", .output(encoder, "encoder")))
    } else if case .random(let normalization) = initialization.source {
      parameters.append(
        .init(
          "normalization", .text(normalization.value.rawValue), at: normalization.location))
    }
    add(
      StepNames.train(experiment, name, size.value, replicate), .train, parameters, inputs,
      group: experiment.name.value, at: initialization.name.location)
  }

  private mutating func addTest(
    _ experiment: Experiment, _ size: Located<SubsetSize>, _ replicate: Int, _ name: String,
    _ test: SplitReference
  ) {
    let images = dataset(test)
    let place = (experiment.test + experiment.outOfDomain).first { $0.value == test }?.location
    let predict = add(
      StepNames.test(.predict, experiment, name, size.value, replicate, on: test), .predict,
      parameters(of: experiment.model) + parameters(of: experiment.inference),
      [
        .init(
          "weights", .output(StepNames.train(experiment, name, size.value, replicate), "weights")),
        .init("images", .output(images, "images/\(test.split)")),
      ],
      group: experiment.name.value, at: place)
    add(
      StepNames.test(.measure, experiment, name, size.value, replicate, on: test), .measure,
      [
        .init(
          "metrics", .list(experiment.metrics.map { .text($0.value.fullName) }),
          at: experiment.metrics.first?.location)
      ] + parameters(of: experiment.objects),
      [
        .init("predictions", .output(predict, "predictions")),
        .init("split", .output(images, "split/\(test.split)")),
      ],
      group: experiment.name.value, at: place)
  }

  private mutating func addOverlay(
    _ experiment: Experiment, _ size: Located<SubsetSize>, _ initialization: String,
    _ test: SplitReference
  ) {
    func output(_ kind: StepKind, _ name: String) -> Step.Input.Origin {
      .output(StepNames.test(kind, experiment, initialization, size.value, 1, on: test), name)
    }
    var inputs: [Step.Input] = [
      .init("predictions", output(.predict, "predictions")),
      .init("split", .output(dataset(test), "split/\(test.split)")),
    ]
    // Which images are shown: the worst, the median and the best by the first metric that has a value
    // for each.
    if let metric = experiment.metrics.first(where: { !$0.value.isPooled }) {
      inputs.append(.init("values", output(.measure, "values/\(metric.value.fullName)")))
    }
    add(
      StepNames.test(.overlay, experiment, initialization, size.value, 1, on: test), .overlay, [],
      inputs, group: experiment.name.value, at: study.results.overlays.location)
  }

  /// The step whose output `encoder` fills the encoder; `nil` for a random start, which the training
  /// step draws itself.
  private mutating func addEncoder(_ initialization: Initialization, model: Model) -> StepID? {
    guard let id = StepNames.encoder(of: initialization, for: model) else { return nil }
    let name = initialization.name.value
    switch initialization.source {
    case .random: return nil
    case .weights(let weights):
      return add(
        id, .load,
        encoderParameters(of: model) + [
          .init(
            "normalization", .text(weights.normalization.value.rawValue),
            at: weights.normalization.location)
        ],
        [.init("file", .file(initialization: name))], group: name, at: initialization.name.location)
    case .pretrain(let pretraining):
      let images = dataset(pretraining.dataset.value)
      let leakage = addLeakageCheck(of: initialization, on: pretraining.dataset)
      return add(
        id, .pretrain,
        encoderParameters(of: model) + parameters(of: pretraining),
        [.init("images", .output(images, "images/\(pretraining.dataset.value.split)"))]
          + unless(leakage),
        group: name, at: initialization.name.location)
    }
  }

  private func initialization(named name: String) -> Initialization {
    guard let found = study.initialization(named: name) else {
      preconditionFailure("a valid study names initializations that it has")
    }
    return found
  }
}
