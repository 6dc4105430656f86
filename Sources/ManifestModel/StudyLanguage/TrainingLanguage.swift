internal import Core

/// How networks are trained: the blocks `training`, `optimizer` and `schedule`.
enum TrainingLanguage {
  /// Training for a task.
  static let training = Language<TaskTraining>.object(
    "training",
    .required("patch", side, "The side of the square patches in pixels; a multiple of 32."),
    .required("batch", .integer(1...4096), "How many patches an optimizer step sees."),
    steps, epochs,
    .required(
      "optimizer", optimizer, "The update rule and its constants, as PyTorch defines them."),
    .standard("schedule", schedule, "constant", "How the learning rate moves."),
    .standard("augmentation", .word(), "geometric", "How patches are varied."),
    .optional(
      "loss", .word(),
      "What is minimised; absent: `bce-soft-dice` for `unet`, `hovernet` for `hovernet`."),
    .standard("encoder", encoder, "fine-tuned", "Whether the encoder learns."),
    exclusive: [.init(keys: ["steps", "epochs"], isRequired: true)]
  ) { block, patch, batch, steps, epochs, optimizer, schedule, augmentation, loss, encoder in
    TaskTraining(
      training: Training(
        patch: patch, batch: batch, length: length(steps, epochs, at: block), optimizer: optimizer,
        schedule: schedule, augmentation: augmentation,
        loss: loss ?? Located(.bceSoftDice, at: block), encoder: encoder),
      hasLoss: loss != nil)
  }
  .checked { checkWarmup($0.training, $1, &$2) }

  /// Training for pretraining, where the length may also be given in views.
  ///
  /// The task's augmentation and loss play no part there and are filled with constants.
  static let pretraining = Language<Training>.object(
    "pretraining-training",
    .standard("patch", side, "64", "The side of the square crops in pixels; a multiple of 32."),
    .standard("batch", .integer(2...4096), "32", "How many pairs of views a step sees."),
    steps, epochs,
    .standard(
      "optimizer", optimizer, "{ adam: { learning_rate: 1.0e-3 } }",
      "The update rule and its constants, as PyTorch defines them."),
    .standard("schedule", schedule, "cosine", "How the learning rate moves."),
    exclusive: [.init(keys: ["steps", "epochs"], isRequired: false)]
  ) { block, patch, batch, steps, epochs, optimizer, schedule in
    Training(
      patch: patch, batch: batch, length: length(steps, epochs, at: block), optimizer: optimizer,
      schedule: schedule, augmentation: Located(.none, at: block), loss: Located(.bce, at: block))
  }
  .checked(checkWarmup)

  private static let encoder = Language<Located<EncoderTraining>>.either(
    Language<Located<String>>.words(
      ["fine-tuned", "frozen"],
      ["it learns with the decoder", "weights and batch statistics stay as they were initialised"]
    ).map { Located($0.value == "frozen" ? .frozen : .fineTuned, at: $0.location) },
    .object(
      "encoder-training",
      .required(
        "frozen_for", .share,
        "The share of the optimizer steps that train the decoder alone: `50%`. Then all learns, with a "
          + "new optimizer and the schedule from its start.")
    ) { _, share in Located(.frozenFor(share: share.value), at: share.location) })

  /// The side of patches and windows: five halvings must come out even.
  static let side = Language<Located<Int>>.integer(32...4096, multipleOf: 32)

  private static let steps = Key.optional(
    "steps", .integer(1...100_000_000), "How many optimizer steps, whatever the subset's size.")
  private static let epochs = Key.optional(
    "epochs", .integer(1...1_000_000), "How often every image is seen; work grows with the size.")

  /// One step stands for a length whose absence is reported already.
  private static func length(
    _ steps: Located<Int>?, _ epochs: Located<Int>?, at block: SourceLocation
  ) -> Training.Length {
    if let epochs { .epochs(epochs) } else { .steps(steps ?? Located(1, at: block)) }
  }

  private static func checkWarmup(
    _ training: Training, _ node: YAMLNode, _ reading: inout Reading
  ) {
    guard case .cosine(let warmup) = training.schedule, node["steps"] != nil,
      case .steps(let steps) = training.length, warmup.value >= steps.value, warmup.value > 0
    else { return }
    reading.error(
      "manifest.warmup-too-long",
      "a warm-up of \(warmup.value) steps leaves none of the \(steps.value) for training",
      at: warmup.location, hint: "set `warmup: \(steps.value / 10)`, or raise `steps`")
  }
}

