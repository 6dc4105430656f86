public import Core

/// What one manifest declares, valid and with every default written out.
///
/// A default's place is the place of the block it was filled into, so that every value can be traced
/// to a line of the manifest.
public struct Study: Hashable, Sendable {
  public var name: Located<String>
  public var question: Located<String>?
  public var seed: Located<Int>
  public var datasets: [Dataset]
  public var initializations: [Initialization]
  public var experiments: [Experiment]
  public var comparisons: [Comparison]
  public var results: ResultOptions
  /// What garbage collection keeps; all of it unless the manifest says less.
  public var keep: [Keepable]

  public init(
    name: Located<String>, question: Located<String>?, seed: Located<Int>, datasets: [Dataset],
    initializations: [Initialization], experiments: [Experiment], comparisons: [Comparison],
    results: ResultOptions, keep: [Keepable]
  ) {
    self.name = name
    self.question = question
    self.seed = seed
    self.datasets = datasets
    self.initializations = initializations
    self.experiments = experiments
    self.comparisons = comparisons
    self.results = results
    self.keep = keep
  }
}

/// What the committed results show.
public struct ResultOptions: Hashable, Sendable {
  public var imageIds: Located<ImageIds>
  /// Whether the report shows images; off where pixels must not be published.
  public var overlays: Located<Bool>

  public init(imageIds: Located<ImageIds>, overlays: Located<Bool>) {
    self.imageIds = imageIds
    self.overlays = overlays
  }
}
