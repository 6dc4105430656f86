public import Core
public import Evaluation

/// Everything that the results of a study show, as plain values; renderers add nothing to it.
///
/// Lists may come in any order unless they say otherwise: tables sort what they write. Names come
/// from manifests and file names and are escaped by the renderers.
public struct StudyReport: Hashable, Sendable {
  public var study: String
  public var question: String?
  /// Over the canonical study without positions.
  public var studyDigest: Digest
  public var seed: Int
  /// In the manifest's order.
  public var experiments: [ExperimentSummary] = []
  public var measurements: [Measurement] = []
  /// In the manifest's order; the first is the one that the page answers first.
  public var comparisons: [ComparisonRow] = []
  public var curves: [TrainingCurve] = []
  public var pretraining: [PretrainingCurve] = []
  public var loads: [LoadReport] = []
  public var datasets: [DatasetRow] = []
  public var overlays: [Overlay] = []
  /// One row per step, in the plan's order.
  public var provenance: [ProvenanceRow] = []
  public var numericsID: String = ""
  /// What a reader must know before believing the answer: leakage, damage, designs that cannot reject.
  public var warnings: [String] = []
  /// What a reader should know besides.
  public var notes: [String] = []
  /// Whether images are shown by the first 12 digits of a digest of their ids; rows carry plain ids.
  public var hashesImageIDs = false

  public init(study: String, question: String?, studyDigest: Digest, seed: Int) {
    self.study = study
    self.question = question
    self.studyDigest = studyDigest
    self.seed = seed
  }

  /// An image's id as results show it; `*` stands for all images of a test set.
  func shown(image: String) -> String {
    guard hashesImageIDs, image != Measurement.allImages else { return image }
    return String(SHA256.digest(of: Array(image.utf8)).hex.prefix(12))
  }
}

/// What one experiment trains and tests.
public struct ExperimentSummary: Hashable, Sendable {
  /// A training-subset size, as the manifest writes it and as the number of images it means.
  public struct Size: Hashable, Sendable {
    public var label: String
    public var images: Int

    public init(label: String, images: Int) {
      self.label = label
      self.images = images
    }
  }

  /// A split that is only tested on.
  public struct TestSet: Hashable, Sendable {
    public var name: String
    public var inDomain: Bool

    public init(name: String, inDomain: Bool) {
      self.name = name
      self.inDomain = inDomain
    }
  }

  public var name: String
  public var task: String
  /// One phrase: encoder, decoder, width.
  public var model: String
  /// One phrase: patch, batch, length, optimizer, schedule, augmentation, loss, selection.
  public var training: String
  /// The split that is trained on, `glas/train`.
  public var dataset: String
  public var sizes: [Size]
  /// In the manifest's order, which fixes colours and marker shapes.
  public var initializations: [String]
  public var replicates: Int
  public var testSets: [TestSet]
  /// Full names with variant and version.
  public var metrics: [String]

  public init(
    name: String, task: String, model: String, training: String, dataset: String, sizes: [Size],
    initializations: [String], replicates: Int, testSets: [TestSet], metrics: [String]
  ) {
    self.name = name
    self.task = task
    self.model = model
    self.training = training
    self.dataset = dataset
    self.sizes = sizes
    self.initializations = initializations
    self.replicates = replicates
    self.testSets = testSets
    self.metrics = metrics
  }
}

/// One value of one metric on one image of one test set for one trained cell.
public struct Measurement: Hashable, Sendable {
  /// The image id of a metric that has one value for the whole test set.
  public static let allImages = "*"

  public var experiment: String
  public var size: String
  /// The number of labelled images that the size means.
  public var images: Int
  public var initialization: String
  public var replicate: Int
  public var testSet: String
  /// The full name with variant and version.
  public var metric: String
  /// An id, or `allImages`.
  public var image: String
  public var patient: String
  /// `nil` where the metric is undefined.
  public var value: Double?
  /// Why there is no value.
  public var reason: String?

  public init(
    experiment: String, size: String, images: Int, initialization: String, replicate: Int,
    testSet: String, metric: String, image: String, patient: String, value: Double?,
    reason: String? = nil
  ) {
    self.experiment = experiment
    self.size = size
    self.images = images
    self.initialization = initialization
    self.replicate = replicate
    self.testSet = testSet
    self.metric = metric
    self.image = image
    self.patient = patient
    self.value = value
    self.reason = reason
  }
}

/// One paired comparison on one test set.
public struct ComparisonRow: Hashable, Sendable {
  public var experiment: String
  public var candidate: String
  public var baseline: String
  /// The full name with variant and version.
  public var metric: String
  public var testSet: String
  public var inDomain: Bool
  /// What was corrected together, in words or as an id: `gland/pathology-imagenet/dice/glas/testA`.
  public var family: String
  public var result: ComparisonResult

  public init(
    experiment: String, candidate: String, baseline: String, metric: String, testSet: String,
    inDomain: Bool, family: String, result: ComparisonResult
  ) {
    self.experiment = experiment
    self.candidate = candidate
    self.baseline = baseline
    self.metric = metric
    self.testSet = testSet
    self.inDomain = inDomain
    self.family = family
    self.result = result
  }
}
