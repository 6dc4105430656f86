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

/// A named set of images.
public struct Dataset: Hashable, Sendable {
  public var name: Located<String>
  public var format: Located<DatasetFormat>
  /// Where the files lie, made absolute against the file that says so; `nil` for synthetic sets.
  public var root: Located<Path>?
  /// The column that names the patient, or `patient` where the format knows it; `nil`: each image
  /// is its own group.
  public var group: Located<String>?
  /// The column whose balance the subset draw keeps.
  public var stratify: Located<String>?
  /// The pixel size to resample to on import, in micrometres; `nil` keeps the files' own.
  public var pixelSize: Located<Double>?
  /// The digest that the listing of the files must have.
  public var digest: Located<Digest>?
  /// The layout of an `image-mask-folder` or `image-folder`; `nil` for other formats.
  public var folder: FolderLayout?
  /// How the files are read, where that is a choice.
  public var reading: ReadingOptions
  /// The recipe of a synthetic set; `nil` for other formats.
  public var synthesis: Synthesis?

  public init(
    name: Located<String>, format: Located<DatasetFormat>, root: Located<Path>? = nil,
    group: Located<String>? = nil, stratify: Located<String>? = nil,
    pixelSize: Located<Double>? = nil, digest: Located<Digest>? = nil,
    folder: FolderLayout? = nil, reading: ReadingOptions = ReadingOptions(),
    synthesis: Synthesis? = nil
  ) {
    self.name = name
    self.format = format
    self.root = root
    self.group = group
    self.stratify = stratify
    self.pixelSize = pixelSize
    self.digest = digest
    self.folder = folder
    self.reading = reading
    self.synthesis = synthesis
  }
}

/// Where a folder dataset keeps images, masks and the table of its samples, relative to its root.
public struct FolderLayout: Hashable, Sendable {
  /// Default `images`; `.` for an `image-folder`.
  public var images: Located<String>
  /// Default `masks`.
  public var masks: Located<String>
  /// A CSV with a `stem` (or `name`) column, a `split` column, and any others; `nil`: all is `train`.
  public var table: Located<String>?
  /// The pixel size of the files in micrometres, needed to resample.
  public var filePixelSize: Located<Double>?

  public init(
    images: Located<String>, masks: Located<String>, table: Located<String>?,
    filePixelSize: Located<Double>?
  ) {
    self.images = images
    self.masks = masks
    self.table = table
    self.filePixelSize = filePixelSize
  }
}

/// How a dataset's files are read, where that is a choice.
///
/// What is absent is in no identity, so that studies written before an option existed keep theirs.
public struct ReadingOptions: Hashable, Sendable {
  /// The pixel size of a published format's files in micrometres, against what the format says.
  public var filePixelSize: Located<Double>?
  /// A CSV of the splits of a published format that fixes none.
  public var table: Located<String>?
  /// The table's column that names the split; `nil`: `split`.
  public var splitColumn: Located<String>?
  /// What an image or a patient in two splits means; `nil` is `warn`.
  public var leakage: Located<Leakage>?
  /// What the values of a folder's masks mean; `nil` is `any`.
  public var mask: Located<MaskKind>?
  /// The names of the classes 1, 2, ... of masks whose values are classes.
  public var classes: [Located<String>]
  /// Which of CoNSeP's classes are told apart; `nil` is `merged`.
  public var classMerge: Located<ClassMerge>?

  public init(
    filePixelSize: Located<Double>? = nil, table: Located<String>? = nil,
    splitColumn: Located<String>? = nil, leakage: Located<Leakage>? = nil,
    mask: Located<MaskKind>? = nil, classes: [Located<String>] = [],
    classMerge: Located<ClassMerge>? = nil
  ) {
    self.filePixelSize = filePixelSize
    self.table = table
    self.splitColumn = splitColumn
    self.leakage = leakage
    self.mask = mask
    self.classes = classes
    self.classMerge = classMerge
  }
}

