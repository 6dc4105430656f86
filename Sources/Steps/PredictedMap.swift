internal import Archives
internal import Core
internal import Execution
internal import Imaging
internal import Planning
internal import Storage

/// What a step has predicted for an image.
enum PredictedMap {
  /// 1 where it says foreground.
  case mask(LabelMap)
  /// Single objects, numbered from 1.
  case instances(LabelMap)

  /// The map as it is drawn.
  var labels: LabelMap {
    switch self {
    case .mask(let map), .instances(let map): map
    }
  }

  /// The objects: those of a mask by a rule; `nil` if there are more than 65,535.
  func objects(_ rule: ObjectRule) -> LabelMap? {
    switch self {
    case .mask(let map): rule.objects(of: Mask(map))
    case .instances(let map): map
    }
  }
}

/// The predictions of one step, image by image.
struct Predictions {
  private let files: Tree
  private let read: (Digest) throws -> [UInt8]

  /// - Parameters:
  ///   - tree: The bytes of the output `predictions`.
  ///   - read: Returns the bytes of an object that the tree names.
  init(_ tree: [UInt8], read: @escaping (Digest) throws -> [UInt8]) throws {
    files = try Tree(decoding: tree)
    self.read = read
  }

  /// The prediction for a sample, masks and instances told apart by their elements.
  func map(of sample: SplitIndex.Sample) throws -> PredictedMap {
    let file = try read(digest(sample, "npy"))
    let array = try NPY.decode(file)
    if array.element == NPY.Element(.unsigned, size: 2) {
      return .instances(
        LabelMap(width: sample.width, height: sample.height, labels: try NPY.words(of: file)))
    }
    return .mask(
      QuantizedProbability.foreground(
        try NPY.bytes(of: file), width: sample.width, height: sample.height))
  }

  /// Whether the network told types apart.
  func hasTypes(of sample: SplitIndex.Sample) -> Bool {
    files["\(sample.id).\(Self.typesSuffix)"] != nil
  }

  /// The type of each predicted object of a sample, by its number.
  func types(of sample: SplitIndex.Sample) throws -> [Int] {
    try NPY.bytes(of: read(digest(sample, Self.typesSuffix))).map(Int.init)
  }

  private static let typesSuffix = "types.npy"

  private func digest(_ sample: SplitIndex.Sample, _ suffix: String) throws -> Digest {
    guard let entry = files["\(sample.id).\(suffix)"] else {
      throw StepFailure("measure.no-prediction", "image \(sample.id) has no prediction")
    }
    return entry.digest
  }
}

extension StepContext {
  /// What the predicting step behind the input `predictions` gave.
  func predictions() throws -> Predictions {
    try Predictions(read(input: "predictions"), read: read(object:))
  }
}

extension ObjectRule {
  /// The study's rule as a measuring step has it; without one, every 8-connected component is an
  /// object as it is.
  init(_ parameters: [String: CanonicalValue]) {
    self.init(
      holes: parameters["objects.fill_holes"]?.bool == true ? .filled : .kept,
      minimumSize: parameters["objects.minimum_size"]?.integer ?? 1)
  }
}
