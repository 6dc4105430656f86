internal import Core

/// The whole language: the one declaration that the decoder and the JSON Schema are made from.
enum StudyLanguage {
  /// A whole manifest after `extends` and `defaults` were merged in.
  static let study = Language<Study>.object(
    "study",
    .required("microtome", version, "The version of the manifest language."),
    .required("study", .name, "The name of the study and of its results."),
    .optional("question", .text, "The question that the study answers."),
    .standard("seed", seed, "0", "What every random draw of the study starts from."),
    .optional("extends", .text, "Another manifest to start from, relative to this one."),
    .optional("defaults", ExperimentLanguage.defaults, "What every experiment takes over."),
    .required("datasets", datasets, "The sets of images, by name."),
    .required("initializations", initializations, "The ways to fill the encoder, by name."),
    .required("experiments", experiments, "The experiments, by name."),
    .standard(
      "comparisons", .blocks(ComparisonLanguage.comparison), "[]",
      "The paired questions: does the candidate beat the baseline, and at which sizes."),
    .standard("results", results, "{}", "What the committed results show."),
    .standard(
      "keep", .list(of: .word(), minimum: 0), "[measurements, predictions, weights]",
      "What garbage collection keeps of a finished study.")
  ) {
    _, _, name, question, seed, _, _, datasets, initializations, experiments, comparisons, results,
    keep in
    Study(
      name: name, question: question, seed: seed, datasets: datasets,
      initializations: initializations, experiments: experiments, comparisons: comparisons,
      results: results, keep: keep.map(\.value))
  }
  .checked { study, _, reading in
    ComparisonLanguage.checkRepetitions(study.comparisons, &reading)
    LeakageChecks.checkPretraining(study, &reading)
    SizeChecks.check(study, &reading)
  }

  /// A seed: what a double, and so any JSON reader, holds exactly.
  static let seed = Language<Located<Int>>.integer(0...(1 << 53))

  private static let version = Language<Located<Int>>(schema: .scalar(["const": 1])) {
    node, reading in
    if node.scalar?.value != .integer(1) {
      reading.error(
        "manifest.unknown-version",
        "this program reads version 1 of the language, not \(node.summary)", at: node.location,
        hint: "set `microtome: 1`")
    }
    return Located(1, at: node.location)
  }

  private static let datasets = Language<[Dataset]>.named(DatasetLanguage.dataset) {
    name, dataset, reading in
    var dataset = dataset
    dataset.name = name
    reading.declared.datasetValues[name.value] = dataset
    return dataset
  }

  private static let initializations = Language<[Initialization]>.named(
    InitializationLanguage.initialization
  ) { name, source, _ in Initialization(name: name, source: source) }

  private static let experiments = Language<[Experiment]>.named(ExperimentLanguage.experiment) {
    name, experiment, reading in
    var experiment = experiment
    experiment.name = name
    reading.declared.experimentValues[name.value] = experiment
    return experiment
  }

  private static let results = Language<ResultOptions>.object(
    "results",
    .standard("image_ids", .word(), "plain", "How committed rows name images."),
    .standard("overlays", .bool, "true", "Whether the report shows images.")
  ) { _, imageIds, overlays in ResultOptions(imageIds: imageIds, overlays: overlays) }
}
