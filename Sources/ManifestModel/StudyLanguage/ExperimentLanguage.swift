internal import Core

/// The `experiments` of a manifest, and its `defaults`.
enum ExperimentLanguage {
  /// One experiment.
  static let experiment = Language<Experiment>.object(
    "experiment",
    .required("task", .word(Task.self), "What is learned."),
    .required("model", model, "The network."),
    .required(
      "dataset", .trainingSplit,
      "The images to train on: a dataset, meaning its `train` split, or `DATASET/SPLIT`."),
    .required(
      "subset_sizes", .list(of: .subsetSize),
      "How many labelled images train a cell, hold-out included: `[8, 25%, all]`."),
    .required("initialization", .list(of: .initialization), "The initializations to compare."),
    .required(
      "replicates", .integer(1...1000),
      "How many paired repetitions; each fixes the draw and every random stream."),
    .required("training", TrainingLanguage.training, "How long and how the network is trained."),
    .standard("selection", selection, "last", "Which checkpoint is kept."),
    .optional(
      "inference", inference,
      "How large images are predicted; absent: windows of one patch, half a window apart."),
    .optional(
      "objects", objects,
      "How masks become objects for metrics of objects; absent: 8-connected components as they are."
    ),
    .required("test", .list(of: .evaluationSplit), "The in-domain test sets."),
    .standard(
      "out_of_domain", .list(of: .evaluationSplit, minimum: 0), "[]",
      "Test sets from elsewhere."),
    .standard("metrics", .list(of: .word()), "[dice, iou]", "What is measured on every test set.")
  ) {
    block, task, model, dataset, sizes, initialization, replicates, training, selection, inference,
    objects, test, outOfDomain, metrics in
    Experiment(
      name: Located(""), task: task, model: model, dataset: dataset, subsetSizes: sizes,
      initializations: initialization, replicates: replicates,
      training: training.filled(for: model.decoder.value), selection: selection,
      inference: (inference ?? Windows(block: block))
        .filled(fromPatch: training.training.patch.value),
      objects: objects, test: test, outOfDomain: outOfDomain, metrics: metrics)
  }
  .checked { experiment, node, reading in
    ExperimentChecks.check(experiment, node, &reading)
  }

  /// A partial experiment that every experiment takes over.
  static let defaults = Language<Bool>(schema: .partial(experiment.schema)) { node, reading in
    let wasPartial = reading.isPartial
    reading.isPartial = true
    _ = experiment.read(node, &reading)
    reading.isPartial = wasPartial
    return true
  }

  private static let model = Language<Model>.object(
    "model",
    .required("encoder", .word(Encoder.self), "The part that is initialised."),
    .required("decoder", .word(Decoder.self), "The part that is always new."),
    .standard(
      "width", .number(NumberRange(lower: 0.05, upper: 1)), "1",
      "A factor on every channel count; 1 is the published network."),
    .optional(
      "types", .integer(1...100),
      "How many types of nuclei `hovernet` tells apart; absent: none, and no branch for them.")
  ) { _, encoder, decoder, width, types in
    Model(encoder: encoder, decoder: decoder, width: width, types: types)
  }

  private static let objects = Language<ObjectOptions>.object(
    "objects",
    .standard(
      "minimum_size", .integer(1...1_000_000_000), "1",
      "The pixels of the smallest object, its filled holes counted."),
    .standard("fill_holes", .bool, "false", "Whether background inside an object belongs to it.")
  ) { _, minimumSize, fillsHoles in
    ObjectOptions(minimumSize: minimumSize, fillsHoles: fillsHoles)
  }

  private static let selection = Language<Selection>.either(
    Language<Located<String>>.words(["last"], ["the last one; every image is trained on"])
      .map { _ in .last },
    .object(
      "selection",
      .required("holdout", .share, "The share of the subset to hold out: `20%`."),
      .standard("metric", .word(), "dice", "What is compared on the hold-out."),
      .required("every", .integer(1...100_000_000), "How many optimizer steps between two looks.")
    ) { _, share, metric, every in .holdout(share: share, metric: metric, every: every) })

  private static let inference = Language<Windows>.object(
    "inference",
    .optional(
      "window", TrainingLanguage.side,
      "The side of the square windows in pixels; a multiple of 32; absent: the patch."),
    .optional(
      "stride", .integer(1...4096),
      "The distance between windows, at most the window; absent: half the window.")
  ) { block, window, stride in Windows(window: window, stride: stride, block: block) }
}

/// What the block `inference` says; the rest follows from the patch.
private struct Windows: Sendable {
  var window: Located<Int>?
  var stride: Located<Int>?
  var block: SourceLocation

  func filled(fromPatch patch: Int) -> Inference {
    let window = window ?? Located(patch, at: block)
    return Inference(
      window: window, stride: stride ?? Located(max(1, window.value / 2), at: block))
  }
}