/// The recipe of a synthetic dataset; equal recipes give equal bytes.
public struct Synthesis: Hashable, Sendable {
  /// One split and how many images it holds.
  public struct Split: Hashable, Sendable {
    public var name: Located<String>
    public var count: Located<Int>
    public init(name: Located<String>, count: Located<Int>) {
      self.name = name
      self.count = count
    }
  }
  /// In the manifest's order.
  public var splits: [Split]
  /// The side of each square image in pixels.
  public var size: Located<Int>
  /// What is drawn depends on this seed; the scanner does not enter it.
  public var seed: Located<Int>
  /// 0 is the reference scanner; others shift stain, brightness, blur and noise.
  public var scanner: Located<Int>
  /// How many images one synthetic patient contributes.
  public var imagesPerPatient: Located<Int>

  public init(
    splits: [Split], size: Located<Int>, seed: Located<Int>, scanner: Located<Int>,
    imagesPerPatient: Located<Int>
  ) {
    self.splits = splits
    self.size = size
    self.seed = seed
    self.scanner = scanner
    self.imagesPerPatient = imagesPerPatient
  }
}

/// A split of a dataset by name, `glas/testA`.
public struct SplitReference: Hashable, Sendable, CustomStringConvertible {
  public var dataset: String
  public var split: String
  public init(dataset: String, split: String) {
    self.dataset = dataset
    self.split = split
  }
  public var description: String { "\(dataset)/\(split)" }
}

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

/// One task on one training dataset: sizes x initializations x replicates, and its test sets.
public struct Experiment: Hashable, Sendable {
  public var name: Located<String>
  public var task: Located<Task>
  public var model: Model
  /// The split that is trained on; `dataset: glas` means `glas/train`.
  public var dataset: Located<SplitReference>
  public var subsetSizes: [Located<SubsetSize>]
  /// Names of initializations, in the manifest's order.
  public var initializations: [Located<String>]
  public var replicates: Located<Int>
  public var training: Training
  public var selection: Selection
  public var inference: Inference
  /// How predicted masks become objects; `nil` is every 8-connected component as it is.
  public var objects: ObjectOptions?
  public var test: [Located<SplitReference>]
  public var outOfDomain: [Located<SplitReference>]
  public var metrics: [Located<Metric>]

  public init(
    name: Located<String>, task: Located<Task>, model: Model, dataset: Located<SplitReference>,
    subsetSizes: [Located<SubsetSize>], initializations: [Located<String>],
    replicates: Located<Int>, training: Training, selection: Selection, inference: Inference,
    objects: ObjectOptions? = nil, test: [Located<SplitReference>],
    outOfDomain: [Located<SplitReference>],
    metrics: [Located<Metric>]
  ) {
    self.name = name
    self.task = task
    self.model = model
    self.dataset = dataset
    self.subsetSizes = subsetSizes
    self.initializations = initializations
    self.replicates = replicates
    self.training = training
    self.selection = selection
    self.inference = inference
    self.objects = objects
    self.test = test
    self.outOfDomain = outOfDomain
    self.metrics = metrics
  }
}

/// The network: encoder, decoder and a factor on every channel count.
public struct Model: Hashable, Sendable {
  public var encoder: Located<Encoder>
  public var decoder: Located<Decoder>
  /// 1 is the published network; smaller factors give small networks for quick studies.
  public var width: Located<Double>
  /// How many types of nuclei are told apart, background not counted; `nil` leaves that branch out.
  public var types: Located<Int>?

  public init(
    encoder: Located<Encoder>, decoder: Located<Decoder>, width: Located<Double>,
    types: Located<Int>? = nil
  ) {
    self.encoder = encoder
    self.decoder = decoder
    self.width = width
    self.types = types
  }
}

/// How many labelled images train a cell, hold-out included.
public enum SubsetSize: Hashable, Sendable, CustomStringConvertible {
  case count(Int)
  /// A share of the pool, 0 < percent <= 100, rounded half up to at least 1.
  case percent(Double)
  case all

