/// PQ over classes of nuclei, by the rules of the two data sets that report it.
///
/// Matches are made within a class: an object found with the wrong class is missed in its own and
/// surplus in the other.
public enum MultiClassPanopticQuality {
  /// The counts of one image, by class.
  ///
  /// - Parameters:
  ///   - truth: The class of each true object by its label, in `0 ..< classes`; others are left out.
  ///   - prediction: That of each predicted object.
  /// - Complexity: O(*objects* + *pairs*): no map is taken apart by class.
  public static func counts(
    of table: OverlapTable, truth: [UInt16: Int], prediction: [UInt16: Int], classes: Int
  ) -> [PanopticQuality] {
    let trueClasses = table.truth.labels.map { truth[$0] }
    let predictedClasses = table.prediction.labels.map { prediction[$0] }
    var counts = [PanopticQuality](repeating: PanopticQuality(), count: classes)
    for case let kind? in trueClasses where 0..<classes ~= kind { counts[kind].falseNegatives += 1 }
    for case let kind? in predictedClasses where 0..<classes ~= kind {
      counts[kind].falsePositives += 1
    }
    for pair in table.pairs where 2 * pair.shared > table.union(pair) {
      guard let kind = trueClasses[pair.truth], 0..<classes ~= kind,
        predictedClasses[pair.prediction] == kind
      else { continue }
      counts[kind].truePositives += 1
      counts[kind].falseNegatives -= 1
      counts[kind].falsePositives -= 1
      counts[kind].iouSum += table.iou(pair)
    }
    return counts
  }

  /// One image of PanNuke.
  public struct TissueImage: Hashable, Sendable {
    /// The organ.
    public var tissue: String
    /// By class, in the same order for every image.
    public var classes: [PanopticQuality]

    public init(tissue: String, classes: [PanopticQuality]) {
      self.tissue = tissue
      self.classes = classes
    }

    /// The mean PQ of the classes that the truth has; what is predicted of others is ignored.
    public var meanQuality: MetricValue {
      let defined = classes.filter { $0.truePositives + $0.falseNegatives > 0 }
      guard !defined.isEmpty else { return .undefined("the truth has no object of any class") }
      return MetricValue.mean(of: defined.map { $0.quality() }).mean
    }
  }

  /// mPQ of PanNuke: the mean over tissues of the mean over images of the mean over classes.
  ///
  /// An image without true objects is undefined and left out (Gamper et al. 2020,
  /// `PanNuke-metrics/run.py`), an image whose prediction is empty is 0.
  ///
  /// - Returns: The value, the defined value of each tissue, by name, and how many images are defined.
  public static func pannuke(
    _ images: [TissueImage]
  ) -> (quality: MetricValue, tissues: [(name: String, quality: MetricValue)], defined: Int) {
    let groups = Dictionary(grouping: images, by: \.tissue)
    let tissues = groups.keys.sorted().map { name in
      (name: name, quality: MetricValue.mean(of: groups[name]!.map(\.meanQuality)).mean)
    }
    return (
      MetricValue.mean(of: tissues.map(\.quality)).mean, tissues,
      images.count { $0.meanQuality.value != nil }
    )
  }

  /// mPQ+ of CoNIC: counts pooled over all images within a class, then the mean PQ of the classes.
  ///
  /// A class that neither side has is undefined and left out (Graham et al. 2021,
  /// `CoNIC/metrics/stats_utils.py`).
  ///
  /// - Parameter images: For each image, its classes in the same order.
  /// - Returns: The value, and that of each class.
  public static func conic(
    _ images: [[PanopticQuality]]
  ) -> (quality: MetricValue, classes: [MetricValue]) {
    precondition(
      images.allSatisfy { $0.count == images[0].count }, "the images differ in their classes")
    let classes = (0..<(images.first?.count ?? 0)).map { index in
      PanopticQuality.pooled(images.map { $0[index] }).quality()
    }
    guard classes.contains(where: { $0.value != nil }) else {
      return (.undefined("neither side has an object of any class"), classes)
    }
    return (MetricValue.mean(of: classes).mean, classes)
  }
}
