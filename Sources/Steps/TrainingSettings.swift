internal import Core
internal import Execution
internal import Learning
internal import ManifestModel
internal import Networks

/// What training and pretraining steps read of their parameters.
struct TrainingSettings {
  var patch: Int
  var batch: Int
  var width: Double
  var rule: OptimiserRule
  var learningRate: Double
  var augmentation: Augmentation
  /// Whether the encoder starts frozen.
  var freezesEncoder: Bool
  /// The share of the steps after which a frozen encoder thaws; `nil` if it never does.
  private let frozenShare: Double?
  private let schedule: LearningRateSchedule

  init(_ context: StepContext) {
    patch = context.integer("training.patch")
    batch = context.integer("training.batch")
    width = context.number("model.width")
    learningRate = context.number("training.optimizer.learning_rate")
    let decay = context.number("training.optimizer.weight_decay")
    switch context.text("training.optimizer") {
    case "sgd":
      rule = .sgd(
        momentum: context.number("training.optimizer.momentum"), weightDecay: decay,
        nesterov: context.parameter("training.optimizer.nesterov").bool!)
    case "adam": rule = .adam(weightDecay: decay)
    default: rule = .adamW(weightDecay: decay)
    }
    let parameters = context.action.parameters
    // Pretraining has views in their place, and no decoder.
    augmentation =
      (parameters["training.augmentation"]?.text).flatMap(Augmentation.init) ?? .none
    frozenShare = parameters["training.encoder.frozen_for"]?.number
    freezesEncoder = frozenShare != nil || parameters["training.encoder"]?.text == "frozen"
    schedule =
      switch context.text("training.schedule") {
      case "cosine": .cosine(warmUp: parameters["training.schedule.warmup"]!.integer!)
      case "step":
        .step(
          interval: parameters["training.schedule.every"]!.integer!,
          factor: parameters["training.schedule.factor"]!.number!)
      default: .constant
      }
  }

  /// The optimiser step, counted from 0, before which the encoder thaws: the share of all steps,
  /// rounded half up, so that both phases have one at least; `nil` if it never does.
  func thaw(of steps: Int) -> Int? {
    frozenShare.flatMap { share in
      steps < 2 ? nil : min(steps - 1, max(1, Int((share * Double(steps) + 0.5).rounded(.down))))
    }
  }

  /// The learning rate of an optimiser step, counted from 0, out of all steps.
  func learningRate(at step: Int, of steps: Int) -> Double {
    schedule.rate(base: learningRate, step: step, total: steps)
  }

  /// Optimiser steps for a training set: as declared, or from epochs, in which every image is drawn
  /// once on average.
  static func steps(_ context: StepContext, images: Int) -> Int {
    let parameters = context.action.parameters
    if let steps = parameters["training.steps"]?.integer { return steps }
    let epochs = context.integer("training.epochs")
    let batch = context.integer("training.batch")
    return max(1, (epochs * images + batch - 1) / batch)
  }
}
