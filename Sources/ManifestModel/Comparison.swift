public import Core

/// One paired question: does the candidate beat the baseline, at which sizes.
public struct Comparison: Hashable, Sendable {
  public var experiment: Located<String>
  public var candidate: Located<String>
  public var baseline: Located<String>
  public var metric: Located<Metric>
  public var alpha: Located<Double>
  public var correction: Located<Correction>
  public var family: Located<Family>
  /// Differences inside plus or minus this margin count as equality, if its test passes.
  public var equivalenceMargin: Located<Double>?
  /// Where the comparison starts in the manifest.
  public var location: SourceLocation? { experiment.location }

  public init(
    experiment: Located<String>, candidate: Located<String>, baseline: Located<String>,
    metric: Located<Metric>, alpha: Located<Double>, correction: Located<Correction>,
    family: Located<Family>, equivalenceMargin: Located<Double>?
  ) {
    self.experiment = experiment
    self.candidate = candidate
    self.baseline = baseline
    self.metric = metric
    self.alpha = alpha
    self.correction = correction
    self.family = family
    self.equivalenceMargin = equivalenceMargin
  }
}
