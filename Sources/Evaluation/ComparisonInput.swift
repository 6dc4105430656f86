/// What one comparison is computed from: two arms measured on the same images, by size.
public struct ComparisonInput: Hashable, Sendable {
  /// The training-subset sizes, in any order.
  public var sizes: [SizeInput]
  /// An adjusted p under this is called significant.
  public var alpha: Double
  public var correction: MultiplicityCorrection
  /// Differences inside plus or minus this margin may be called equality, if its test passes.
  public var equivalenceMargin: Double?
  /// For assignments of signs beyond 20 replicates, and the bootstrap.
  public var seed: UInt64

  public init(
    sizes: [SizeInput], alpha: Double, correction: MultiplicityCorrection,
    equivalenceMargin: Double? = nil, seed: UInt64
  ) {
    self.sizes = sizes
    self.alpha = alpha
    self.correction = correction
    self.equivalenceMargin = equivalenceMargin
    self.seed = seed
  }
}

/// The replicates of one training-subset size.
public struct SizeInput: Hashable, Sendable {
  /// As the manifest writes it: `8`, `25%`, `all`.
  public var label: String
  /// The number of labelled images that the label means.
  public var images: Int
  public var pairs: [ReplicatePair]

  public init(label: String, images: Int, pairs: [ReplicatePair]) {
    self.label = label
    self.images = images
    self.pairs = pairs
  }
}

/// One replicate measured in both arms on the same test set.
public struct ReplicatePair: Hashable, Sendable {
  public var replicate: Int
  public var candidate: [ImageValue]
  public var baseline: [ImageValue]

  public init(replicate: Int, candidate: [ImageValue], baseline: [ImageValue]) {
    self.replicate = replicate
    self.candidate = candidate
    self.baseline = baseline
  }
}

/// A metric on one image; pooled metrics have the one image `*`.
public struct ImageValue: Hashable, Sendable {
  public var image: String
  public var patient: String
  /// `nil` where the metric is undefined.
  public var value: Double?

  public init(image: String, patient: String, value: Double?) {
    self.image = image
    self.patient = patient
    self.value = value
  }
}
