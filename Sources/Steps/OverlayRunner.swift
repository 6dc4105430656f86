internal import Core
internal import Execution
internal import Imaging
internal import ManifestModel
internal import Planning
internal import Storage

/// Draws true and predicted contours over the worst, the median and the best image of a test set.
struct OverlayRunner: StepRunner {
  /// Images with a shorter side are shown twice as large, so that contours do not hide them.
  private static let smallSide = 256

  func run(_ context: StepContext) throws {
    let predictions = try context.predictions()
    let samples = try context.split(input: "split").samples
    let values = try context.action.inputs["values"].map {
      try JSON.decode(MeasuredValues.self, from: context.read(object: $0))
    }
    let choice = OverlayChoice(of: samples.map(\.id), by: values)
    let entries = try choice.images.map { chosen in
      let sample = samples.first { $0.id == chosen.image }!
      let factor = min(sample.width, sample.height) < Self.smallSide ? 2.0 : 1.0
      let picture = Overlay.render(
        image: try context.image(of: sample).resampled(by: factor),
        truth: try context.labels(of: sample).resampled(by: factor),
        prediction: try predictions.map(of: sample).labels.resampled(by: factor))
      return try context.store("\(sample.id).png", PNG.encode(picture))
    }
    try context.write(output: "overlays", Tree(entries).encoded)
    try context.write(output: "choice", JSON.encode(choice))
  }
}

extension OverlayChoice {
  /// How many images are drawn where no metric tells them apart.
  private static let fallback = 3

  /// The worst, the median and the best of the images on which a metric is defined; of two middle ones
  /// the median is the worse, and of equal ones the first by id goes first.
  ///
  /// Where no image has a value these are the first by id: chosen before anyone has looked.
  ///
  /// - Parameter values: Of a metric of single images; `nil` if none is measured.
  init(of ids: [String], by values: MeasuredValues?) {
    let isLowerBetter = values.map { Metric(fullName: $0.metric)!.isLowerBetter } ?? false
    let ranked = (values?.values ?? []).compactMap { value in
      value.value.map { Image(image: value.image, value: $0) }
    }.sorted { a, b in
      let (x, y) = (a.value!, b.value!)
      guard x == y else { return isLowerBetter ? x > y : x < y }
      return a.image.utf8.lexicographicallyPrecedes(b.image.utf8)
    }
    let places: [(place: Int, role: Role)] =
      switch ranked.count {
      case 0: []
      case 1: [(0, .only)]
      case 2: [(0, .worst), (1, .best)]
      case let count: [(0, .worst), ((count - 1) / 2, .median), (count - 1, .best)]
      }
    self.init(
      metric: values?.metric, measured: ranked.count,
      images: ranked.isEmpty
        ? ids.prefix(Self.fallback).map { Image(image: $0) }
        : places.map {
          Image(image: ranked[$0.place].image, role: $0.role, value: ranked[$0.place].value)
        })
  }
}
