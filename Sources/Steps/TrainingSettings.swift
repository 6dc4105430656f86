internal import Core
internal import Execution
internal import Learning
internal import Networks

/// What training and pretraining steps read of their parameters.
struct TrainingSettings {
  var patch: Int
  var batch: Int
  var width: Double
  var rule: OptimiserRule
  var learningRate: Double
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
