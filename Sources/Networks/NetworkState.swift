internal import Archives
public import Learning
internal import TensorKernels

/// A network that a training loop drives: what they all have in common, whatever they learn.
public protocol TrainableNetwork: AnyObject {
  /// Parameters, optimiser, and what inference has prepared.
  var state: NetworkState { get }
}

/// The parameters of a network with their optimiser.
///
/// The encoder may be frozen, its running statistics included, until it is thawed.
public final class NetworkState {
  let engine: Engine
  private let parameters: ParameterSet
  private let encoder: ParameterSet
  /// What the encoder's names have before torchvision's.
  private let encoderPrefix: String
  private let rule: OptimiserRule
  private var optimiser: Optimiser
  private var step: TrainingStep
  /// What inference has prepared; nothing once a parameter may have changed.
  private var foldedWeights: FoldedWeights?

  init(
    parameters: ParameterSet, encoder: ParameterSet, encoderPrefix: String, freezesEncoder: Bool,
    optimiser rule: OptimiserRule, on engine: Engine
  ) {
    self.engine = engine
    self.parameters = parameters
    self.encoder = encoder
    self.encoderPrefix = encoderPrefix
    self.rule = rule
    if freezesEncoder { encoder.freeze() }
    optimiser = Optimiser(rule, for: parameters.trainable, on: engine)
    step = TrainingStep(optimiser)
  }

  /// Takes one optimiser step down the gradient of the loss that `forward` finds of the inputs.
  func learn(
    _ inputs: [StepInput], learningRate: Double, _ forward: ([Tensor], Tape) -> LossValue
  ) throws(NonFinite) -> Double {
    foldedWeights = nil
    return try step.run(inputs, learningRate: learningRate, forward)
  }

  /// Runs with running statistics; nothing is learned.
  func infer<Result>(_ forward: (Tape) -> Result) -> Result {
    let folded = foldedWeights ?? FoldedWeights()
    foldedWeights = folded
    return forward(Tape(.inference, reusing: folded, on: engine))
  }

  fileprivate func load(
    _ tensors: NamedTensors
  ) throws(UnusableState) {
    foldedWeights = nil
    try parameters.load(tensors)
  }

  fileprivate func loadEncoder(_ tensors: NamedTensors) throws(UnusableState) {
    foldedWeights = nil
    let own = tensors.filter { !$0.name.hasPrefix("classifier.") }
    try encoder.load(own, adding: encoderPrefix, ignoring: "fc.")
  }

  fileprivate func export() -> NamedTensors { parameters.export() }

  fileprivate func thawEncoder() {
    encoder.unfreeze()
    optimiser = Optimiser(rule, for: parameters.trainable, on: engine)
    step = TrainingStep(optimiser)
  }

  fileprivate var steps: Int { optimiser.steps }

  fileprivate func checkpoint() -> [UInt8] { optimiser.checkpoint(of: parameters.all) }

  fileprivate func restore(_ bytes: [UInt8]) throws(MalformedCheckpoint) {
    foldedWeights = nil
    try optimiser.restore(bytes, to: parameters.all)
  }
}

extension TrainableNetwork {
  /// Steps that the optimiser has taken, restored steps included; it is new once the encoder thaws.
  public var steps: Int { state.steps }

  /// Replaces the encoder's weights and statistics by those of a torchvision state dict.
  ///
  /// Every key of the encoder must be there with its shape; the classifier (`fc.*`, `classifier.*`)
  /// and `num_batches_tracked` are passed over, and any other key is an error.
  public func loadEncoder(_ tensors: NamedTensors) throws(UnusableState) {
    try state.loadEncoder(tensors)
  }

  /// Lets a frozen encoder learn from here on, with a new optimiser.
  public func thawEncoder() { state.thawEncoder() }

  /// Weights and statistics under the published keys, in their order.
  public func exportState() -> NamedTensors { state.export() }

  /// Replaces weights and statistics by what `exportState` gave.
  public func importState(_ tensors: NamedTensors) throws(UnusableState) {
    try state.load(tensors)
  }

  /// Everything a resumed run needs to go on with the same bits, as checksummed bytes.
  public func checkpoint() -> [UInt8] { state.checkpoint() }

  /// Goes back to a checkpoint of the same configuration, its encoder frozen or not.
  ///
  /// - Throws: `MalformedCheckpoint`; the network may hold a part of it then and is not to be used.
  public func restore(_ bytes: [UInt8]) throws(MalformedCheckpoint) {
    try state.restore(bytes)
  }
}
