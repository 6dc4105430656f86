internal import Core
internal import Execution
internal import Imaging
internal import Planning
internal import Storage

/// Draws true and predicted contours over the first images of a test set.
///
/// The first in order of id: chosen before anyone has looked.
struct OverlayRunner: StepRunner {
  /// Images with a shorter side are shown twice as large, so that contours do not hide them.
  private static let smallSide = 256

  func run(_ context: StepContext) throws {
    let predictions = try context.predictions()
    let samples = try context.split(input: "split").samples.prefix(context.integer("images"))
    let entries = try samples.map { sample in
      let factor = min(sample.width, sample.height) < Self.smallSide ? 2.0 : 1.0
      let picture = Overlay.render(
        image: try context.image(of: sample).resampled(by: factor),
        truth: try context.labels(of: sample).resampled(by: factor),
        prediction: try predictions.map(of: sample).labels
          .resampled(by: factor))
      return try context.store("\(sample.id).png", PNG.encode(picture))
    }
    try context.write(output: "overlays", Tree(entries).encoded)
  }
}
