public import Core

/// How long and how a network is trained.
public struct Training: Hashable, Sendable {
  /// The side of the square patches in pixels; a multiple of 32.
  public var patch: Located<Int>
  public var batch: Located<Int>
  public var length: Length
  public var optimizer: Optimizer
  public var schedule: Schedule
  public var augmentation: Located<Augmentation>
  public var loss: Located<Loss>
  public var encoder: Located<EncoderTraining>

  /// Steps mean the same work at every size; epochs mean work in proportion to the size.
  public enum Length: Hashable, Sendable {
    case steps(Located<Int>)
    case epochs(Located<Int>)
  }

  public init(
    patch: Located<Int>, batch: Located<Int>, length: Length, optimizer: Optimizer,
    schedule: Schedule, augmentation: Located<Augmentation>, loss: Located<Loss>,
    encoder: Located<EncoderTraining> = Located(.fineTuned)
  ) {
    self.patch = patch
    self.batch = batch
    self.length = length
    self.optimizer = optimizer
    self.schedule = schedule
    self.augmentation = augmentation
    self.loss = loss
    self.encoder = encoder
  }
}

/// Whether the encoder learns. A frozen one keeps weights and batch statistics as they are.
public enum EncoderTraining: Hashable, Sendable {
  case fineTuned
  case frozen
  /// Frozen for the first share of the optimiser steps; then all learns, with a new optimiser and
  /// the schedule from its start.
  case frozenFor(share: Double)
}

/// The update rule and its constants, as PyTorch defines them.
public enum Optimizer: Hashable, Sendable {
  case sgd(
    learningRate: Located<Double>, momentum: Located<Double>, weightDecay: Located<Double>,
    nesterov: Located<Bool>)
  case adam(learningRate: Located<Double>, weightDecay: Located<Double>)
  case adamw(learningRate: Located<Double>, weightDecay: Located<Double>)
}

/// How the learning rate moves over the optimiser steps.
public enum Schedule: Hashable, Sendable {
  case constant
  /// Linear warm-up, then half a cosine down to zero.
  case cosine(warmup: Located<Int>)
  /// Times `factor` after every `every` steps.
  case step(every: Located<Int>, factor: Located<Double>)
}
