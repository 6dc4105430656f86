/// A label for each pixel of an image; 0 is background.
public struct LabelMap: Hashable, Sendable {
  public var width: Int
  public var height: Int
  /// `[height, width]`, row-major.
  public var labels: [UInt16]

  /// A map with the given labels.
  ///
  /// - Precondition: `labels.count == width * height`.
  public init(width: Int, height: Int, labels: [UInt16]) {
    precondition(labels.count == width * height, "the labels do not fill the map")
    self.width = width
    self.height = height
    self.labels = labels
  }

  /// A map of background.
  public init(width: Int, height: Int) {
    self.init(
      width: width, height: height, labels: [UInt16](repeating: 0, count: width * height))
  }

  /// The label at column x of row y.
  public subscript(x: Int, y: Int) -> UInt16 {
    get { labels[y * width + x] }
    set { labels[y * width + x] = newValue }
  }

  /// The labels in use, ascending, without background.
  public var distinctLabels: [UInt16] {
    var seen = [Bool](repeating: false, count: 1 << 16)
    for label in labels { seen[Int(label)] = true }
    return (1..<seen.count).filter { seen[$0] }.map { UInt16($0) }
  }

  /// How many pixels are not background.
  public var foregroundCount: Int { labels.reduce(0) { $0 + ($1 == 0 ? 0 : 1) } }

  /// 1 where a pixel has any label, 0 elsewhere.
  public var binary: LabelMap {
    LabelMap(width: width, height: height, labels: labels.map { $0 == 0 ? 0 : 1 })
  }

  /// The objects that the map shows, each with a label of its own; `nil` if there are more than 65,535.
  ///
  /// Two or more labels are instance ids and each is one object. A single label is a binary mask,
  /// whose objects are its 8-connected components: the rule by which GlaS numbers its glands.
  public var objects: LabelMap? {
    distinctLabels.count == 1
      ? ConnectedComponents(of: self, connectivity: .eight).labelMap : self
  }

  /// How many objects the map shows, by the rule of `objects`.
  public var objectCount: Int {
    let distinct = distinctLabels.count
    return distinct == 1 ? ConnectedComponents(of: self, connectivity: .eight).count : distinct
  }
}