/// What the block `training` of a task says; the loss it does not name follows from the decoder.
struct TaskTraining: Sendable {
  var training: Training
  var hasLoss: Bool

  func filled(for decoder: Decoder) -> Training {
    var training = training
    if !hasLoss { training.loss.value = decoder.standardLoss }
    return training
  }
}

extension TrainingLanguage {
  /// The block `optimizer`, a mapping with one key.
  static let optimizer = Language<Optimizer>.object(
    "optimizer",
    .optional("adam", adam("adam", weightDecay: "0"), "Adam; decay enters the gradient."),
    .optional("adamw", adam("adamw", weightDecay: "0.01"), "AdamW; decay acts on the weights."),
    .optional("sgd", sgd, "Stochastic gradient descent."),
    exclusive: [.init(keys: ["adam", "adamw", "sgd"], isRequired: true)]
  ) { _, adam, adamw, sgd in
    adam.map { .adam(learningRate: $0.rate, weightDecay: $0.decay) }
      ?? adamw.map { .adamw(learningRate: $0.rate, weightDecay: $0.decay) } ?? sgd
  }

  private typealias Adam = (rate: Located<Double>, decay: Located<Double>)

  private static func adam(_ title: String, weightDecay: String) -> Language<Adam> {
    .object(title, learningRate, Self.weightDecay(weightDecay)) { _, rate, decay in (rate, decay) }
  }

  private static let sgd = Language<Optimizer>.object(
    "sgd", learningRate, weightDecay("0"),
    .standard(
      "momentum", .number(NumberRange(lower: 0, upper: 1, excludesUpper: true)), "0",
      "How much of the last update is kept."),
    .standard("nesterov", .bool, "false", "Whether the momentum looks ahead.")
  ) { _, rate, decay, momentum, nesterov in
    .sgd(learningRate: rate, momentum: momentum, weightDecay: decay, nesterov: nesterov)
  }
  .checked { optimizer, _, reading in
    guard case .sgd(_, let momentum, _, let nesterov) = optimizer, nesterov.value,
      momentum.value == 0
    else { return }
    reading.error(
      "manifest.nesterov-without-momentum", "Nesterov's rule needs a momentum above 0",
      at: nesterov.location, hint: "set `momentum: 0.9`, or remove `nesterov`")
  }

  private static let learningRate = Key.required(
    "learning_rate", .number(NumberRange(lower: 0, upper: 100, excludesLower: true)),
    "The length of a step.")

  private static func weightDecay(_ standard: String) -> Key<Located<Double>> {
    .standard(
      "weight_decay", .number(NumberRange(lower: 0, upper: 1)), standard,
      "How strongly weights are drawn to 0.")
  }

  /// The block `schedule`, a word or a mapping with one key.
  static let schedule = Language<Schedule>.either(
    Language<Located<String>>.words(
      ["constant", "cosine"],
      ["the learning rate as it is", "half a cosine down to zero, without warm-up"]
    ).map({ $0.value == "cosine" ? .cosine(warmup: Located(0, at: $0.location)) : .constant }),
    .object(
      "schedule",
      .optional("cosine", cosine, "Linear warm-up, then half a cosine down to zero."),
      .optional("step", step, "The learning rate times `factor` after every `every` steps."),
      exclusive: [.init(keys: ["cosine", "step"], isRequired: true)]
    ) { _, cosine, step in cosine ?? step })

  private static let cosine = Language<Schedule>.object(
    "cosine-schedule",
    .standard("warmup", .integer(0...100_000_000), "0", "How many steps the warm-up takes.")
  ) { _, warmup in .cosine(warmup: warmup) }

  private static let step = Language<Schedule>.object(
    "step-schedule",
    .required("every", .integer(1...100_000_000), "How many steps a level lasts."),
    .required(
      "factor", .number(NumberRange(lower: 0, upper: 1, excludesLower: true)),
      "What the learning rate is multiplied by.")
  ) { _, every, factor in .step(every: every, factor: factor) }
}
