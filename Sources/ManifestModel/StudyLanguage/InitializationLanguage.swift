internal import Core

/// The `initializations` of a manifest.
enum InitializationLanguage {
  /// The block is what its keys say: `pretrain`, `weights`, or neither for random weights.
  static let initialization = Language<Initialization.Source>.variants([
    ("a random initialization", random), ("published weights", weights), ("pretraining", pretrain),
  ]) { node, reading in
    guard node.entries != nil else {
      reading.wrongType(
        node, expected: "a mapping",
        hint: "write `\(reading.key.excerpt): {}` for random weights")
      return nil
    }
    if node["pretrain"] != nil { return 2 }
    return node["weights"] != nil || node["sha256"] != nil ? 1 : 0
  }

  private static let random = Language<Initialization.Source>.object(
    "random-initialization",
    .standard(
      "normalization", .word(), "imagenet", "The constants that images are normalised with.")
  ) { _, normalization in .random(normalization: normalization) }

  private static let weights = Language<Initialization.Source>.object(
    "weights-initialization",
    .required("weights", .path, "A weight file (.pth or .safetensors), relative to this manifest."),
    .optional(
      "sha256", .hexadecimal(8...64), "The SHA-256 that the file must have, or how it starts."),
    .required(
      "normalization", .word(NormalizationName.self),
      "The constants that the weights were made for.")
  ) { _, path, sha256, normalization in
    .weights(Weights(path: path, sha256: sha256, normalization: normalization))
  }

  private static let pretrain = Language<Initialization.Source>.object(
    "pretrain-initialization",
    .required("pretrain", pretraining, "Pretrain the encoder on unlabelled images first.")
  ) { _, pretraining in .pretrain(pretraining) }

  private static let pretraining = Language<Pretraining>.object(
    "pretraining",
    .required("method", .word(PretrainingMethod.self), "The self-supervised method."),
    .required(
      "dataset", .trainingSplit,
      "The images: a dataset, meaning its `train` split, or `DATASET/SPLIT`."),
    .required(
      "augmentation", .word(ViewAugmentation.self), "What makes the two views of an image."),
    .standard(
      "normalization", .word(), "imagenet", "The constants that images are normalised with."),
    .standard(
      "projector", .integer(1...65536), "128", "The width of the projector's layers and output."),
    .standard(
      "redundancy_weight", .number(NumberRange(lower: 0, upper: 1, excludesLower: true)), "0.005",
      "The weight of the off-diagonal terms of Barlow Twins."),
    .optional(
      "views", .integer(2...1_000_000_000_000),
      "How many views are seen in all, in place of `training.steps`."),
    .standard(
      "training", TrainingLanguage.pretraining, "{}", "How long and how the encoder is pretrained."),
    rule: [
      "oneOf": [
        ["required": ["views"]],
        [
          "required": ["training"],
          "properties": [
            "training": ["anyOf": [["required": ["steps"]], ["required": ["epochs"]]]]
          ],
        ],
      ]
    ]
  ) { _, method, dataset, augmentation, normalization, projector, redundancy, views, training in
    var training = training
    if let views {
      // One step sees two views of each image of its batch.
      let perStep = 2 * max(1, training.batch.value)
      let steps = views.value / perStep + (views.value % perStep == 0 ? 0 : 1)
      training.length = .steps(Located(steps, at: views.location))
    }
    return Pretraining(
      method: method, dataset: dataset, augmentation: augmentation, normalization: normalization,
      projector: projector, redundancyWeight: redundancy, training: training)
  }
  .checked(checkLength)

  private static func checkLength(
    _ pretraining: Pretraining, _ node: YAMLNode, _ reading: inout Reading
  ) {
    let length = ["steps", "epochs"].lazy.compactMap { key in
      node["training"]?.entries?.first { $0.key.value == key }?.key
    }.first
    let views = node.entries?.first { $0.key.value == "views" }?.key
    if let length, let views {
      reading.error(
        "manifest.exclusive-keys", "`views` and `training.\(length.value)` exclude each other",
        at: views.location, hint: "keep one of them")
    } else if length == nil, views == nil, !reading.isPartial {
      reading.error(
        "manifest.missing-key", "`pretrain` needs `views`, `training.steps` or `training.epochs`",
        at: node.location, hint: "add `views: 2.0e+5`")
    }
  }
}
