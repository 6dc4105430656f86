internal import Archives
internal import Core
internal import Execution
internal import Imaging
internal import Learning
internal import Networks
internal import Planning
internal import Pretraining

/// Pretrains an encoder with Barlow Twins on unlabelled images.
struct PretrainRunner: StepRunner {
  func run(_ context: StepContext) throws {
    var session = try PretrainingSession(context)
    do {
      try session.resume()
    } catch is MalformedCheckpoint {
      session = try PretrainingSession(context)
    }
    while session.step < session.steps { try session.advance() }
    try session.finish()
  }
}

private struct PretrainingSession {
  let context: StepContext
  let settings: TrainingSettings
  let learner: BarlowTwins
  let images: [RGBImage]
  let pipeline: ViewPipeline
  let normalization: Normalization
  let steps: Int

  private(set) var step = 0
  private var curves = TrainingCurves(loss: [], validation: [], metric: nil, selected: 0, last: 0)
  private var lossSum = 0.0
  private var lossCount = 0
  private var lastSave = ContinuousClock.now

  private static let saveInterval = Duration.seconds(20)

  init(_ context: StepContext) throws {
    self.context = context
    settings = TrainingSettings(context)
    normalization = Normalization(context)
    images = try context.split(input: "images").samples.map { try context.image(of: $0) }
    steps = TrainingSettings.steps(context, images: images.count)
    learner = BarlowTwins(
      encoder: context.encoder, width: settings.width, projection: context.integer("projector"),
      lambda: context.number("redundancy_weight"), optimiser: settings.rule,
      seed: context.action.seed, threads: context.threads)
    pipeline = ViewPipeline(
      kind: context.text("augmentation") == "pathology" ? .pathology : .natural,
      normalization: normalization.channels)
    curves.last = steps
    curves.selected = steps
  }

  mutating func advance() throws {
    let side = settings.patch
    let count = settings.batch * side * side * 3
    var first = [Float](repeating: .nan, count: count)
    var second = [Float](repeating: .nan, count: count)
    for slot in 0..<settings.batch {
      var stream = RandomStream(
        seed: context.action.seed, purpose: "view", UInt64(step), UInt64(slot))
      let image = images[stream.index(below: images.count)]
      first.withSlot(slot, of: side * side * 3) {
        pipeline.view(of: image, side: side, stream: &stream, into: $0)
      }
      second.withSlot(slot, of: side * side * 3) {
        pipeline.view(of: image, side: side, stream: &stream, into: $0)
      }
    }
    let rate = settings.learningRate(at: step, of: steps)
    do throws(NonFinite) {
      lossSum += try learner.step(
        viewA: first, viewB: second, batch: settings.batch, side: side, learningRate: rate)
    } catch {
      throw StepFailure(
        "pretrain.non-finite",
        "the \(error.subject) is not finite at optimiser step \(step + 1) of \(steps), "
          + "learning rate \(shortestDecimal(rate))",
        hint: "lower `learning_rate`, or add warm-up")
    }
    step += 1
    lossCount += 1
    if step % max(1, steps / 50) == 0 || step == steps {
      let loss = lossSum / Double(lossCount)
      curves.loss.append(.init(step: step, value: loss))
      context.note("\(place): loss \(fixed(loss, digits: 4))")
      (lossSum, lossCount) = (0, 0)
    }
    context.progress(
      Double(step) / Double(steps),
      "\(place), loss \(fixed(curves.loss.last?.value ?? 0, digits: 2))")
    try saveIfDue()
  }

  private var place: String { "step \(step) of \(steps)" }

  func finish() throws {
    let encoder = learner.exportEncoder()
    try context.write(
      output: "encoder", Safetensors.encode(encoder, metadata: normalization.metadata))
    try context.write(
      output: "report",
      JSON.encode(EncoderLoad(matched: encoder.count, missing: [], unexpected: [], share: 1)))
    try context.write(output: "curves", JSON.encode(curves))
  }

  mutating func resume() throws {
    guard let bytes = try context.loadCheckpoint(), let sections = Sections.decode(bytes),
      sections.count == 3, let state = try? JSON.decode(State.self, from: sections[0]),
      let curves = try? JSON.decode(TrainingCurves.self, from: sections[2])
    else { return }
    try learner.restore(sections[1])
    self.curves = curves
    step = state.step
    lossSum = Double(bitPattern: state.lossBits)
    lossCount = state.lossCount
    context.note("goes on from \(place)")
  }

  /// The sum as bits: a resumed run must not differ by a rounding.
  private struct State: Codable {
    var step: Int
    var lossBits: UInt64
    var lossCount: Int
  }

  private mutating func saveIfDue() throws {
    let stop = context.shouldStop
    guard stop || ContinuousClock.now - lastSave > Self.saveInterval, step < steps else { return }
    lastSave = ContinuousClock.now
    try context.saveCheckpoint(
      Sections.encode([
        JSON.encode(
          State(step: step, lossBits: lossSum.bitPattern, lossCount: lossCount)),
        learner.checkpoint(), JSON.encode(curves),
      ]))
    if stop { throw StepInterrupted() }
  }
}
