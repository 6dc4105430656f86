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
  private let schedule: CanonicalValue
  private let warmup: Int
  private let every: Int
  private let factor: Double

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
    schedule = context.parameter("training.schedule")
    let parameters = context.action.parameters
    warmup = parameters["training.schedule.warmup"]?.integer ?? 0
    every = parameters["training.schedule.every"]?.integer ?? 1
    factor = parameters["training.schedule.factor"]?.number ?? 1
  }

  /// The learning rate of an optimiser step, counted from 0, out of all steps.
  func learningRate(at step: Int, of steps: Int) -> Double {
    switch schedule {
    case "cosine":
      if step < warmup { return learningRate * Double(step + 1) / Double(warmup) }
      let progress = Double(step - warmup) / Double(max(1, steps - warmup))
      // Half a cosine from 1 down to 0: (1 + cos(pi t)) / 2.
      let (cosine, _) = PortableMath.cosineAndSine(turns: progress / 2)
      return learningRate * 0.5 * (1 + cosine)
    case "step":
      return (0..<(step / every)).reduce(learningRate) { rate, _ in rate * factor }
    default:
      return learningRate
    }
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
