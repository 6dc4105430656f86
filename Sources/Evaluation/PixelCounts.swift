/// How the pixels of a prediction agree with the truth, foreground against background.
public struct PixelCounts: Hashable, Sendable {
  public var truePositives: Int
  public var falsePositives: Int
  public var falseNegatives: Int
  public var trueNegatives: Int

  public init(
    truePositives: Int = 0, falsePositives: Int = 0, falseNegatives: Int = 0,
    trueNegatives: Int = 0
  ) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.falseNegatives = falseNegatives
    self.trueNegatives = trueNegatives
  }

  /// Counts two flags for each pixel, `true` being foreground, in the same pixel order.
  ///
  /// - Precondition: Both have one flag for each pixel.
  public init(truth: [Bool], prediction: [Bool]) {
    precondition(truth.count == prediction.count, "truth and prediction differ in size")
    self.init()
    for (isTrue, isPredicted) in zip(truth, prediction) { add(isTrue, isPredicted) }
  }

  /// Counts label maps: every label but 0 is foreground, whichever object it names.
  ///
  /// - Precondition: Both have one label for each pixel.
  public init<Label: BinaryInteger>(truth: [Label], prediction: [Label]) {
    precondition(truth.count == prediction.count, "truth and prediction differ in size")
    self.init()
    for (label, predicted) in zip(truth, prediction) { add(label != 0, predicted != 0) }
  }

  /// The counts of two sets of pixels together; the pooled metrics are taken over such sums.
  public static func + (a: PixelCounts, b: PixelCounts) -> PixelCounts {
    PixelCounts(
      truePositives: a.truePositives + b.truePositives,
      falsePositives: a.falsePositives + b.falsePositives,
      falseNegatives: a.falseNegatives + b.falseNegatives,
      trueNegatives: a.trueNegatives + b.trueNegatives)
  }

  /// The counts of all images of a test set together.
  public static func pooled(_ images: [PixelCounts]) -> PixelCounts {
    images.reduce(PixelCounts(), +)
  }

  private mutating func add(_ isTrue: Bool, _ isPredicted: Bool) {
    switch (isTrue, isPredicted) {
    case (true, true): truePositives += 1
    case (false, true): falsePositives += 1
    case (true, false): falseNegatives += 1
    case (false, false): trueNegatives += 1
    }
  }
}
