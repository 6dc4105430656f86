/// What a step does: the closed list, with the version that each contributes to identity.
public enum StepKind: String, CaseIterable, Hashable, Sendable {
  /// Lists the files of a dataset with their digests.
  case source
  /// Generates the images of a synthetic dataset.
  case synthesize
  /// Decodes, checks and indexes a dataset, split by split.
  case `import`
  /// Fills an encoder from a published weight file.
  case load
  /// Pretrains an encoder on unlabelled images.
  case pretrain
  /// Refuses images that a network would see and be tested on, where a dataset says so.
  case leakage
  /// Draws a training subset and its hold-out.
  case subset
  /// Trains one cell.
  case train
  /// Predicts the images of one test set with one trained network.
  case predict
  /// Measures predictions against the truth.
  case measure
  /// Draws predictions over images for the report.
  case overlay
  /// Tests one candidate against one baseline over all sizes.
  case compare
  /// Corrects the comparisons of a study together.
  case adjust
  /// Gives its text and what it reads: a step of `bench-graph`, whose work is next to nothing.
  case echo

  /// Raised by hand when the meaning of the kind changes; old records then no longer apply.
  public var version: Int {
    switch self {
    // 2: a true object in several pieces is one object; 1: each piece was one.
    case .measure: 2
    // 2: worst, median and best image by a metric; 1: the first two by id.
    case .overlay: 2
    default: 1
    }
  }

  /// Whether the kind draws random numbers, so that the study's seed is part of its identity.
  public var draws: Bool {
    switch self {
    case .pretrain, .subset, .train, .compare: true
    case .source, .synthesize, .import, .leakage, .load, .predict, .measure, .overlay, .adjust,
      .echo:
      false
    }
  }

  /// Whether the kind keeps a processor busy for long; the others are not worth more than one thread.
  public var isHeavy: Bool {
    switch self {
    case .pretrain, .train, .predict: true
    default: false
    }
  }

  /// Whether the kind is done so soon, in so little memory, that starting a process would cost more.
  public var isShort: Bool {
    switch self {
    case .source, .leakage, .subset, .measure, .overlay, .compare, .adjust, .echo: true
    case .synthesize, .import, .load, .pretrain, .train, .predict: false
    }
  }
}
