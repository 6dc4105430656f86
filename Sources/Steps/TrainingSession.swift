internal import Archives
internal import Core
internal import Execution
internal import Learning
internal import ManifestModel
internal import Networks
internal import Planning

/// A network before it is known what it learns from.
private enum AnyTrainable {
  case masks(SegmentationNetwork)
  case nuclei(NucleusNetwork)
}

/// One training run between its first and last optimiser step, whatever kind of network it trains.
struct TrainingSession {
  let context: StepContext
  let settings: TrainingSettings
  let task: any TrainingTask
  let normalization: Normalization
  let steps: Int
  /// Optimiser steps between two looks at the hold-out; `nil` keeps the last weights.
  let every: Int?
  let metric: String

  private(set) var step = 0
  private var curves = TrainingCurves(loss: [], validation: [], metric: nil, selected: 0, last: 0)
  private var lossSum = 0.0
  private var lossCount = 0
  private var best: (value: Double, weights: [UInt8])?
  private var lastSave = ContinuousClock.now

  /// Often enough that a kill costs little, seldom enough that saving does not show.
  private static let saveInterval = Duration.seconds(20)
  private static let pointsOfCurve = 50

  init(_ context: StepContext) throws {
    self.context = context
    settings = TrainingSettings(context)
    metric = context.text("selection.metric")
    every = context.action.parameters["selection.every"]?.integer
    let replicate = context.integer("replicate")
    // The network is made while the weights are read and checked.
    let reading = context.action.inputs["encoder"].map { _ in
      Meanwhile { try Safetensors.decode(context.read(input: "encoder")) }
    }
    let network: AnyTrainable =
      switch context.decoder {
      case .unet: .masks(MaskTraining.network(context, settings, replicate: replicate))
      case .hovernet: .nuclei(NucleusTraining.network(context, settings, replicate: replicate))
      }
    let encoder = try reading?.value()
    let normalization =
      try encoder.map { try Normalization(metadata: $0.metadata) } ?? Normalization(context)
    self.normalization = normalization
    let split = try context.split(input: "split")
    let subset = try JSON.decode(Subset.self, from: context.read(input: "subset"))
    func images(_ ids: [String]) throws -> LabelledImages {
      try LabelledImages(ids, of: split, normalization: normalization, in: context)
    }
    let images = TrainingImages(
      training: try images(subset.training), holdout: try images(subset.holdout),
      settings: settings, replicate: replicate, seed: context.action.seed)
    task =
      switch network {
      case .masks(let network): MaskTraining(network, images)
      case .nuclei(let network): try NucleusTraining(network, context, images, split: split)
      }
    if let encoder { try task.network.loadEncoder(encoder.tensors) }
    steps = TrainingSettings.steps(context, images: subset.training.count)
    curves.metric = every == nil ? nil : metric
    curves.last = steps
  }

  /// Takes one optimiser step and what follows from it.
  mutating func advance() throws {
    if step == settings.thaw(of: steps) { task.network.thawEncoder() }
    do throws(NonFinite) {
      lossSum += try task.train(step: step, learningRate: rate(at: step))
    } catch {
      throw diverged(error.subject, at: step + 1)
    }
    step += 1
    lossCount += 1
    let interval = max(1, steps / Self.pointsOfCurve)
    if step % interval == 0 || step == steps {
      let loss = lossSum / Double(lossCount)
      curves.loss.append(.init(step: step, value: loss))
      context.note("\(place): loss \(fixed(loss, digits: 4))")
      (lossSum, lossCount) = (0, 0)
    }
    if let every, step % every == 0 || step == steps { try select() }
    context.progress(
      Double(step) / Double(steps),
      "\(place), loss \(fixed(curves.loss.last?.value ?? 0, digits: 3))")
    try saveIfDue()
  }

  private var place: String { "step \(step) of \(steps)" }

  /// The schedule runs over what comes before the encoder thaws, and again over what comes after.
  private func rate(at step: Int) -> Double {
    guard let thaw = settings.thaw(of: steps) else {
      return settings.learningRate(at: step, of: steps)
    }
    return step < thaw
      ? settings.learningRate(at: step, of: thaw)
      : settings.learningRate(at: step - thaw, of: steps - thaw)
  }

  private func diverged(_ subject: String, at step: Int) -> StepFailure {
    return StepFailure(
      "train.non-finite",
      "the \(subject) is not finite at optimiser step \(step) of \(steps), "
        + "learning rate \(shortestDecimal(rate(at: step - 1)))",
      hint: "lower `learning_rate`, or add warm-up: `schedule: { cosine: { warmup: 50 } }`")
  }

  /// Looks at the hold-out and keeps the weights if they are better; the earliest best wins.
  private mutating func select() throws {
    let value: Double
    do {
      value = isLoss ? task.holdoutLoss() : try task.holdoutQuality()
    } catch is NonFinitePrediction {
      throw diverged("prediction of the hold-out", at: step)
    }
    guard value.isFinite else { throw diverged("loss of the hold-out", at: step) }
    curves.validation.append(.init(step: step, value: value))
    let score = isLoss ? -value : value
    let isBest = best.map { score > $0.value } ?? true
    if isBest {
      best = (score, weights())
      curves.selected = step
    }
    context.note(
      "\(place): \(metric) of the hold-out \(fixed(value, digits: 4))"
        + (isBest ? ", the best so far" : ""))
  }

  private var isLoss: Bool { metric == SelectionMetric.loss.rawValue }

  func finish() throws {
    var curves = curves
    if every == nil { curves.selected = steps }
    try context.write(output: "weights", best?.weights ?? weights())
    try context.write(output: "curves", JSON.encode(curves))
  }

  private func weights() -> [UInt8] {
    Safetensors.encode(task.network.exportState(), metadata: normalization.metadata)
  }

  /// Goes on from what an interrupted run saved.
  mutating func resume() throws {
    guard let bytes = try context.loadCheckpoint(), let sections = Sections.decode(bytes),
      sections.count == 4, let state = try? JSON.decode(State.self, from: sections[0]),
      let curves = try? JSON.decode(TrainingCurves.self, from: sections[2])
    else { return }
    // The checkpoint's optimiser is that of its phase.
    if let thaw = settings.thaw(of: steps), state.step > thaw { task.network.thawEncoder() }
    try task.network.restore(sections[1])
    self.curves = curves
    step = state.step
    lossSum = Double(bitPattern: state.lossBits)
    lossCount = state.lossCount
    best = state.bestBits.map { (Double(bitPattern: $0), sections[3]) }
    context.note("goes on from \(place)")
  }

  /// Numbers as bits: a resumed run must not differ by a rounding.
  private struct State: Codable {
    var step: Int
    var lossBits: UInt64
    var lossCount: Int
    var bestBits: UInt64?
  }

  private mutating func saveIfDue() throws {
    let stop = context.shouldStop
    guard stop || ContinuousClock.now - lastSave > Self.saveInterval, step < steps else { return }
    try save()
    if stop { throw StepInterrupted() }
  }

  /// Saves all that `resume` goes on from.
  mutating func save() throws {
    lastSave = ContinuousClock.now
    let state = State(
      step: step, lossBits: lossSum.bitPattern, lossCount: lossCount,
      bestBits: best?.value.bitPattern)
    try context.saveCheckpoint(
      Sections.encode([
        JSON.encode(state), task.network.checkpoint(), JSON.encode(curves), best?.weights ?? [],
      ]))
  }
}
