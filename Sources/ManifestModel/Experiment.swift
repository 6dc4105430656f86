public import Core

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
