internal import Learning

extension ReferenceAgreement {
  /// Three steps of training: losses, gradient norms before the first step, and norms of parameters
  /// and statistics after the last.
  ///
  /// Losses and norms are compared as vectors. A single one has more room than that: a rectifier
  /// whose input is zero to within rounding passes a gradient in one precision and not in another,
  /// and Adam divides small gradients by their size. PyTorch's own Float32 is up to 3.1e-3 (U-Net)
  /// and 2.2e-2 (DenseNet-121) from its Float64 in the norm of one gradient, and 11 % in
  /// DenseNet-121's third loss, 0.035 after 2.47; as vectors, 6e-4 in gradients and 1.8e-3 in losses.
  func training(_ key: String, name: String, on engine: Engine) -> [AgreementRow] {
    guard let row = figures.training[key], let plan = TrainingPlan(key) else {
      return [AgreementRow(name, .infinity, within: Self.trainingTolerance)]
    }
    let result = train(plan, steps: row.losses.count, on: engine)
    let gradients = Self.align(result.gradients, row.gradients)
    let parameters = Self.align(result.parameters, row.parameters)
    let largest = zip(gradients.ours, gradients.theirs).map { ($0 / $1 - 1).magnitude }.max()
    let tolerance = Self.trainingTolerance
    // Each of DenseNet-121's 121 layers reads all before it, and Adam follows the signs of small
    // gradients: five times the room for what PyTorch itself keeps to twice the tolerance.
    let isDense = plan.network.hasPrefix("densenet")
    return [
      AgreementRow(
        name, relativeDistance(result.losses, row.losses), within: isDense ? 5e-3 : tolerance),
      AgreementRow(
        "\(name)/gradients", relativeDistance(gradients.ours, gradients.theirs), within: tolerance),
      AgreementRow(
        "\(name)/largest-gradient", largest ?? .infinity, within: isDense ? 2.5e-2 : 5e-3),
      AgreementRow(
        "\(name)/parameters", relativeDistance(parameters.ours, parameters.theirs),
        within: tolerance),
    ]
  }

  /// Norms of one training run by parameter.
  struct TrainingResult {
    var losses: [Double] = []
    var gradients: [String: Double] = [:]
    var parameters: [String: Double] = [:]
  }

  /// Trains by the rule of a row's key.
  func train(_ plan: TrainingPlan, steps: Int, on engine: Engine) -> TrainingResult {
    guard
      let network = Classifier(
        plan.network, classes: plan.classes, side: plan.shape[2], on: engine)
    else { return TrainingResult() }
    fill(network.parameters)
    let x = images(plan.shape, on: engine)
    let pixels = plan.shape[0] * plan.shape[2] * plan.shape[3]
    let mask = uniform("mask", pixels).map { $0 > 0.2 ? Float(1) : 0 }
    let labels = (0..<plan.shape[0]).map { Float($0 * 7 % 10) }
    let optimiser = Optimiser(plan.rule, for: network.parameters.trainable, on: engine)
    var result = TrainingResult()
    for step in 0..<steps {
      let tape = Tape(.training, on: engine)
      let logits = network.logits(x, tape)
      let loss =
        switch plan.loss {
        case .entropy: tape.binaryCrossEntropy(logits, targets: mask, withDice: false)
        case .entropyAndDice: tape.binaryCrossEntropy(logits, targets: mask, withDice: true)
        case .classes: tape.crossEntropy(logits, labels: labels)
        }
      result.losses.append(loss)
      optimiser.clearGradients()
      tape.backward()
      if step == 0 {
        for parameter in network.parameters.trainable {
          result.gradients[parameter.name] = parameter.gradientArray.map(euclideanNorm)
        }
      }
      guard (try? optimiser.step(loss: loss, learningRate: plan.learningRate)) != nil else {
        return result
      }
    }
    for parameter in network.parameters.all {
      result.parameters[parameter.name] = euclideanNorm(parameter.array)
    }
    return result
  }

  /// Values under the same names, in the order of the names; of unequal counts if a name is missing.
  private static func align(
    _ ours: [String: Double], _ theirs: [String: Double]
  ) -> (ours: [Double], theirs: [Double]) {
    guard ours.count == theirs.count else { return ([], [1]) }
    let names = theirs.keys.sorted()
    return (names.compactMap { ours[$0] }, names.compactMap { theirs[$0] })
  }
}

/// What the key of a training row says, such as
/// `resnet18(10 classes)/cross entropy/sgd nesterov(lr .05, momentum .9, wd 1e-4)/batch 4x3x64x64`.
struct TrainingPlan {
  enum Loss { case entropy, entropyAndDice, classes }

  let network: String
  let classes: Int
  let loss: Loss
  let rule: OptimiserRule
  let learningRate: Double
  /// PyTorch's: `[N, 3, H, W]`.
  let shape: [Int]

  init?(_ key: String) {
    let parts = key.split(separator: "/").map(String.init)
    guard parts.count >= 4, parts[3].hasPrefix("batch ") else { return nil }
    network = parts[0]
    shape = parts[3].dropFirst(6).split(separator: "x").compactMap { Int($0) }
    guard shape.count == 4 else { return nil }
    switch parts[1].prefix(while: { $0 != "(" }) {
    case "bce": (loss, classes) = (.entropy, 1)
    case "bce+softdice": (loss, classes) = (.entropyAndDice, 1)
    case "cross entropy":
      guard let count = Self.number(after: "(", in: parts[0]) else { return nil }
      (loss, classes) = (.classes, Int(count))
    default: return nil
    }
    guard let rate = Self.number(after: "lr ", in: parts[2]) else { return nil }
    learningRate = rate
    let decay = Self.number(after: "wd ", in: parts[2])
    switch parts[2].prefix(while: { $0 != "(" }) {
    case "sgd", "sgd nesterov":
      rule = .sgd(
        momentum: Self.number(after: "momentum ", in: parts[2]) ?? 0, weightDecay: decay ?? 0,
        nesterov: parts[2].hasPrefix("sgd nesterov"))
    case "adam": rule = .adam(weightDecay: decay ?? 0)
    case "adamw": rule = .adamW(weightDecay: decay ?? 0.01)
    default: return nil
    }
  }

  /// The number behind a word; it may begin with its decimal point.
  private static func number(after word: String, in text: String) -> Double? {
    var rest = Substring(text)
    while !rest.isEmpty {
      if rest.hasPrefix(word) {
        let digits = rest.dropFirst(word.count).prefix { "0123456789.e-".contains($0) }
        return Double(digits.hasPrefix(".") ? "0\(digits)" : String(digits))
      }
      rest.removeFirst()
    }
    return nil
  }
}
