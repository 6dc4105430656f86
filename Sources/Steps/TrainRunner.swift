internal import Archives
internal import Core
internal import Evaluation
internal import Execution
internal import Imaging
internal import Learning
internal import Networks
internal import Planning

/// Trains one cell and keeps the selected weights.
///
/// The replicate fixes data order, patches, augmentation and the decoder's start, the same for every
/// initialization. Work is saved at intervals; a step that was killed goes on to the same bytes.
struct TrainRunner: StepRunner {
  func run(_ context: StepContext) throws {
    var session = try TrainingSession(context)
    do {
      try session.resume()
    } catch is MalformedCheckpoint {
      session = try TrainingSession(context)
    }
    while session.step < session.steps { try session.advance() }
    try session.finish()
  }
}

/// One training run between its first and last optimiser step.
private struct TrainingSession {
  let context: StepContext
  let settings: TrainingSettings
  let network: SegmentationNetwork
  let training: LabelledImages
  let holdout: LabelledImages
  let normalization: Normalization
  let replicate: Int
  let steps: Int
  let isAugmented: Bool
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
    replicate = context.integer("replicate")
    isAugmented = context.text("training.augmentation") == "geometric"
    metric = context.text("selection.metric")
    every = context.action.parameters["selection.every"]?.integer
    let encoder = context.action.inputs["encoder"].map { _ in
      Meanwhile { try Safetensors.decode(context.read(input: "encoder")) }
    }
    network = SegmentationNetwork(
      encoderWidth: settings.width, classes: 1,
      loss: context.text("training.loss") == "bce" ? .crossEntropy : .crossEntropyAndDice,
      optimiser: settings.rule,
      firstValues: encoder == nil ? .all : .decoder,
      seed: context.action.seed, replicate: UInt64(replicate), threads: context.threads)
    if let encoder = try encoder?.value() {
      normalization = try Normalization(metadata: encoder.metadata)
      try network.loadEncoder(encoder.tensors)
    } else {
      normalization = Normalization(context)
    }
    let split = try context.split(input: "split")
    let subset = try JSON.decode(Subset.self, from: context.read(input: "subset"))
    training = try LabelledImages(
      subset.training, of: split, normalization: normalization, in: context)
    holdout = try LabelledImages(
      subset.holdout, of: split, normalization: normalization, in: context)
    steps = TrainingSettings.steps(context, images: training.items.count)
    curves.metric = every == nil ? nil : metric
    curves.last = steps
  }

  /// Takes one optimiser step and what follows from it.
  mutating func advance() throws {
    let rate = settings.learningRate(at: step, of: steps)
    let (images, masks) = training.batch(
      step: step, settings: settings, replicate: replicate, isAugmented: isAugmented,
      seed: context.action.seed)
    do throws(NonFinite) {
      lossSum += try network.trainStep(
        images: images, masks: masks, batch: settings.batch, height: settings.patch,
        width: settings.patch, learningRate: rate)
    } catch {
      throw diverged(error.subject, at: step + 1)
    }
    step += 1
    lossCount += 1
    let interval = max(1, steps / Self.pointsOfCurve)
    if step % interval == 0 || step == steps {
      curves.loss.append(.init(step: step, value: lossSum / Double(lossCount)))
      (lossSum, lossCount) = (0, 0)
    }
    if let every, step % every == 0 || step == steps { try select() }
    context.progress(
      Double(step) / Double(steps),
      "step \(step) of \(steps), loss \(fixed(curves.loss.last?.value ?? 0, digits: 3))")
    try saveIfDue()
  }

  private func diverged(_ subject: String, at step: Int) -> StepFailure {
    let rate = settings.learningRate(at: step - 1, of: steps)
    return StepFailure(
      "train.non-finite",
      "the \(subject) is not finite at optimiser step \(step) of \(steps), "
        + "learning rate \(shortestDecimal(rate))",
      hint: "lower `learning_rate`, or add warm-up: `schedule: { cosine: { warmup: 50 } }`")
  }

  /// Looks at the hold-out and keeps the weights if they are better; the earliest best wins.
  private mutating func select() throws {
    let value: Double
    do {
      value = metric == "dice" ? try holdoutDice() : holdoutLoss()
    } catch is NonFinitePrediction {
      throw diverged("prediction of the hold-out", at: step)
    }
    guard value.isFinite else { throw diverged("loss of the hold-out", at: step) }
    curves.validation.append(.init(step: step, value: value))
    let score = metric == "dice" ? value : -value
    if best.map({ score > $0.value }) ?? true {
      best = (score, weights())
      curves.selected = step
    }
  }

  /// The mean Dice of the hold-out's images; images where it is undefined say nothing.
  private func holdoutDice() throws -> Double {
    let prediction = WindowedPrediction(
      network: network, window: settings.patch, stride: settings.patch,
      normalization: normalization)
    let values = try holdout.items.compactMap { item in
      let probabilities = try prediction.probabilities(of: item.image)
      let counts = PixelCounts(
        truth: item.labels.labels.map { $0 != 0 }, prediction: probabilities.map { $0 >= 0.5 })
      return Overlap.dice(counts).value
    }
    return values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
  }

  /// The mean loss of the hold-out's windows.
  private func holdoutLoss() -> Double {
    var sum = 0.0
    var count = 0
    for item in holdout.items {
      let grid = WindowGrid(
        width: item.image.width, height: item.image.height, window: settings.patch,
        stride: settings.patch)
      for position in grid.positions {
        let side = settings.patch
        var images = [Float](repeating: .nan, count: side * side * 3)
        var masks = [Float](repeating: .nan, count: side * side)
        images.withUnsafeMutableBufferPointer {
          PatchSampler.copy(
            item.image, at: position, side: side, normalization: normalization.channels, into: $0)
        }
        masks.withUnsafeMutableBufferPointer {
          PatchSampler.copy(item.labels, at: position, side: side, into: $0)
        }
        sum += network.evaluateLoss(
          images: images, masks: masks, batch: 1, height: side, width: side)
        count += 1
      }
    }
    return sum / Double(max(1, count))
  }

  func finish() throws {
    var curves = curves
    if every == nil { curves.selected = steps }
    try context.write(output: "weights", best?.weights ?? weights())
    try context.write(output: "curves", JSON.encode(curves))
  }

  private func weights() -> [UInt8] {
    Safetensors.encode(network.exportState(), metadata: normalization.metadata)
  }

  /// Goes on from what an interrupted run saved.
  mutating func resume() throws {
    guard let bytes = try context.loadCheckpoint(), let sections = Sections.decode(bytes),
      sections.count == 4, let state = try? JSON.decode(State.self, from: sections[0]),
      let curves = try? JSON.decode(TrainingCurves.self, from: sections[2])
    else { return }
    try network.restore(sections[1])
    self.curves = curves
    step = state.step
    lossSum = Double(bitPattern: state.lossBits)
    lossCount = state.lossCount
    best = state.bestBits.map { (Double(bitPattern: $0), sections[3]) }
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
    lastSave = ContinuousClock.now
    let state = State(
      step: step, lossBits: lossSum.bitPattern, lossCount: lossCount,
      bestBits: best?.value.bitPattern)
    try context.saveCheckpoint(
      Sections.encode([
        JSON.encode(state), network.checkpoint(), JSON.encode(curves), best?.weights ?? [],
      ]))
    if stop { throw StepInterrupted() }
  }
}