  /// As step ids and reports write it: `8`, `25%`, `all`.
  public var description: String {
    switch self {
    case .count(let n): "\(n)"
    case .percent(let share): shortestDecimal(share) + "%"
    case .all: "all"
    }
  }

  /// The number of images out of a pool.
  public func images(ofPool pool: Int) -> Int {
    switch self {
    case .count(let n): n
    case .percent(let share): max(1, Int((share / 100 * Double(pool) + 0.5).rounded(.down)))
    case .all: pool
    }
  }
}

/// How long and how a network is trained.
public struct Training: Hashable, Sendable {
  /// The side of the square patches in pixels; a multiple of 32.
  public var patch: Located<Int>
  public var batch: Located<Int>
  public var length: Length
  public var optimizer: Optimizer
  public var schedule: Schedule
  public var augmentation: Located<Augmentation>
  public var loss: Located<Loss>
  public var encoder: Located<EncoderTraining>

  /// Steps mean the same work at every size; epochs mean work in proportion to the size.
  public enum Length: Hashable, Sendable {
    case steps(Located<Int>)
    case epochs(Located<Int>)
  }

  public init(
    patch: Located<Int>, batch: Located<Int>, length: Length, optimizer: Optimizer,
    schedule: Schedule, augmentation: Located<Augmentation>, loss: Located<Loss>,
    encoder: Located<EncoderTraining> = Located(.fineTuned)
  ) {
    self.patch = patch
    self.batch = batch
    self.length = length
    self.optimizer = optimizer
    self.schedule = schedule
    self.augmentation = augmentation
    self.loss = loss
    self.encoder = encoder
  }
}

/// Whether the encoder learns. A frozen one keeps weights and batch statistics as they are.
public enum EncoderTraining: Hashable, Sendable {
  case fineTuned
  case frozen
  /// Frozen for the first share of the optimiser steps; then all learns, with a new optimiser and
  /// the schedule from its start.
  case frozenFor(share: Double)
}

/// The update rule and its constants, as PyTorch defines them.
public enum Optimizer: Hashable, Sendable {
  case sgd(
    learningRate: Located<Double>, momentum: Located<Double>, weightDecay: Located<Double>,
    nesterov: Located<Bool>)
  case adam(learningRate: Located<Double>, weightDecay: Located<Double>)
  case adamw(learningRate: Located<Double>, weightDecay: Located<Double>)
}

/// How the learning rate moves over the optimiser steps.
public enum Schedule: Hashable, Sendable {
  case constant
  /// Linear warm-up, then half a cosine down to zero.
  case cosine(warmup: Located<Int>)
  /// Times `factor` after every `every` steps.
  case step(every: Located<Int>, factor: Located<Double>)
}

/// Which checkpoint of a training run is kept.
public enum Selection: Hashable, Sendable {
  /// The last one; every image of the subset is trained on.
  case last
  /// The best on images held out of the subset, looked at every so many steps; the earliest wins.
  case holdout(share: Located<Double>, metric: Located<SelectionMetric>, every: Located<Int>)
}

/// How a map is predicted for an image larger than the window.
public struct Inference: Hashable, Sendable {
  /// The side of the square windows in pixels; a multiple of 32.
  public var window: Located<Int>
  /// The distance between windows, at most the window; overlaps are averaged.
  public var stride: Located<Int>

  public init(window: Located<Int>, stride: Located<Int>) {
    self.window = window
    self.stride = stride
  }
}

/// How a mask becomes objects: 8-connected components, holes filled or not, without the smallest.
public struct ObjectOptions: Hashable, Sendable {
  /// The pixels of the smallest object, its filled holes counted.
  public var minimumSize: Located<Int>
  public var fillsHoles: Located<Bool>

  public init(minimumSize: Located<Int>, fillsHoles: Located<Bool>) {
    self.minimumSize = minimumSize
    self.fillsHoles = fillsHoles
  }
}

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
