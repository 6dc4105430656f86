internal import Execution
internal import Learning

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
