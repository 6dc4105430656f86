internal import Core
internal import TensorKernels

/// Which optimiser, with its constants; all by PyTorch's definitions.
public enum OptimiserRule: Hashable, Sendable {
  case sgd(momentum: Double = 0.9, weightDecay: Double = 1e-4, nesterov: Bool = false)
  case adam(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0)
  /// Adam with decoupled weight decay.
  case adamW(
    beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0.01)

  /// Names of the arrays that are kept for each parameter.
  var stateNames: [String] {
    switch self {
    case .sgd: ["velocity"]
    case .adam, .adamW: ["first-moment", "second-moment"]
    }
  }
}

/// A loss or gradient was infinite or not a number: training cannot go on.
public struct NonFinite: Error, Hashable, CustomStringConvertible {
  /// `loss`, or the key of the parameter whose gradient it is.
  public var subject: String
  /// The optimiser step that failed, from 1.
  public var step: Int
  public var learningRate: Double

  public init(subject: String, step: Int, learningRate: Double) {
    self.subject = subject
    self.step = step
    self.learningRate = learningRate
  }

  public var description: String {
    let what = subject == "loss" ? "the loss" : "the gradient of \(subject)"
    return "\(what) is not finite at optimiser step \(step), learning rate \(learningRate)"
  }
}

/// Moves parameters against their gradients.
public final class Optimiser {
  public let rule: OptimiserRule
  /// Steps taken so far.
  public private(set) var steps = 0
  private let parameters: [Parameter]
  /// Arrays by parameter, then by `rule.stateNames`; zeros at first.
  private let state: [[Buffer]]
  let engine: Engine
  private let current: CurrentStep

  public init(_ rule: OptimiserRule, for parameters: [Parameter], on engine: Engine) {
    self.rule = rule
    self.parameters = parameters
    self.engine = engine
    state = parameters.map { parameter in
      rule.stateNames.map { _ in engine.context.buffers.takeZeroed(parameter.count) }
    }
    current = CurrentStep(parameters: parameters.count)
  }

  /// Forgets all gradients; to be called before a forward pass, which uses their memory.
  public func clearGradients() {
    for parameter in parameters { parameter.clearGradient() }
  }

  /// Takes a step.
  ///
  /// - Throws: `NonFinite` if the loss is, and nothing has changed; or if a gradient is, and the
  ///   parameters are of no use any more. Looking through all gradients first would have every step
  ///   read them twice, a hundredth of its time.
  public func step(loss: Double, learningRate: Double) throws(NonFinite) {
    try step(loss: loss, learningRate: learningRate) { update() }
  }

  /// The same by an `update` that has been recorded, or is to be.
  func step(
    loss: Double, learningRate: Double, by update: () -> Void
  ) throws(NonFinite) {
    try begin(loss: loss, learningRate: learningRate)
    update()
    try finish()
  }

  /// Sets the numbers that `update` goes by.
  private func begin(loss: Double, learningRate: Double) throws(NonFinite) {
    current.learningRate = learningRate
    guard loss.isFinite else { throw failure("loss") }
    let step = steps + 1
    switch rule {
    case .sgd(let momentum, let weightDecay, let nesterov):
      current.descent.pointee = DescentRule(
        learningRate: Float(learningRate), momentum: Float(momentum),
        weightDecay: Float(weightDecay), nesterov: nesterov, isFirstStep: step == 1)
    case .adam(let beta1, let beta2, let epsilon, let weightDecay),
      .adamW(let beta1, let beta2, let epsilon, let weightDecay):
      let isDecoupled = if case .adamW = rule { true } else { false }
      current.adam.pointee = AdamRule(
        learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: weightDecay, isDecoupled: isDecoupled,
        correction1: 1 - PortableMath.pow(beta1, Double(step)),
        correction2: 1 - PortableMath.pow(beta2, Double(step)))
    }
  }

  /// Moves the parameters by the numbers of the step that is being taken.
  func update() {
    for (place, parameter) in parameters.enumerated() {
      guard let gradient = parameter.gradient else { continue }
      let (values, state) = (parameter.values.pointer, state[place])
      switch rule {
      case .sgd:
        DescentRule.update(
          by: current.descent, values, gradient: gradient.pointer, velocity: state[0].pointer,
          count: parameter.count, isFinite: current.isFinite + place, on: engine.context)
      case .adam, .adamW:
        AdamRule.update(
          by: current.adam, values, gradient: gradient.pointer, firstMoment: state[0].pointer,
          secondMoment: state[1].pointer, count: parameter.count,
          isFinite: current.isFinite + place, on: engine.context)
      }
    }
  }

  /// Counts the step, unless a gradient was not finite.
  private func finish() throws(NonFinite) {
    for (place, parameter) in parameters.enumerated() where !current.isFinite[place] {
      throw failure(parameter.name)
    }
    steps += 1
  }

  private func failure(_ subject: String) -> NonFinite {
    NonFinite(subject: subject, step: steps + 1, learningRate: current.learningRate)
  }
}

/// The numbers of the step that is being taken, where kernels find them.
private final class CurrentStep {
  var learningRate = 0.0
  let descent = UnsafeMutablePointer<DescentRule>.allocate(capacity: 1)
  let adam = UnsafeMutablePointer<AdamRule>.allocate(capacity: 1)
  /// Of each parameter's gradient, once it has moved the parameter.
  let isFinite: UnsafeMutablePointer<Bool>

  init(parameters: Int) {
    isFinite = .allocate(capacity: parameters)
    isFinite.initialize(repeating: true, count: parameters)
  }

  deinit {
    descent.deallocate()
    adam.deallocate()
    isFinite.deallocate()
  }
}

extension Optimiser {
  /// Adds steps and state to a checkpoint.
  func save(to checkpoint: inout Checkpoint) {
    checkpoint.counters.append(.init(name: "optimiser.steps", value: UInt64(steps)))
    for (parameter, state) in zip(parameters, state) {
      for (name, buffer) in zip(rule.stateNames, state) {
        checkpoint.add("\(parameter.name)#\(name)", buffer)
      }
    }
  }

  /// Takes steps and state from a checkpoint of the same rule and parameters.
  func load(from checkpoint: inout Checkpoint.Reader) throws(MalformedCheckpoint) {
    let steps = try checkpoint.counter("optimiser.steps")
    for (parameter, state) in zip(parameters, state) {
      for (name, buffer) in zip(rule.stateNames, state) {
        try checkpoint.read("\(parameter.name)#\(name)", into: buffer)
      }
    }
    self.steps = Int(clamping: steps)
  }
}
