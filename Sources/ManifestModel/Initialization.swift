public import Core

/// A named way to fill the encoder before training.
public struct Initialization: Hashable, Sendable {
  public var name: Located<String>
  public var source: Source

  public enum Source: Hashable, Sendable {
    /// Drawn by the stated scheme; the normalisation applies to the images.
    case random(normalization: Located<NormalizationName>)
    case weights(Weights)
    case pretrain(Pretraining)
  }

  public init(name: Located<String>, source: Source) {
    self.name = name
    self.source = source
  }
}

/// A published weight file.
public struct Weights: Hashable, Sendable {
  /// Where the file lies, made absolute against the manifest that says so.
  public var path: Located<Path>
  /// The leading hexadecimal digits of the file's SHA-256, 8 to 64 of them.
  public var sha256: Located<String>?
  public var normalization: Located<NormalizationName>

  public init(
    path: Located<Path>, sha256: Located<String>?, normalization: Located<NormalizationName>
  ) {
    self.path = path
    self.sha256 = sha256
    self.normalization = normalization
  }
}

/// Self-supervised pretraining of the encoder on unlabelled images.
public struct Pretraining: Hashable, Sendable {
  public var method: Located<PretrainingMethod>
  /// Defaults to the dataset's `train` split.
  public var dataset: Located<SplitReference>
  public var augmentation: Located<ViewAugmentation>
  public var normalization: Located<NormalizationName>
  /// Width of the projector's two hidden layers and its output.
  public var projector: Located<Int>
  /// Weight of the off-diagonal terms of Barlow Twins.
  public var redundancyWeight: Located<Double>
  public var training: Training

  public init(
    method: Located<PretrainingMethod>, dataset: Located<SplitReference>,
    augmentation: Located<ViewAugmentation>, normalization: Located<NormalizationName>,
    projector: Located<Int>, redundancyWeight: Located<Double>, training: Training
  ) {
    self.method = method
    self.dataset = dataset
    self.augmentation = augmentation
    self.normalization = normalization
    self.projector = projector
    self.redundancyWeight = redundancyWeight
    self.training = training
  }
}
