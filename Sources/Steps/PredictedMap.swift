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

extension StepContext {
  /// The prediction for a sample, masks and instances told apart by their elements.
  func prediction(
    for sample: SplitIndex.Sample, in predictions: Tree
  ) throws -> PredictedMap {
    let file = try read(object: predicted(sample, "npy", in: predictions))
    let array = try NPY.decode(file)
    if array.element == NPY.Element(.unsigned, size: 2) {
      return .instances(
        LabelMap(width: sample.width, height: sample.height, labels: try NPY.words(of: file)))
    }
    return .mask(
      QuantizedProbability.foreground(
        try NPY.bytes(of: file), width: sample.width, height: sample.height))
  }

  /// The type of each predicted object of a sample, by its number.
  func predictedTypes(for sample: SplitIndex.Sample, in predictions: Tree) throws -> [Int] {
    try NPY.bytes(of: read(object: predicted(sample, "types.npy", in: predictions))).map(Int.init)
  }

  private func predicted(
    _ sample: SplitIndex.Sample, _ suffix: String, in predictions: Tree
  ) throws -> Digest {
    guard let entry = predictions["\(sample.id).\(suffix)"] else {
      throw StepFailure("measure.no-prediction", "image \(sample.id) has no prediction")
    }
    return entry.digest
  }
}
